"""Which backup an increment builds on, and which ones may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from zakaz_dagster.backup.chain import Backup, Sum, base_for, differences, name_of, outdated

START = datetime(2026, 11, 1, 3, 20, tzinfo=UTC)


def made(day: int, kind: str = "full", base: str = "", error: str = "", destination: str = "disk backups") -> Backup:
    at = START + timedelta(days=day)
    name = name_of("zakaz", kind, at)  # type: ignore[arg-type]
    sums = {"fact": Sum(rows=3, content=7), "stg": Sum(rows=1, content=1)}
    return Backup(
        name=name, kind=kind, base=base, destination=destination, started_at=at, seconds=1, bytes=1, sums=sums, error=error
    )  # fmt: skip


def test_an_increment_builds_on_the_newest_good_full_backup_of_the_same_place():
    first, broken, moved = made(0), made(7, error="no room"), made(8, destination="https://bucket")
    assert base_for([first, broken, moved, made(1, "incremental", first.name)], "disk backups") == first
    assert base_for([broken], "disk backups") is None


def test_the_kept_full_backups_keep_what_builds_on_them():
    fulls = [made(day) for day in (0, 7, 14)]
    increments = [made(full + 1, "incremental", fulls[at].name) for at, full in enumerate((0, 7, 14))]
    gone = outdated([*fulls, *increments], keep_full=2, now=START + timedelta(days=20))
    assert gone == [fulls[0], increments[0]]


def test_the_last_good_backup_never_goes_and_failures_stay_a_week():
    only, old, fresh = made(0), made(1, error="no room"), made(19, error="no room")
    assert outdated([only, old, fresh], keep_full=1, now=START + timedelta(days=20)) == [old]


def test_every_difference_is_named_and_moved_tables_only_by_name():
    said = made(0)
    assert differences(said, said.sums) == []
    assert differences(said, {"fact": Sum(rows=3, content=8), "stg": Sum(rows=2, content=1)}) == [
        "fact has other content in its 3 rows", "stg has 2 rows, 1 were backed up",
    ]  # fmt: skip
    assert differences(said, {"stg": said.sums["stg"]}) == ["fact is missing"]
    moved = said.model_copy(update={"moved": ("stg",)})
    assert differences(moved, {"fact": said.sums["fact"], "stg": Sum(rows=9, content=9)}) == []
