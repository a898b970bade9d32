"""Every supported ClickHouse that pip has: the whole of sql/, and what loads, rebuilds and repairs really send.

A story of QTickets, advertising, mails and a repair is told on the newest engine; the statements it sent are replayed in
their order on each of the others, and at the end every table holds the same, row for row and version for version. The
oldest is also told the story itself, for what the platform makes of its answers. `make engines` makes the environments;
without one its tests are skipped, but where ENGINES_NEEDED names it.
"""

# ruff: noqa: S608
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.ingest.mails import MailReport, derive_days
from zakaz_dagster.sources.vk_ads import description as vk
from zakaz_dagster.sources.yandex_direct import description as direct
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import build_ledger, checks, drift, grants, healing, run_ledger, schema, server
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_days import replace_days
from zakaz_dagster.warehouse.replace_table import append
from zakaz_dagster.warehouse.side_table import MARK
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import shape
from zakaz_dagster_tests.contract.direct.conftest import source_on as direct_on
from zakaz_dagster_tests.contract.test_warehouse_day import orders
from zakaz_dagster_tests.contract.vk_ads.account import source_on as vk_on
from zakaz_dagster_tests.engines.environments import NEWEST, VERSIONS, python
from zakaz_dagster_tests.engines.in_process import Engine, Sent, hashes, warehouse_on
from zakaz_dagster_tests.plugins.sandbox import TODAY
from zakaz_dagster_tests.sql import theatre
from zakaz_dagster_tests.sql.programme import TOMSK, D, Programme, curve
from zakaz_dagster_tests.sql.world import World
from zakaz_dagster_tests.story.qtickets_account import Account

FIRST, LAST = TODAY - timedelta(days=3), TODAY - timedelta(days=1)
ORDERS = "stg_qtickets_orders_raw"
Told = tuple[Warehouse, Engine]
NOW = datetime(2026, 11, 22, 12, tzinfo=MOSCOW)


def story(wh: Warehouse, sandbox: Any, folder: Path) -> None:
    """A hand-written December, loads of three sources with a correction, mails, facts, a crash, a wrong clock, a repair."""
    schema.apply(wh)
    theatre.fill(World(wh))
    account = Account(wh, sandbox, NOW)
    account.load(FIRST, LAST)
    account.load(LAST, LAST)
    for source, about in ((direct_on(sandbox)(), direct.DESCRIPTION), (vk_on(sandbox.url, folder), vk.DESCRIPTION)):
        load_days(source, about, wh, FIRST, LAST, Load("story"))
        for table, rows in source.dimensions().items():
            append(wh, table, rows, ver=time.time_ns(), run_id="story")
    derive_days(wh, [FIRST, LAST], MailReport(), version=time.time_ns(), run_id="story")
    run_ledger.record(wh, [run_ledger.Attempt(NOW, None, "run", "job", "step", "", "", 1, "running")])
    run_ledger.forget(wh, NOW.date())
    _crash(wh)
    _clock_ahead(wh)
    healed = healing.heal(wh)
    assert [each.table for each in healed.left] == [ORDERS]
    assert sum("clock was ahead" in done for done in healed.done) == 1
    account.load(FIRST, FIRST)
    World(wh).build(str(FIRST), str(LAST))
    for ledger in (build_ledger.LOADS, build_ledger.LEDGER):  # when the engine drops older entries is its own choice
        wh.command(f"OPTIMIZE TABLE {ledger} FINAL")


def _crash(wh: Warehouse) -> None:
    """The engine dies inside a swap: the old rows stay beside the new, the side table stays, too."""
    columns = ", ".join(name for name in shape(wh, ORDERS).types if name != "_ver")
    side = f"{ORDERS}{MARK}dead_00000000"
    wh.command(f"CREATE TABLE {side} AS {ORDERS}")
    for target in (side, ORDERS):
        wh.command(
            f"INSERT INTO {target} ({columns}, _ver) SELECT {columns}, _ver + 1 FROM {ORDERS} WHERE sale_date = {{d:Date}}",
            {"d": str(FIRST)},
        )


def _clock_ahead(wh: Warehouse) -> None:
    """The last day's loads and builds are entered as of tomorrow."""
    for ledger in (build_ledger.LOADS, build_ledger.LEDGER):
        wh.command(
            f"INSERT INTO {ledger} SELECT * REPLACE (_ver + {{day:UInt64}} AS _ver) FROM {ledger} FINAL WHERE day = {{d:Date}}",
            {"day": 86_400 * build_ledger.PER_SECOND, "d": str(LAST)},
        )


@pytest.fixture(scope="module")
def told(sandbox_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Told]]:
    """The engine of a version: with the story told on the newest, and replayed on the others."""
    with ExitStack() as stack:
        sent: list[Sent] = []

        @cache
        def on(version: str) -> Told:
            folder = tmp_path_factory.mktemp(version)
            wh, engine = stack.enter_context(warehouse_on(interpreter(version), folder))
            if version != NEWEST:
                on(NEWEST)
                engine.replay(sent)
                return wh, engine
            sandbox_server.reset()
            engine.sent = sent
            story(wh, sandbox_server, folder)
            engine.sent = None
            return wh, engine

        yield on


