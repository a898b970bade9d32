"""When the mail takes over from the API, and when it steps back: a rule over facts, with the words people get.

    watching ── API older than its limit ─▶ engaged: a mail load every few minutes, one alert
    engaged  ── API loaded again ─────────▶ watching: the days it missed are loaded again, the all-clear names them

Pure: the moment and every fact are arguments, the state is a value that its keeper stores as text; that one incident is
told once is the alerts' business. Belongs here: the decision and its words. Does not: reading facts, starting runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict

TABLE = "stg_qtickets_sales_raw"
FROM_MAIL, NO_BACKUP = f"{TABLE}__from_mail", f"{TABLE}__no_backup"
BETWEEN_LOADS = timedelta(minutes=15)
GAP = timedelta(minutes=10)  # looks further apart than this: the platform itself was off
GRACE = timedelta(minutes=20)  # after a start QTickets has so long to be loaded: a quarter-hourly load and its run


class Covered(msgspec.Struct, frozen=True):
    """What the mail says of a day that is taken from it."""

    tickets: int
    revenue_rub: Decimal
    reported_at: datetime


@dataclass(frozen=True)
class Facts:
    """How things stand. `api_loaded_at` is the last good load of QTickets; None before the first one.

    `api_failed` says that a load has failed since; `unready` why the mailbox cannot be read ('' when it can);
    `is_loading` that a mail load runs or is queued.
    """

    now: datetime
    api_loaded_at: datetime | None
    api_limit: timedelta
    api_failed: bool = False
    covered: Mapping[date, Covered] = field(default_factory=dict)
    is_loading: bool = False
    unready: str = ""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has to be remembered between two looks.

    `away_since` is the load after which QTickets was away, `served` that a mail load was started, `last` what the
    last all-clear said.
    """

    looked_at: datetime | None = None
    watching_since: datetime | None = None
    away_since: datetime | None = None
    engaged_since: datetime | None = None
    started_at: datetime | None = None
    served: bool = False
    covered: dict[date, Covered] = {}
    last: str = ""

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
class Decision:
    """The state to keep, why, what is the matter (or no longer), whether to load mails, days to load from the API."""

    state: State
    why: str
    verdicts: tuple[Verdict, ...] = ()
    start: bool = False
    reload: tuple[date, ...] = ()


def is_late(facts: Facts, state: State) -> bool:
    """Whether there is something to decide; covered days matter only then."""
    return state.engaged_since is not None or _age(facts) > facts.api_limit


def decide(facts: Facts, state: State) -> Decision:
    """What to do now."""
    state = _looked(facts.now, state)
    age = _age(facts)
    if facts.api_loaded_at is None:
        return _quiet(state, "QTickets has never been loaded: there is nothing to take over")
    if age <= facts.api_limit:
        if state.engaged_since is not None:
            return _step_back(facts, state)
        return _quiet(state, f"QTickets was loaded {_minutes(age)} minutes ago")
    if state.engaged_since is None:
        watched = facts.now - (state.watching_since or facts.now)
        if not facts.api_failed and watched < GRACE:
            return _quiet(
                state, f"QTickets is {_minutes(age)} minutes old; after a pause it gets {_minutes(GRACE)} more"
            )
        state = replace(state, engaged_since=facts.now, away_since=facts.api_loaded_at, last="")
    return _go_on(facts, state, age)


def _looked(now: datetime, state: State) -> State:
    paused = state.looked_at is None or state.watching_since is None or abs(now - state.looked_at) > GAP
    return replace(state, looked_at=now, watching_since=now if paused else state.watching_since)


def _quiet(state: State, why: str) -> Decision:
    return Decision(state, why, _well(state))


def _step_back(facts: Facts, state: State) -> Decision:
    covered = {**state.covered, **facts.covered}
    after = State(looked_at=state.looked_at, watching_since=state.watching_since, last=_back(facts, state, covered))
    return Decision(after, "QTickets is back", _well(after), reload=_missed(facts, state, covered))


