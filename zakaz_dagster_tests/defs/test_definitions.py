"""The definitions as Dagster loads them: in a fresh interpreter, with an empty environment, complete and consistent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.warehouse.sql_files import load

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def definitions():
    return build_definitions()


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


# Each costs a run between 20 and 300 ms before it has done anything; whoever needs one imports it when it is needed.
HEAVY = {
    "alembic", "apprise", "bs4", "clickhouse_connect", "google", "googleapiclient", "httpx", "jinja2", "lxml",
    "numpy", "openpyxl", "pandas", "pyarrow", "rich", "sqlalchemy", "sqlglot", "stamina",
}  # fmt: skip
LOAD = """
import json, sys
from zakaz_dagster.warehouse import lineage_cache
lineage_cache._memory()  # what sql/ says is known, as it is to every run but the first after a change
for name in [each for each in sys.modules if each.startswith(("sqlglot", "zakaz_dagster.")) and each != lineage_cache.__name__]:
    del sys.modules[name]
from zakaz_dagster.definitions import defs
defs = defs()
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([loaded, sorted(key.to_user_string() for key in defs.resolve_all_asset_keys())]))
"""


def test_definitions_load_in_a_fresh_interpreter_with_an_empty_environment_and_without_heavy_libraries():
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", LOAD], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Warning" not in done.stderr  # what everyone would read at every start
    loaded, assets = json.loads(done.stdout.splitlines()[-1])
    assert "fact_qtickets_sales_daily" in assets
    assert not HEAVY & set(loaded)


def test_every_dependency_is_defined(graph):
    missing = {
        (key.to_user_string(), parent.to_user_string())
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if not graph.has(parent)
        or not (graph.get(parent).is_executable or graph.get(parent).tags.get("layer") == "vendor")
    }
    assert not missing


def test_every_table_and_view_of_the_data_is_an_asset_of_the_same_name(graph):
    names = {key.to_user_string() for key in graph.get_all_asset_keys()}
    kept_by_the_platform = {"stg_rejects"} | {name for name in load("tables") if name.startswith("meta_")}
    expected = (set(load("tables")) | set(load("views"))) - kept_by_the_platform
    assert expected <= names, f"no asset: {sorted(expected - names)}"


def test_every_asset_says_what_it_is_who_owns_it_and_what_it_is_made_of(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.kinds, key
        assert node.group_name != "default", key
        if node.is_executable:
            assert node.owners, key
            assert "dagster/column_schema" in node.metadata, key


def test_every_column_that_the_ui_shows_says_what_it_is_or_what_becomes_of_it(graph):
    columns = {
        f"{key.to_user_string()}.{column.name}": column.description
        for key in graph.get_all_asset_keys()
        if (schema := graph.get(key).metadata.get("dagster/column_schema"))
        for column in schema.columns
    }
    assert [name for name, said in columns.items() if not said] == []
    assert columns["vk_ads/statistics.rows.date"] == "→ fact_vk_ads_daily.date"
    assert "→ stg_gmail_messages.message_id" in columns["gmail/messages.id"]


def test_every_loading_step_has_a_pool_and_a_retry_policy(graph):
    for asset in graph.assets_defs:
        if (
            asset.is_executable
            and "warehouse" in asset.required_resource_keys
            and len(asset.required_resource_keys) > 2
        ):
            assert asset.op.pool, asset.op.name
            assert asset.op.retry_policy, asset.op.name


def test_every_source_table_has_a_freshness_policy(graph):
    for key in graph.get_all_asset_keys():
        name = key.to_user_string()
        if name.startswith("stg_qtickets") or name in ("fact_vk_ads_daily", "fact_direct_daily"):
            assert graph.get(key).freshness_policy, name


@pytest.mark.parametrize(("tables", "warn", "fail"), [
    (["stg_qtickets_sales_raw", "dim_events", "fact_qtickets_sales_daily"], {"minutes": 45}, {"hours": 2}),
    (["fact_vk_ads_daily", "fact_direct_daily"], {"hours": 30}, {"days": 2}),  # loaded at midnight: late at six
])  # fmt: skip
def test_policies_have_the_promised_limits(graph, tables, warn, fail):
    for table in tables:
        policy = graph.get(dg.AssetKey(table)).freshness_policy
        assert policy.warn_window.to_timedelta() == timedelta(**warn), table
        assert policy.fail_window.to_timedelta() == timedelta(**fail), table


def test_a_run_without_settings_fails_naming_all_of_them(definitions, monkeypatch):
    for name in ("QTICKETS_TOKEN", "ZAKAZ_PRIVACY_SALT"):
        monkeypatch.delenv(name, raising=False)
    result = definitions.resolve_job_def("qtickets_refresh").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        tags={"dagster/asset_partition_range_start": "2026-11-01", "dagster/asset_partition_range_end": "2026-11-01"},
        raise_on_error=False,
    )
    assert not result.success
    text = " ".join(str(event.event_specific_data) for event in result.all_events)
    assert "QTICKETS_TOKEN is not set" in text
    assert "ZAKAZ_PRIVACY_SALT is not set" in text


def test_a_backfill_of_years_has_time_to_be_written_down_before_it_starts():
    """One event per table and day, a quarter of a second each on a busy disk, counts as starting."""
    monitoring = yaml.safe_load((PROJECT / "dagster.yaml").read_text("utf-8"))["run_monitoring"]
    days, tables = 4 * 365, 3
    assert monitoring["start_timeout_seconds"] >= days * tables / 4
