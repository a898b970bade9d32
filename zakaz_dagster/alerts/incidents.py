"""Which incidents are open and what is worth telling, decided from verdicts, the open incidents and the time.

    bad ─▶ opened ─▶ reminder (once a day, once at once when a warning becomes an error) ─▶ resolved
    A verdict that another bad one explains opens nothing: it is told with its cause.

Belongs here: this one pure function and its shapes. Does not: keeping them (`store`), wording (`mail`), sending
(`send`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict

HOURS = 24


@dataclass(frozen=True)
class QuietHours:
    """From `first` o'clock to `last` o'clock, over midnight when last < first; equal hours are none."""

    first: int = 0
    last: int = 0

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """`22-8`; an empty text is no quiet hours."""
        if not text.strip():
            return cls()
        found = re.fullmatch(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*", text)
        hours = [int(part) for part in found.groups()] if found else []
        if not hours or any(hour > HOURS for hour in hours):
            raise ValueError(f"{text!r} are no quiet hours; write them like 22-8")
        return cls(hours[0] % HOURS, hours[1] % HOURS)

    def covers(self, moment: datetime) -> bool:
        """Whether the aware moment lies in them."""
        hour = moment.astimezone(MOSCOW).hour
        if self.first <= self.last:
            return self.first <= hour < self.last
        return hour >= self.first or hour < self.last


class Kind(StrEnum):
    OPENED = "opened"
    REMINDER = "reminder"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Rules:
    """`settle`: how long it must be well before it counts as resolved, so that flapping is one incident.

    `grace`: how long after that it still explains others, so that what it broke has time to be made good.
    """

    settle: timedelta = timedelta(minutes=10)
    grace: timedelta = timedelta(minutes=30)
    reminder: timedelta = timedelta(hours=24)
    quiet: QuietHours = field(default_factory=QuietHours)


@dataclass(frozen=True)
class Incident:
    """Something that went bad at `opened` and is not resolved yet; `verdict` is its latest bad one.

    `told` and `told_status` are of the newest message, `messages` counts them. `along` are the verdicts it explains.
    One that is `resolved` is kept for its grace.
    """

    verdict: Verdict
    opened: datetime
    healthy_since: datetime | None = None
    told: datetime | None = None
    told_status: Status = Status.OK
    messages: int = 0
    escalated: bool = False
    along: tuple[str, ...] = ()
    resolved: datetime | None = None

    @property
    def name(self) -> str:
        return self.verdict.name

    @property
    def id(self) -> str:
        return f"{self.name}.{self.opened:%Y%m%dT%H%M%S%z}"


@dataclass(frozen=True)
class Notice:
    """One thing to tell. Its `id` is the same however often it is sent; `now` is what a resolved one looks like now."""

    kind: Kind
    incident: Incident
    at: datetime
    now: str = ""

    @property
    def id(self) -> str:
        return f"{self.incident.id}.{self.kind}.{self.incident.messages}"


@dataclass(frozen=True)
class Plan:
    incidents: Mapping[str, Incident]
    notices: tuple[Notice, ...]


def plan(
    incidents: Mapping[str, Incident],
    verdicts: Iterable[Verdict],
    now: datetime,
    rules: Rules,
    existing: Collection[str] | None = None,
) -> Plan:
    """The incidents after this round and what to tell now.

    A name without a verdict, or with a pending one, stays as it is (it could not be looked at), unless `existing`, the
    names that can have one at all, no longer has it.
    """
    round_ = {verdict.name: verdict for verdict in verdicts if not verdict.pending}
    incidents = {n: each for n, each in incidents.items() if not each.resolved or now - each.resolved < rules.grace}
    along = _explained(incidents, round_)
    absorbed = {name for names in along.values() for name in names}
    kept: dict[str, Incident] = {}
    notices: list[Notice] = []
    for name in sorted(incidents.keys() | round_.keys()):
        incident, verdict = incidents.get(name), round_.get(name)
        if verdict is None and existing is not None and name not in existing and incident and not incident.resolved:
            verdict = replace(incident.verdict, status=Status.OK, detail="nothing checks this any more")
        after, notice = _step(incident, None if name in absorbed else verdict, along[name], now, rules)
        if after and not (name in absorbed and not after.messages):
            kept[name] = after
        if notice:
            notices.append(notice)
    return Plan(kept, tuple(notices))


def unsaid(planned: Plan, before: Mapping[str, Incident]) -> Plan:
    """The plan when there is nobody to tell: its notices stay news for whoever can be told later."""
    kept = dict(planned.incidents)
    for name in {notice.incident.name for notice in planned.notices} & kept.keys():
        was = before.get(name) or Incident(kept[name].verdict, kept[name].opened)
        kept[name] = replace(
            kept[name],
            told=was.told,
            told_status=was.told_status,
            messages=was.messages,
            escalated=was.escalated,
            resolved=None,
        )
    return Plan(kept, planned.notices)


def _explained(incidents: Mapping[str, Incident], round_: Mapping[str, Verdict]) -> defaultdict[str, list[str]]:
    """Root cause to the bad verdicts it explains.

    One that was told by itself stays its own incident, and an error never hides behind a warning, which may be waiting.
    """
    along: defaultdict[str, list[str]] = defaultdict(list)
    bad = {name: verdict.because for name, verdict in round_.items() if verdict.status is not Status.OK}
    known = {name: each.verdict.because for name, each in incidents.items() if each.messages or name in round_}
    causes = {**known, **bad}
    for name in bad:
        root = _root(name, causes)
        told = name in incidents and incidents[name].messages > 0 and not incidents[name].resolved
        cause = round_[root] if root in bad else incidents[root].verdict
        milder = round_[name].status is Status.ERROR and cause.status is Status.WARNING
        if root != name and not told and not milder:
            along[root].append(name)
    return along


def _root(name: str, causes: Mapping[str, str]) -> str:
    """The first cause of `name`; of verdicts that explain each other, the alphabetically first."""
    path = [name]
    while (cause := causes[path[-1]]) in causes:
        if cause in path:
            return min(path[path.index(cause) :])
        path.append(cause)
    return path[-1]


def _step(
    incident: Incident | None, verdict: Verdict | None, along: list[str], now: datetime, rules: Rules
) -> tuple[Incident | None, Notice | None]:
    if incident and incident.resolved:
        if verdict is None or verdict.status is Status.OK:
            return incident, None
        incident = None
    if verdict is None:
        return (replace(incident, along=_union(incident.along, along)) if incident else None), None
    if verdict.status is Status.OK:
        return _well(incident, verdict, now, rules) if incident else (None, None)
    before = incident or Incident(verdict, opened=now)
    after = replace(before, verdict=verdict, healthy_since=None, along=_union(before.along, along))
    return _with_notice(after, _due(after, now, rules), now)


def _well(incident: Incident, verdict: Verdict, now: datetime, rules: Rules) -> tuple[Incident | None, Notice | None]:
    since = min(incident.healthy_since or now, now)
    waiting = replace(incident, healthy_since=since)
    if now - since < rules.settle:
        return waiting, None
    if not incident.messages:
        return None, None
    if incident.told_status is Status.WARNING and rules.quiet.covers(now):
        return waiting, None
    after, notice = _with_notice(waiting, Kind.RESOLVED, now)
    return replace(after, resolved=now), replace(notice, now=verdict.detail) if notice else None


def _due(incident: Incident, now: datetime, rules: Rules) -> Kind | None:
    status, told = incident.verdict.status, incident.told
    if status is Status.WARNING and rules.quiet.covers(now):
        return None
    if told is None:
        return Kind.OPENED
    worse = status is Status.ERROR and incident.told_status is Status.WARNING and not incident.escalated
    return Kind.REMINDER if worse or now - min(told, now) >= rules.reminder else None


def _with_notice(incident: Incident, kind: Kind | None, now: datetime) -> tuple[Incident, Notice | None]:
    if kind is None:
        return incident, None
    status = incident.verdict.status
    after = replace(
        incident,
        told=now,
        told_status=status,
        messages=incident.messages + 1,
        escalated=incident.escalated or (incident.told_status is Status.WARNING and status is Status.ERROR),
    )
    return after, Notice(kind, after, now)


def _union(first: tuple[str, ...], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*first, *second}))
