"""ClickHouse, clocks, disks, schema and backups; which verdict explains which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zakaz_dagster.health import infrastructure as rules
from zakaz_dagster.health.infrastructure import Limits
from zakaz_dagster.health.reading import Backup, Disk, Ping
from zakaz_dagster.verdicts import Status, Verdict, with_causes
from zakaz_dagster.warehouse.drift import Difference

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def ping(seconds=0.01, skew=0.0, epoch="1970-01-01 03:00:00"):
    return Ping("26.9", seconds, NOW + timedelta(seconds=skew), NOW, epoch)


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, "ok"), (2.5, "warning")])
def test_an_answer_that_takes_long_is_a_warning(seconds, expected):
    assert rules.clickhouse(ping(seconds)).status == expected


@pytest.mark.parametrize(
    ("skew", "expected"), [(1, "ok"), (-4, "ok"), (6, "warning"), (-61, "error"), (10_800, "error")]
)
def test_clocks_that_differ(skew, expected):
    assert rules.clock(ping(skew=skew)).status == expected


def test_a_session_in_another_time_zone_is_an_error():
    found = rules.clock(ping(epoch="1970-01-01 00:00:00"))
    assert found.status is Status.ERROR
    assert "not Moscow" in found.detail


@pytest.mark.parametrize(("free", "expected"), [(50, "ok"), (15, "ok"), (14, "warning"), (4, "error"), (0, "error")])
def test_the_fullest_disk_decides(free, expected):
    found = rules.disk("platform__disk", [Disk("roomy", 90, 100), Disk("data", free, 100)], Limits())
    assert found.status == expected
    assert found.figure == min(free, 90)


def test_no_disk_is_no_fault():
    assert rules.disk("platform__disk", [], Limits()).status is Status.OK


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [([], "ok"), (["foreign"], "warning"), (["missing"], "error"), (["foreign", "changed"], "error")],
)
def test_a_schema_that_differs(kinds, expected):
    found = rules.schema([Difference(f"t{n}", kind, "differs", f"cure {kind}") for n, kind in enumerate(kinds)])
    assert found.status == expected
    if expected == "error":
        assert found.action == f"cure {kinds[-1]}"
        assert found.assets == (f"t{len(kinds) - 1}",)


def backup(status, hours):
    return Backup(f"File('{hours}')", status, "no room. Stack trace: 0. ?", NOW - timedelta(hours=hours))


@pytest.mark.parametrize(("found", "hours", "expected"), [
    ([], 0, "ok"), ([], 24, "error"), ([("BACKUP_CREATED", 20)], 24, "ok"), ([("BACKUP_CREATED", 30)], 24, "error"),
    ([("BACKUP_CREATED", 20), ("BACKUP_FAILED", 1)], 0, "error"), ([("BACKUP_FAILED", 3), ("BACKUP_CREATED", 1)], 24, "ok"),
    ([("BACKUP_CREATED", 1), ("CREATING_BACKUP", 0)], 24, "ok"),
])  # fmt: skip
def test_backups(found, hours, expected):
    verdict = rules.backups([backup(*each) for each in found], Limits(backup_hours=hours), NOW)
    assert verdict.status == expected
    assert "Stack trace" not in verdict.detail


def bad(name, **about):
    return Verdict(name, "data", Status.ERROR, "bad", **about)


def because(*verdicts):
    return {verdict.name: verdict.because for verdict in with_causes(verdicts) if verdict.because}


def test_a_failed_run_explains_the_age_of_its_tables():
    run = bad("run__vk_ads_daily", assets=("fact_vk",))
    assert because(run, bad("fact_vk__fresh", assets=("fact_vk",)), bad("fact_x__fresh", assets=("fact_x",))) == {
        "fact_vk__fresh": "run__vk_ads_daily"
    }


def test_a_dead_daemon_explains_age_and_dagsters_storage_explains_the_daemon():
    found = because(
        bad("platform__daemons"), bad("fact_vk__no_missing_days", assets=("fact_vk",)), bad("platform__dagster")
    )
    assert found == {"fact_vk__no_missing_days": "platform__daemons", "platform__daemons": "platform__dagster"}


def test_a_full_disk_explains_what_cannot_be_written_on_it():
    broken = ("platform__clickhouse_disk", "platform__dagster", "platform__alert_store")
    assert because(bad("platform__disk"), *map(bad, broken)) == dict.fromkeys(broken, "platform__disk")


def test_a_stale_source_explains_the_policy_of_its_table():
    assert because(bad("t__fresh", assets=("t",)), bad("t__loaded_in_time", assets=("t",))) == {
        "t__loaded_in_time": "t__fresh"
    }


def test_what_is_well_explains_nothing_and_what_is_well_needs_no_explanation():
    fine = Verdict("platform__clickhouse", "infrastructure", Status.OK, "fine")
    assert (
        because(fine, bad("run__a", because="platform__clickhouse"), Verdict("t__fresh", "data", Status.OK, "")) == {}
    )
    assert because(bad("platform__clickhouse"), bad("run__a", because="platform__clickhouse")) == {
        "run__a": "platform__clickhouse"
    }
