"""A verdict: one thing that was looked at, with its figure, its limit and what to do; and which explains which.

Asset checks, `zakaz smoke`, the health endpoints and alerts all speak in verdicts, so they cannot disagree. One
cause is told once: the failed run explains its stale table.
Belongs here: the shape, and these rules over names. Does not: how a verdict is reached or shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from zakaz_dagster.redaction import presentable

LONGEST_NAME = 300
CLICKHOUSE = "platform__clickhouse"
DAGSTER = "platform__dagster"
DAEMONS = "platform__daemons"
DISK = "platform__disk"
SCHEMA = "platform__schema"
AGE = ("fresh", "no_missing_days", "loaded_in_time", "follows")
ASKED_OF_CLICKHOUSE = ("schema", "grants", "clock", "backups", "clickhouse_version", "one_version", "side_tables")


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Verdict:
    """`name` is stable (it identifies an incident); `area` is infrastructure, data or processes.

    `figure` and `threshold` are numbers in the unit that `detail` names. `since` is when the present status began, if
    known (aware). `action` is the next step in one imperative sentence. `assets` are the tables or views concerned.
    `because` names the verdict that explains this one, so that one cause is told once; `link` is a path of the UI.
    One that is `pending` cannot be judged yet: it opens no incident and closes none.
    Whatever text it is made of, it can be stored, mailed and shown: it is scrubbed, printable and of bounded length.
    """

    name: str
    area: str
    status: Status
    detail: str
    action: str = ""
    figure: float | None = None
    threshold: float | None = None
    since: datetime | None = None
    assets: tuple[str, ...] = ()
    because: str = ""
    link: str = ""
    pending: bool = False

    def __post_init__(self) -> None:
        clean: dict[str, Any] = {name: presentable(getattr(self, name)) for name in ("detail", "action")}
        clean |= {name: _word(getattr(self, name)) for name in ("name", "because", "link")}
        clean["assets"] = tuple(_word(asset) for asset in self.assets)
        clean |= {name: _finite(getattr(self, name)) for name in ("figure", "threshold")}
        for name, value in clean.items():
            object.__setattr__(self, name, value)


def _word(text: str) -> str:
    """A name or a path: one line, never scrubbed, for it identifies things."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:LONGEST_NAME])


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


ORDER = (Status.OK, Status.WARNING, Status.ERROR)


def gravest(*statuses: Status) -> Status:
    """The worst of them; ok when there are none."""
    return max(statuses, key=ORDER.index, default=Status.OK)


def worst(verdicts: Iterable[Verdict]) -> Status:
    """The gravest status among them; ok when there are none."""
    return gravest(*(verdict.status for verdict in verdicts))


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
