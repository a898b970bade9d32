"""Every field of the dashboard exists in the real views, and every formula runs there as DataLens would run it."""

from __future__ import annotations

from typing import Any

from zakaz_dagster.datalens import dialects, model, queries, spec
from zakaz_dagster.datalens.remote.wanted import Target, objects
from zakaz_dagster.warehouse.sql_files import load

ALLOWED = ("Date", "DateTime", "String", "Int", "Float")


def test_every_column_is_described_by_the_server_with_a_type_datalens_takes(warehouse: Any):
    dashboard = model.resolve(spec.load(), load("views"))
    for dataset in dashboard.datasets.values():
        rows = warehouse.rows(f"DESCRIBE TABLE {dataset.view}", settings=queries.SETTINGS)
        types = {row["name"]: row["type"] for row in rows}
        columns = [field.name for field in dataset.fields.values() if not field.is_formula]
        assert set(columns) <= set(types), dataset.key
        assert all(any(kind in types[name] for kind in ALLOWED) for name in columns), dataset.key
        nullable = [f.name for f in dataset.fields.values() if f.kind == "dimension" and not f.is_formula]
        strings = [name for name in nullable if "String" in types[name]]
        assert not [name for name in strings if "Nullable" in types[name]], dataset.key


def test_every_formula_runs_on_the_server_and_is_null_over_nothing(warehouse: Any):
    dashboard = model.resolve(spec.load(), load("views"))
    for dataset in dashboard.datasets.values():
        formulas = [field for field in dataset.fields.values() if field.is_formula and field.kind == "measure"]
        for field in formulas:
            sql = f"SELECT {dialects.clickhouse(field.tree)} AS res_0 FROM {dataset.view} AS t1 WHERE 0"  # noqa: S608
            value = warehouse.scalar(sql, settings=queries.SETTINGS)
            assert value is None or field.name in ("status", "light"), (dataset.key, field.name, value)


def test_every_formula_is_written_for_datalens_by_titles_that_exist():
    dashboard = model.resolve(spec.load(), load("views"))
    wanted = {one.key: one for one in objects(dashboard, Target("h", 8443, True, "u", "zakaz"))}
    for dataset in dashboard.datasets.values():
        fields = wanted[f"dataset/{dataset.key}"].content["fields"]
        titles = {field["title"] for field in fields.values()}
        for name, field in fields.items():
            named = {part.split("]")[0] for part in field["formula"].split("[")[1:]}
            assert named <= titles, (dataset.key, name)
