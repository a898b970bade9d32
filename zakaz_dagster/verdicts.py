"""A verdict: one thing that was looked at, with its figure, its limit and what to do.

Asset checks, `zakaz smoke`, the health endpoints and alerts all speak in verdicts, so they cannot disagree.
Belongs here: the shape only. Does not: how a verdict is reached or shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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


ORDER = (Status.OK, Status.WARNING, Status.ERROR)


def gravest(*statuses: Status) -> Status:
    """The worst of them; ok when there are none."""
    return max(statuses, key=ORDER.index, default=Status.OK)


def worst(verdicts: Iterable[Verdict]) -> Status:
    """The gravest status among them; ok when there are none."""
    return gravest(*(verdict.status for verdict in verdicts))