def interpreter(version: str) -> Path:
    """Of the engine's environment; a test that wants another one is skipped, unless ENGINES_NEEDED names it."""
    found = python(version)
    if found is None and version in os.environ.get("ENGINES_NEEDED", "").split():
        pytest.fail(f"no environment with ClickHouse {version}")
    if found is None:
        pytest.skip(f"no environment with ClickHouse {version}: make engines")
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_the_engine_it_should_be(told: Callable[[str], Told], version: str) -> None:
    found = server.version(told(version)[0])
    assert found.text.startswith(f"{version}.")
    assert found.supported
    assert bool(found.weaker) is (version != NEWEST)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_equals_the_files(told: Callable[[str], Told], version: str) -> None:
    wh, _ = told(version)
    assert schema.diff(wh) == []
    assert schema.apply(wh) == []


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_every_table_holds_what_it_holds_on_the_newest(told: Callable[[str], Told], version: str) -> None:
    ours, newest = (contents(told(each)[0]) for each in (version, NEWEST))
    assert ours == newest
    assert sum(rows > 0 for rows, _ in ours.values()) >= 20


def test_the_story_itself_told_to_the_oldest_ends_the_same(
    told: Callable[[str], Told], sandbox_server: Any, tmp_path: Path
) -> None:
    newest = contents(told(NEWEST)[0])
    with warehouse_on(interpreter(VERSIONS[0]), tmp_path) as (wh, _):
        sandbox_server.reset()
        story(wh, sandbox_server, tmp_path)
        assert contents(wh) == newest


@pytest.mark.parametrize("version", VERSIONS)
def test_every_view_is_read_as_datalens_reads_it(told: Callable[[str], Told], version: str) -> None:
    wh, _ = told(version)
    empty = [view for view in load("views") if not wh.rows(f"SELECT * FROM {view}", settings={"join_use_nulls": 1})]
    assert set(empty) <= {"v_sales_14d", "v_decisions", "v_decision_curve"}  # the story is too short for forecasts


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_every_check_says_what_it_says_on_the_newest(told: Callable[[str], Told], version: str) -> None:
    ours, newest = (
        {check.name: checks.evaluate(told(each)[0], check).status for check in load("checks").values()}
        for each in (version, NEWEST)
    )
    assert ours == newest
    assert Status.OK in ours.values()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_grant_is_parsed(told: Callable[[str], Told], version: str) -> None:
    wh, _ = told(version)
    for statement in grants.in_order():
        if grants.is_known(wh, statement):
            assert wh.scalar(f"SELECT formatQuerySingleLine({drift.quoted(statement.sql)})"), statement.name


@pytest.mark.parametrize("version", VERSIONS)
def test_no_partition_holds_two_versions_at_the_end(told: Callable[[str], Told], version: str) -> None:
    wh, _ = told(version)
    assert healing.mixed(wh) == []
    assert not [row for row in wh.rows("SHOW TABLES") if row["name"].endswith("lease")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_show_is_forecast_and_advised_as_by_hand(version: str, tmp_path: Path) -> None:
    with warehouse_on(interpreter(version), tmp_path) as (wh, _):
        schema.apply(wh)
        programme = Programme(World(wh))
        programme.finished(TOMSK)
        programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
        programme.advertise(0, "кемерово", D - timedelta(1), 200, 0)
        rows = programme.decide()
        tomsk, past = rows["томск"], rows["Расход прошедших показов"]
        assert (tomsk["forecast_text"], tomsk["status_code"], tomsk["advice_rub_per_day"]) == ("132 (110–177)", 2, 300)
        assert (past["spend_7d_rub"], sum(row["spend_7d_rub"] or 0 for row in rows.values())) == (200, 7200)
        asked = {"first": D, "last": D, "horizons": []}
        assert [row["tickets_left_hi"] for row in wh.rows(load("builds")["forecast_questions"].sql, asked)] == [110]


@pytest.mark.parametrize("version", ["25.8", "26.3"])
def test_an_old_engine_brings_replaced_rows_back_and_that_is_healed(version: str, tmp_path: Path) -> None:
    day, other = date(2026, 3, 1), date(2026, 3, 2)
    with warehouse_on(interpreter(version), tmp_path) as (wh, engine):
        schema.apply(wh)
        for ver, count in ((1, 5), (2, 3)):
            rows = {each: orders(each, count) for each in (day, other)}
            replace_days(wh, ORDERS, rows, guard=None, ver=ver, run_id=f"v{ver}")
        assert wh.scalar(f"SELECT count() FROM {ORDERS}") == 6
        engine.kill()
        engine.start()
        assert wh.scalar(f"SELECT count() FROM {ORDERS}") == 16, "issue 107605 of ClickHouse"
        assert wh.scalar(f"SELECT count() FROM {ORDERS} FINAL") == 10, "FINAL does not know that rows are gone"
        assert healing.one_version(wh).figure == 2
        left = healing.heal(wh).left
        assert [(each.table, each.first) for each in left] == [(ORDERS, day), (ORDERS, other)]
        for repair in left:
            assert repair.first
            replace_days(wh, ORDERS, {repair.first: orders(repair.first, 3)}, guard=None, ver=3, run_id="healed")
        assert healing.mixed(wh) == []
        assert wh.scalar(f"SELECT count() FROM {ORDERS}") == 6


def contents(wh: Warehouse) -> dict[str, tuple[int, int]]:
    """Every table but the audit, whose lines of repairs name moments and versions."""
    names = load("tables").keys() - {run_ledger.TABLE}
    return hashes(wh, {name: ",".join(shape(wh, name).types) for name in sorted(names)})
