"""Looking at a running engine, at one that is away, and at one that accepts and never answers."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pyarrow as pa
import pytest

from zakaz_dagster.health import look as looking
from zakaz_dagster.health.facts import DagsterFacts
from zakaz_dagster.health.freshness import Watched
from zakaz_dagster.health.look import Bounded, Depth, Overdue, Subjects, Watch
from zakaz_dagster.health.reading import seen
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import Statement

SALES = Watched(
    "qtickets", "QTickets", "stg_qtickets_sales_raw", "sale_date", 45, 120, includes_today=True,
    among={"channel": "api"},
)  # fmt: skip
VK = Watched("vk_ads", "VK", "fact_vk_ads_daily", "date", 1800, 2880, includes_today=False)


def now():
    return datetime.now(UTC)


def look(subjects, depth=Depth.QUICK):
    found = Watch(subjects, now, depth).look()
    return {verdict.name: verdict for verdict in found.verdicts}, found


@pytest.fixture
def sparse(sparse_warehouse):
    return sparse_warehouse("stg_qtickets_sales_raw", "fact_vk_ads_daily", "meta_day_loads")


@pytest.fixture
def brief(sparse):
    return briefly(sparse)


def briefly(wh):
    return Warehouse.connect(replace(wh.config, patience=0.2, timeout=5))


def ledger(wh, source, *days, covered=None):
    """Days that were loaded just now."""
    at = int(now().timestamp())
    for day in days:
        until = int((covered or now()).timestamp())
        wh.command(
            "INSERT INTO meta_day_loads (source, day, covered_until, received, accepted, rejected, rows_written, totals,"
            f" _loaded_at, _ver, _run_id) VALUES ('{source}', '{day}', {until}, 1, 1, 0, 1, '{{}}', {at}, 1, 'r')"
        )


def sale(wh, day, channel="api"):
    wh.insert(
        "stg_qtickets_sales_raw",
        pa.table({"channel": [channel], "sale_date": pa.array([day], pa.date32()), "line_id": [f"{channel}{day}"]}),
    )


def test_freshness_is_read_from_the_ledger_and_the_rows_of_the_sources_own_channel(sparse, brief):
    today = now().astimezone(MOSCOW).date()
    ledger(sparse, "qtickets", *(today - timedelta(days=n) for n in range(5)))
    ledger(sparse, "gmail", today - timedelta(days=20))
    sale(sparse, today - timedelta(days=1))
    sale(sparse, today, channel="mail")
    found = seen(brief, SALES, now())
    assert found.newest_day == today - timedelta(days=1)
    assert (found.first_day, len(found.loads), found.busy_days) == (today - timedelta(days=4), 5, 1)
    verdicts, whole = look(Subjects(brief, watched=[SALES, replace(VK, enabled=False)]))
    assert verdicts["stg_qtickets_sales_raw__fresh"].status is Status.OK
    assert verdicts["stg_qtickets_sales_raw__no_missing_days"].status is Status.OK
    assert [age.source for age in whole.freshness] == ["qtickets"]
    assert "fact_vk_ads_daily__fresh" not in verdicts


def test_an_empty_warehouse_is_stale_not_fresh(brief):
    verdicts, _ = look(Subjects(brief, watched=[SALES]))
    assert verdicts["stg_qtickets_sales_raw__fresh"].status is Status.ERROR
    assert "never loaded" in verdicts["stg_qtickets_sales_raw__fresh"].detail


def test_a_full_look_evaluates_every_check_of_sql(warehouse):
    brief = briefly(warehouse)
    verdicts, _ = look(Subjects(brief), Depth.FULL)
    thorough = ("schema", "grants", "backups", "side_tables", "one_version", "clickhouse_version")
    assert {f"platform__{name}" for name in thorough} <= verdicts.keys()
    checks = {name for name in verdicts if not name.startswith("platform__")}
    assert checks == set(looking.load("checks"))
    assert verdicts["platform__schema"].status is Status.OK
    warehouse.command("DROP TABLE dim_shows")
    after, _ = look(Subjects(brief), Depth.FULL)
    assert after["platform__one_version"].because == "platform__schema"
    assert "dim_shows" in after["platform__schema"].detail
    assert after["platform__schema"].status is Status.ERROR


def test_the_versions_of_partitions_are_in_quick_looks_too_but_read_every_ten_minutes(brief, monkeypatch):
    asked = []
    monkeypatch.setattr(looking, "_seldom", {})
    monkeypatch.setattr(
        looking.healing,
        "one_version",
        lambda wh: asked.append(1) or Verdict("platform__one_version", "data", Status.OK, "one"),
    )
    for _ in range(3):
        verdicts, _ = look(Subjects(brief))
        assert verdicts["platform__one_version"].detail == "one"
    monkeypatch.setattr(looking, "SELDOM_SECONDS", 0.0)
    look(Subjects(brief))
    assert len(asked) == 2


def test_a_check_that_cannot_be_evaluated_is_red_and_stops_no_other(brief, monkeypatch):
    one = next(iter(looking.load("checks").values()))
    broken = Statement("t__broken", "checks", one.path, "SELECT nothing", "Broken.", MappingProxyType({"asset": "t"}))
    monkeypatch.setattr(looking, "load", lambda kind: {"t__broken": broken, one.name: one} if kind == "checks" else {})
    verdicts, _ = look(Subjects(brief), Depth.FULL)
    assert verdicts["t__broken"].status is Status.ERROR
    assert one.name in verdicts


def test_a_failed_backup_is_red(sparse, brief):
    with pytest.raises(Exception, match="WRITE ON FILE"):
        sparse.command(f"BACKUP DATABASE {sparse.config.database} TO File('/nowhere')")
    verdicts, _ = look(Subjects(brief), Depth.THOROUGH)
    assert verdicts["platform__backups"].status is Status.ERROR
    assert "File('/nowhere') failed" in verdicts["platform__backups"].detail


def test_clickhouse_that_refuses_is_one_verdict_and_nothing_else_is_claimed(brief):
    away = Warehouse.connect(replace(brief.config, port=9))
    verdicts, found = look(Subjects(away, watched=[SALES]), Depth.FULL)
    assert verdicts["platform__clickhouse"].status is Status.ERROR
    assert verdicts["platform__clickhouse"].assets == ("stg_qtickets_sales_raw",)
    assert verdicts.keys() == {"platform__clickhouse", "platform__disk"}
    assert not found.freshness


def test_clickhouse_that_accepts_and_never_answers_does_not_hold_the_watch(brief):
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        away = Warehouse.connect(replace(brief.config, port=silent.getsockname()[1], timeout=30))
        watch = Watch(Subjects(away, watched=[SALES], seconds=0.5, dagster=DagsterFacts), now)
        threads = threading.active_count()
        for _ in range(4):
            started = time.monotonic()
            verdicts = {each.name: each for each in watch.look().verdicts}
            assert time.monotonic() - started < 1.5
            assert verdicts["platform__clickhouse"].status is Status.ERROR
            assert verdicts["platform__dagster"].status is Status.OK
        assert threading.active_count() <= threads + 1, "hanging work is not piled up"


def test_dagsters_storage_that_fails_or_hangs_is_a_verdict(brief):
    def locked():
        raise OSError("database is locked")

    for dagster, words in ((locked, "database is locked"), (lambda: time.sleep(5), "no answer")):
        verdicts, _ = look(Subjects(brief, dagster=dagster, seconds=0.3))
        assert verdicts["platform__dagster"].status is Status.ERROR
        assert words in verdicts["platform__dagster"].detail


def test_no_secret_of_a_broken_part_gets_into_its_verdict(brief):
    def breaks(*_: object) -> None:
        raise ValueError("postgresql://dagster:hunter2@db/dagster: password=hunter2 was refused")

    verdicts, _ = look(Subjects(brief, dagster=breaks, others=breaks))
    told = [verdict.detail for verdict in verdicts.values() if "ValueError" in verdict.detail]
    assert len(told) == 2
    assert "hunter2" not in str(told)


def test_verdicts_of_other_parts_are_gathered_too(brief, tmp_path):
    other = Verdict("platform__alert_delivery", "processes", Status.WARNING, "nobody is told")
    verdicts, _ = look(Subjects(brief, others=lambda _: [other], folders=[tmp_path / "not" / "yet"]))
    assert verdicts["platform__alert_delivery"] == other
    assert "not/yet" in verdicts["platform__disk"].detail


def test_bounded_work_hands_on_results_and_errors():
    assert Bounded(lambda: 7, 1)() == 7
    with pytest.raises(ZeroDivisionError):
        Bounded(lambda: 1 // 0, 1)()
    slow = Bounded(lambda: time.sleep(0.5), 0.05)
    for words in ("no answer", "still hangs"):
        with pytest.raises(Overdue, match=words):
            slow()
    time.sleep(0.6)
    with pytest.raises(Overdue, match="no answer"):
        slow()
