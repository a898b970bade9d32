"""When the mail takes over from the API, and when it steps back: a rule over facts, with the words people get.

    watching ── API older than its limit ─▶ engaged: mail loads every few minutes, one message
    engaged  ── API loaded again ─────────▶ watching: one message with what the mails had covered

Pure: the moment and every fact are arguments, the state is a value that its keeper stores as text. Belongs here: the
decision and its messages (Russian). Does not: reading the facts, starting loads, sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from zakaz_dagster.parsing.dates import MOSCOW

BETWEEN_LOADS = timedelta(minutes=15)


class Covered(msgspec.Struct, frozen=True):
    """What the mail says of a day that is taken from it."""

    tickets: int
    revenue_rub: Decimal
    reported_at: datetime


@dataclass(frozen=True)
class Facts:
    """How things stand. `api_loaded_at` is the last good load of QTickets; None before the first one.

    `unready` says why the mailbox cannot be read ('' when it can); `is_loading` that a mail load runs or is queued.
    """

    now: datetime
    api_loaded_at: datetime | None
    api_limit: timedelta
    covered: Mapping[date, Covered] = field(default_factory=dict)
    is_loading: bool = False
    unready: str = ""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has to be remembered between two looks."""

    engaged_since: datetime | None = None
    started_at: datetime | None = None
    covered: dict[date, Covered] = {}

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def of(cls, text: str | None) -> State:
        """The state as it was kept; a text that cannot be read is a fresh start."""
        try:
            return msgspec.json.decode(text, type=cls) if text else cls()
        except msgspec.DecodeError:
            return cls()


@dataclass(frozen=True)
class Message:
    """A mail to the operator and the marketers."""

    subject: str
    text: str


@dataclass(frozen=True)
class Decision:
    """The state to keep, whether to start a mail load now, what to tell people (once), and why, for the log."""

    state: State
    start: bool
    why: str
    message: Message | None = None


def decide(facts: Facts, state: State) -> Decision:
    """What to do now."""
    if facts.api_loaded_at is None:
        return Decision(state, start=False, why="QTickets has never been loaded: there is nothing to take over")
    age = facts.now - facts.api_loaded_at
    if state.engaged_since is None:
        if age <= facts.api_limit:
            return Decision(state, start=False, why=f"QTickets was loaded {_minutes(age)} minutes ago")
        return _engage(facts, age)
    if age <= facts.api_limit:
        return Decision(State(), start=False, why="QTickets is back", message=_back(facts, state))
    return _go_on(facts, state)


def _engage(facts: Facts, age: timedelta) -> Decision:
    start = not facts.unready and not facts.is_loading
    state = State(engaged_since=facts.now, started_at=facts.now if start else None, covered=dict(facts.covered))
    why = f"QTickets was last loaded {_minutes(age)} minutes ago: the mail takes over"
    return Decision(state, start=start, why=why, message=_away(facts))


def _go_on(facts: Facts, state: State) -> Decision:
    state = msgspec.structs.replace(state, covered={**state.covered, **facts.covered})
    if facts.unready:
        return Decision(state, start=False, why=f"QTickets is away and the mail cannot be read: {facts.unready}")
    if facts.is_loading:
        return Decision(state, start=False, why="a mail load is running")
    if state.started_at is not None and facts.now - state.started_at < BETWEEN_LOADS:
        return Decision(state, start=False, why="the last mail load was a few minutes ago")
    return Decision(msgspec.structs.replace(state, started_at=facts.now), start=True, why="QTickets is still away")


def _away(facts: Facts) -> Message:
    since = _moment(facts.api_loaded_at or facts.now)
    if facts.unready:
        return Message(
            "Продажи не обновляются: QTickets не отвечает, почта не читается",
            f"Последняя загрузка из QTickets: {since} (Москва). Почта с отчётами могла бы её заменить, но не читается: "
            f"{facts.unready}\n\nЧто сделать: выполните `zakaz gmail authorize` и проверьте `zakaz doctor --live`.",
        )
    return Message(
        "Продажи временно берутся из почты: QTickets не отвечает",
        f"Последняя загрузка из QTickets: {since} (Москва). Новые продажи читаются из писем с отчётами; такие дни "
        "помечены sales_source = mail. Как только QTickets ответит, его данные вернутся сами.\n\n"
        "Что сделать: проверьте доступ к QTickets (`zakaz doctor --live`).",
    )


def _back(facts: Facts, state: State) -> Message:
    covered = {**state.covered, **facts.covered}
    head = f"QTickets снова загружается. Почта заменяла его с {_moment(state.engaged_since or facts.now)} (Москва)."
    if not covered:
        return Message("QTickets снова отвечает", f"{head} Писем с отчётами за это время не было.")
    days = "\n".join(_line(day, covered[day]) for day in sorted(covered))
    return Message(
        "QTickets снова отвечает",
        f"{head} По письмам были известны:\n{days}\n\nКаждый из этих дней вернётся к QTickets, загрузившись целиком.",
    )


def _line(day: date, covered: Covered) -> str:
    revenue = f"{covered.revenue_rub:,.2f}".replace(",", "\u00a0").replace(".", ",")
    reported = _moment(covered.reported_at)
    return f"— {day:%d.%m.%Y}: билетов {covered.tickets}, выручка {revenue} руб., последнее письмо {reported}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)
