"""A verdict: one thing that was looked at, with its figure, its limit and what to do.

Asset checks, `zakaz smoke`, the health endpoints and alerts all speak in verdicts, so they cannot disagree.
Belongs here: the shape only. Does not: how a verdict is reached or shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from zakaz_dagster.redaction import presentable

LONGEST_NAME = 300


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
