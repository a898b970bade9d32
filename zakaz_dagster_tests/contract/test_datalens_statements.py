"""What DataLens sends, over plain HTTP, as the reader, for every view of the theatre world.

The statements and settings are those DataLens was seen to send: schema browsing first, then charts, which group by
aliases under `join_use_nulls = 1` and `readonly = 2` and take JSONCompact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import ddl, schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.view_contract import check
from zakaz_dagster_tests.contract.raw_http import Reply, send
from zakaz_dagster_tests.contract.roles import USERS, reader_profile, rights_of
from zakaz_dagster_tests.plugins.clickhouse import Endpoint, serving
from zakaz_dagster_tests.sql import theatre
from zakaz_dagster_tests.sql.world import World

VIEWS = load("views")
CHART = {
    "join_use_nulls": 1,
    "send_progress_in_http_headers": 0,
    "readonly": 2,
    "database": "zakaz",
    "default_format": "JSONCompact",
}
BROWSING = {
    "join_use_nulls": 1,
    "send_progress_in_http_headers": 0,
    "output_format_json_quote_denormals": 1,
    "database": "zakaz",
}
INTEGER, REAL, TEXT, DAY, MOMENT = (
    r"U?Int(8|16|32|64)",
    r"Float(32|64)",
    "String",
    "Date",
    r"DateTime\('Europe/Moscow'\)",
)
SHOWN = re.compile(rf"(Nullable|LowCardinality)?\(?({INTEGER}|{REAL}|{TEXT}|{DAY}|{MOMENT})\)?")
MEASURE = re.compile(rf"(Nullable\()?({INTEGER}|{REAL})\)?")
# Keeps the exact money of the facts for other views to add up.
WITH_DECIMALS = {"v_sales_attributed", "v_sales_counted"}
# Where there is no day or moment, none is invented: it stays empty.
EMPTY_DATES = {
    ("v_decisions", "show_date"),
    ("v_decisions_state", "data_day"),
    ("v_show_performance", "show_date"),
    ("v_inventory_latest", "show_date"),
    ("v_data_freshness", "latest_date"),
    ("v_budget_pacing", "data_through"),
    ("v_data_freshness", "covered_until"),
    ("v_sales_days", "api_covered_until"),
    ("v_sales_days", "mail_reported_at"),
    ("v_ops_runs", "finished_at"),
}
RESERVED = {
    "user",
    "order",
    "group",
    "index",
    "end",
    "from",
    "select",
    "where",
    "limit",
    "join",
    "key",
    "table",
    "values",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The theatre's warehouse, open to a user with the reader's rights and profile only."""
    folder = tmp_path_factory.mktemp("datalens")

    def users(name: str, grants: str) -> str:
        path = folder / f"{name}.xml"
        path.write_text(USERS.format(profile=reader_profile(), name=name, grants=grants), "utf-8")
        return f"--users-file={path}"

    with serving(folder / "data", users("default", "<grants><query>GRANT ALL ON *.*</query></grants>")) as endpoint:
        wh = Warehouse.connect(
            WarehouseConfig(port=endpoint.port, password=endpoint.password, views_definer="zakaz_marts_definer")
        )
        schema.apply(wh)
        theatre.fill(World(wh))
        wh.close()
    # The local engine enters a request's database by USE, which wants this right; a server's HTTP interface does not.
    entering = "<query>GRANT SHOW DATABASES ON *.*</query></grants>"
    rights = rights_of("role_reader").replace("</grants>", entering)
    with serving(folder / "data", users("reader", rights)) as endpoint:
        yield endpoint


def asked(reader: Endpoint, sql: str, settings: dict[str, object] = CHART) -> Reply:
    reply = send(reader, sql, headers={"User-Agent": "DataLens"}, **settings)
    assert reply.status == 200, f"{sql}\n{reply.text}"
    return reply


def table(reply: Reply) -> list[list[object]]:
    return json.loads(reply.body)["data"]


def columns(reader: Endpoint, view: str) -> dict[str, str]:
    found = table(asked(reader, f'DESCRIBE TABLE "{view}" FORMAT JSONCompact', BROWSING))
    return {str(name): str(kind) for name, kind, *_ in found}


def test_schema_browsing_shows_the_views_and_nothing_else(reader: Endpoint) -> None:
    assert table(asked(reader, "select 1")) == [[1]]
    assert {name for (name,) in table(asked(reader, "SHOW TABLES FORMAT JSONCompact", BROWSING))} == set(VIEWS)
    listed = "SELECT `database`, `name` from `system`.`tables` WHERE `database` = 'zakaz' FORMAT JSONCompact"
    assert {name for _, name in table(asked(reader, listed, BROWSING))} == set(VIEWS)
    assert table(asked(reader, "select timezone() FORMAT JSONCompact", BROWSING)) == [["Europe/Moscow"]]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_listed_described_and_has_a_sorting_key_row(reader: Endpoint, view: str) -> None:
    assert table(asked(reader, f'EXISTS TABLE "{view}" FORMAT JSONCompact', BROWSING)) == [[1]]
    key = f"SELECT sorting_key FROM tables WHERE name = '{view}' AND database = 'zakaz' FORMAT JSONCompact"
    assert len(table(asked(reader, key, {**BROWSING, "database": "system"}))) == 1
    assert list(columns(reader, view)) == [column.name for column in ddl.parse(VIEWS[view].sql).columns]


