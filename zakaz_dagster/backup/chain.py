"""What a backup is called, which one an increment builds on, and which ones may go. Pure: moments are passed in.

Belongs here: these decisions. Does not: asking ClickHouse (`engine`), files on disk (`records`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["full", "incremental"]
FAILED_KEPT = timedelta(days=7)


class Sum(BaseModel):
    """A table's content: rows, and an order-free hash over all columns of what FINAL reads."""

    model_config = ConfigDict(frozen=True)

    rows: int
    content: int


class Backup(BaseModel):
    """One backup that was made. `sums` are those before it began, `moved` the tables that changed while it ran."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    base: str
    destination: str
    started_at: datetime
    seconds: float
    bytes: int
    sums: Mapping[str, Sum]
    moved: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_good(self) -> bool:
        return not self.error

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.sums.values())


def name_of(database: str, kind: Kind, moment: datetime) -> str:
    """`zakaz-20261126T020000Z-full`: sorts by time and says what it is."""
    return f"{database}-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{kind}"


def base_for(made: Sequence[Backup], destination: str) -> Backup | None:
    """The newest good full backup there: an increment needs that one and no other, however many lie between."""
    fulls = [each for each in made if each.kind == "full" and each.is_good and each.destination == destination]
    return max(fulls, key=lambda each: each.started_at, default=None)


def outdated(made: Sequence[Backup], keep_full: int, now: datetime) -> list[Backup]:
    """What may go: full backups beyond the newest `keep_full` good ones, their increments, failures of a week ago."""
    fulls = sorted((each for each in made if each.kind == "full" and each.is_good), key=lambda each: each.started_at)
    kept = {each.name for each in fulls[-max(1, keep_full) :]}
    return [
        each
        for each in made
        if (each.is_good and (each.base or each.name) not in kept)
        or (not each.is_good and now - each.started_at > FAILED_KEPT)
    ]


def differences(said: Backup, found: Mapping[str, Sum]) -> list[str]:
    """Where a restored database is not what was backed up; tables that were loaded meanwhile are compared by name."""
    lost = [f"{table} is missing" for table in sorted(said.sums.keys() - found.keys())]
    changed = [
        f"{table} has {found[table].rows} rows, {each.rows} were backed up"
        if found[table].rows != each.rows
        else f"{table} has other content in its {each.rows} rows"
        for table, each in sorted(said.sums.items())
        if table in found and table not in said.moved and found[table] != each
    ]
    return [*lost, *changed]
