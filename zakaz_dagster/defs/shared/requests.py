"""Runs that a sensor asked for, remembered until they have succeeded: what failed or vanished is asked for again.

The wait doubles from a quarter of an hour to a day, so that a permanent fault costs little and heals by itself once it
is repaired. Belongs here: this memory. Does not: what is asked for (`change_sensor`, `marts.refresh`, `operations`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import dagster as dg

RUN_KEY = "dagster/run_key"
FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
UNFINISHED = [status for status in dg.DagsterRunStatus if status not in FINISHED]
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(days=1)


def is_due(at: int, attempt: int, now: datetime) -> bool:
    """Whether something asked for at `at` (seconds since 1970) for the n-th time may be asked for once more.

    What was asked for in the future was so by a clock that has been set since.
    """
    wait = min(FIRST_WAIT * (1 << min(attempt - 1, 10)), LONGEST_WAIT)
    return now.timestamp() < at or now.timestamp() >= at + wait // timedelta(seconds=1)


@dataclass(frozen=True)
class Asked:
    """A run asked for at `at` (seconds since 1970), for the n-th time in a row."""

    run_key: str
    at: int
    attempt: int = 1


@dataclass
class Requests:
    """What was asked for, by name; the sensor's cursor."""

    asked: dict[str, Asked] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: str | None) -> Requests:
        """The memory as it was kept; another form of cursor is a fresh start."""
        try:
            found = json.loads(cursor or "{}")
            return cls({name: Asked(**each) for name, each in found.items()})
        except (TypeError, ValueError, AttributeError):
            return cls()

    def cursor(self) -> str:
        return json.dumps({name: asdict(each) for name, each in self.asked.items()})

    def attempt(self, instance: dg.DagsterInstance, name: str, newest: datetime | None, now: datetime) -> int | None:
        """Which attempt a request under this name would be now; None while it is to wait.

        `newest` is when what makes the run necessary arose: a run asked for after that and ended well should have
        settled it, so asking at once again would only repeat it.
        """
        before = self.asked.get(name)
        if before is None:
            return 1
        runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY: before.run_key}))
        if any(not run.is_finished for run in runs):
            return None
        if any(run.is_success for run in runs) and newest is not None and newest.timestamp() > before.at:
            return 1
        return before.attempt + 1 if is_due(before.at, before.attempt, now) else None

    def ask(self, name: str, run_key: str, attempt: int, now: datetime) -> None:
        self.asked[name] = Asked(run_key, int(now.timestamp()), attempt)

    def keep_only(self, names: Mapping[str, object]) -> None:
        """Forget what is no longer needed."""
        self.asked = {name: each for name, each in self.asked.items() if name in names}
