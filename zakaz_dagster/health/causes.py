"""Which verdict explains which, so that one cause is told once: the failed run explains its stale table.

Belongs here: these pure rules over names. Does not: telling (`alerts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from zakaz_dagster.verdicts import Status, Verdict

CLICKHOUSE = "platform__clickhouse"
DAGSTER = "platform__dagster"
DAEMONS = "platform__daemons"
DISK = "platform__disk"
SCHEMA = "platform__schema"
AGE = ("fresh", "no_missing_days", "loaded_in_time", "follows")
ASKED_OF_CLICKHOUSE = ("schema", "grants", "clock", "backups", "clickhouse_version", "one_version", "side_tables")


def with_causes(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts, each bad one with the bad one that explains it."""
    found = list(verdicts)
    bad = {each.name: each for each in found if each.status is not Status.OK}
    return [replace(each, because=_because(each, bad)) if each.name in bad else each for each in found]


def _because(verdict: Verdict, bad: Mapping[str, Verdict]) -> str:
    """The gravest explanation that is itself bad; '' when there is none."""
    return next((name for name in _candidates(verdict, bad) if name in bad and name != verdict.name), "")


def _candidates(verdict: Verdict, bad: Mapping[str, Verdict]) -> Iterable[str]:
    asset, _, check = verdict.name.partition("__")
    if verdict.because:
        yield verdict.because
    if asset == "platform":
        yield from _of_platform(check)
    elif check in AGE:
        runs = [each for name, each in bad.items() if name.startswith("run__")]
        yield from (run.name for run in runs if set(run.assets) & set(verdict.assets))
        yield DAEMONS
        yield CLICKHOUSE
        if check == "loaded_in_time":
            yield from (name for name in bad if name.endswith("__fresh") and asset in bad[name].assets)


def _of_platform(check: str) -> tuple[str, ...]:
    if check in ASKED_OF_CLICKHOUSE:
        return (CLICKHOUSE, SCHEMA) if check in ("one_version", "side_tables") else (CLICKHOUSE,)
    if check == "clickhouse_disk":  # on one server both stand on the same disk
        return (CLICKHOUSE, DISK)
    if check in ("dagster", "alert_store"):
        return (DISK,)
    if check == "ticks":
        return (DAEMONS, CLICKHOUSE)
    return (DAGSTER,) if check in ("daemons", "schedules", "queue", "history") else ()