@pytest.mark.parametrize("view", VIEWS)
def test_its_columns_have_types_and_names_that_datalens_shows(reader: Endpoint, view: str) -> None:
    for name, kind in columns(reader, view).items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert name not in RESERVED, name
        if view in WITH_DECIMALS and kind == "Decimal(18, 2)":
            continue
        assert SHOWN.fullmatch(kind), (name, kind)
        if not MEASURE.fullmatch(kind):
            assert "Nullable" not in kind or (view, name) in EMPTY_DATES, (name, kind)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("quotes", ['"', "`"])
def test_a_chart_over_every_column_answers_without_nan(reader: Endpoint, view: str, quotes: str) -> None:
    kinds = columns(reader, view)
    measures = [name for name, kind in kinds.items() if MEASURE.fullmatch(kind) or kind.startswith("Decimal")]
    dimensions = [name for name in kinds if name not in measures]
    picked = [f"t1.{quotes}{name}{quotes} AS res_{at}" for at, name in enumerate(dimensions)]
    picked += [f"sum(t1.{quotes}{name}{quotes}) AS res_{at}" for at, name in enumerate(measures, len(dimensions))]
    grouped = ", ".join(f"res_{at}" for at in range(len(dimensions)))
    sql = f"SELECT {', '.join(picked)} FROM zakaz.{view} AS t1"
    sql += f" GROUP BY {grouped} ORDER BY {grouped} DESC" if dimensions else ""
    reply = asked(reader, f"{sql} LIMIT 0, 1000001", {**CHART, "output_format_json_quote_denormals": 1})
    assert not re.search(r'"-?(nan|inf)"|[^"\w](nan|inf)[^"\w]', reply.text)
    assert "1970-01-01" not in reply.text


@pytest.mark.parametrize("view", [name for name, view in VIEWS.items() if "    date Date" in view.sql])
def test_a_period_selector_narrows_every_view_with_a_date(reader: Endpoint, view: str) -> None:
    within = "t1.date BETWEEN toDate('2025-12-01') AND toDate('2025-12-01')"
    chart = f"SELECT t1.date AS res_0, count(*) AS res_1 FROM zakaz.{view} AS t1 WHERE {within} GROUP BY res_0 LIMIT 0, 1001"
    days = {day for day, _ in table(asked(reader, chart))}
    assert days <= {"2025-12-01"}
    assert days or view in ("v_ops_runs", "v_sales_14d")  # nothing ran, and these weeks are not the last ones


def test_a_chart_with_filters_gives_the_hand_computed_figures(reader: Endpoint) -> None:
    chart = """SELECT t1.city AS res_0, sum(t1.spend_rub) AS res_1, sum(t1.net_revenue_rub) AS res_2,
        if(sum(t1.spend_rub) > 0, sum(t1.organiser_income_rub) / sum(t1.spend_rub), NULL) AS res_3
        FROM zakaz.v_romi_kpi AS t1
        WHERE t1.date BETWEEN toDate('2025-12-01') AND toDate('2025-12-31') AND t1.city IN ('томск', 'омск')
        GROUP BY res_0 HAVING res_1 > 0 ORDER BY res_1 DESC LIMIT 0, 1000001"""
    assert table(asked(reader, chart)) == [
        ["томск", 729, 2100, pytest.approx(2100 / 729)],
        ["омск", 336, 1950, pytest.approx(1950 / 336)],
    ]


def test_the_watch_reads_every_view_with_the_readers_rights(reader: Endpoint) -> None:
    config = WarehouseConfig(port=reader.port, user=reader.user, password=reader.password)
    wh = Warehouse.connect(config)
    found = {view: check(wh, view, date(2025, 12, 10), most_ms=60_000) for view in VIEWS}
    assert {view: each.detail for view, each in found.items() if each.status is not Status.OK} == {}
    wh.close()


@pytest.mark.parametrize("name", ["stg_qtickets_sales_raw", "fact_marketing_daily", "dim_settings", "meta_job_runs"])
def test_what_lies_under_the_views_is_refused(reader: Endpoint, name: str) -> None:
    for sql in (f"SELECT * FROM {name}", f"DESCRIBE TABLE {name}", f"SELECT count() FROM merge('zakaz', '^{name}$')"):
        reply = send(reader, sql, **CHART)
        assert reply.status != 200, sql
        assert reply.code in ("497", "636"), reply.text  # access denied; no table of that name to be seen


def test_sqlalchemy_reflects_and_queries_every_view(reader: Endpoint) -> None:
    login = f"{reader.user}:{quote(reader.password)}"
    engine = sa.create_engine(f"clickhousedb://{login}@{reader.host}:{reader.port}/zakaz")
    with engine.connect() as connection:
        for view in VIEWS:
            mirrored = sa.Table(view, sa.MetaData(schema="zakaz"), autoload_with=engine)
            assert [column.name for column in mirrored.columns] == list(columns(reader, view))
            count = sa.select(sa.func.count()).select_from(mirrored)
            assert connection.execute(count).scalar_one() >= 0
        spend = sa.Table("v_marketing_daily", sa.MetaData(schema="zakaz"), autoload_with=engine).c.spend_rub
        assert connection.execute(sa.select(sa.func.sum(spend))).scalar_one() == pytest.approx(1122)
    engine.dispose()