def _missed(facts: Facts, state: State, covered: Mapping[date, Covered]) -> tuple[date, ...]:
    """Days that are over and that the API has not seen to their end: the running day is loaded anyway."""
    today = facts.now.astimezone(MOSCOW).date()
    first = (state.away_since or facts.now).astimezone(MOSCOW).date()
    away = (first + timedelta(days=offset) for offset in range((today - first).days))
    return tuple(sorted({*away, *(day for day in covered if day < today)}))


def _go_on(facts: Facts, state: State, age: timedelta) -> Decision:
    state = replace(state, covered={**state.covered, **facts.covered})
    since = f"QTickets was last loaded {_minutes(age)} minutes ago"
    if facts.unready:
        return Decision(state, f"{since}, and the mail cannot be read: {facts.unready}", _bad(facts, state))
    waits = state.started_at is not None and abs(facts.now - state.started_at) < BETWEEN_LOADS
    if facts.is_loading or waits:
        why = "a mail load is running" if facts.is_loading else "the last mail load was a few minutes ago"
        return Decision(state, f"{since}; {why}", _bad(facts, state))
    state = replace(state, started_at=facts.now, served=True)
    return Decision(state, f"{since}: the mail takes over", _bad(facts, state), start=True)


def _age(facts: Facts) -> timedelta:
    return facts.now - (facts.api_loaded_at or facts.now)


def _well(state: State) -> tuple[Verdict, ...]:
    return tuple(_verdict(name, Status.OK, state.last or "QTickets загружается") for name in (FROM_MAIL, NO_BACKUP))


def _bad(facts: Facts, state: State) -> tuple[Verdict, ...]:
    """The replacement is told once it works; that it does not is told by itself."""
    loaded = f"Последняя загрузка из QTickets: {_moment(facts.api_loaded_at or facts.now)} (Москва)."
    look = "Посмотрите последние запуски qtickets_refresh и проверьте доступ к QTickets: `zakaz doctor --live`."
    told = f"{loaded} Новые продажи читаются из писем с отчётами; такие дни помечены sales_source = mail."
    if state.covered:
        first, last = min(state.covered), max(state.covered)
        told += f" Дней из писем: {len(state.covered)}, с {first:%d.%m.%Y} по {last:%d.%m.%Y}."
    serving = _verdict(FROM_MAIL, Status.ERROR, told, f"{look} Когда QTickets ответит, его данные вернутся сами.")
    fault = f"{loaded} Письма с отчётами могли бы его заменить, но не читаются: {facts.unready}"
    cure = f"Выполните `zakaz gmail authorize`, затем `zakaz gmail check`. {look}"
    backup = (
        _verdict(NO_BACKUP, Status.ERROR, fault, cure)
        if facts.unready
        else _verdict(NO_BACKUP, Status.OK, "Почта читается.")
    )
    return (serving, backup) if state.served else (backup,)


def _verdict(name: str, status: Status, detail: str, action: str = "") -> Verdict:
    return Verdict(name, "data", status, detail, action, assets=(TABLE,), link=f"assets/{TABLE}")


def _back(facts: Facts, state: State, covered: Mapping[date, Covered]) -> str:
    head = f"QTickets снова загружается. Почта заменяла его с {_moment(state.engaged_since or facts.now)} (Москва)."
    if not covered:
        return f"{head} Писем с отчётами за это время не было."
    return f"{head} По письмам были известны:\n{_lines(covered)}\nЭти дни загружаются из QTickets заново, целиком."


def _lines(covered: Mapping[date, Covered]) -> str:
    return "\n".join(_line(day, covered[day]) for day in sorted(covered))


def _line(day: date, covered: Covered) -> str:
    revenue = f"{covered.revenue_rub:,.2f}".replace(",", "\u00a0").replace(".", ",")
    reported = _moment(covered.reported_at)
    return f"— {day:%d.%m.%Y}: билетов {covered.tickets}, выручка {revenue} руб., последнее письмо {reported}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)
