"""Sales counted by hand, as docs/metrics.md says in words: plain Python over lists, none of the product's SQL.

Belongs here: the reading of the rules. Does not: worlds, the comparison (`test_sales_worlds`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from zakaz_dagster.parsing.cities import city_key
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.seeds import city_index
from zakaz_dagster.timezone import bounds

NOWHERE = "не указано"
# Whose word a measure is: the mail's statement that it takes, or the API's alone.
SPOKEN = {"sold": "sales", "revenue": "sales", "free": "free", "refunded": "refunded_tickets", "refunds": "refunds"}
Key = tuple[date, str, int, int, str]  # date, channel, event, show, city
Figures = dict[str, int]
Place = tuple[date, str]  # a day and a city
Said = tuple[datetime, frozenset[str]]  # as of when, and of which measures


@dataclass(frozen=True)
class Event:
    id: int
    name: str
    city: str
    deleted: bool = False


@dataclass(frozen=True)
class Ticket:
    """A ticket of the API; `removed` and `refunded` are days, `back` and `kept` roubles of a refund."""

    day: date
    price: int
    event: int
    show: int
    removed: date | None = None
    refunded: date | None = None
    back: int = 0
    kept: int = 0


@dataclass(frozen=True)
class Line:
    """A line of a mailed report; `says` are the measures it has columns for beside tickets and revenue."""

    day: date
    name: str
    city: str
    tickets: int
    price: int
    reported: datetime
    returned: tuple[int, int] = (0, 0)
    event: int = 0
    says: frozenset[str] = frozenset()


@dataclass
class Bookkeeper:
    """What is known: the catalogue, and until when each day was read from the API."""

    events: Mapping[int, Event]
    shows: Mapping[int, int]
    read_until: Mapping[date, datetime]
    entries: dict[Key, Figures] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def counted(self, tickets: Iterable[Ticket], lines: Sequence[Line]) -> dict[Key, Figures]:
        """What counts, by day of the money, channel, event, show and city; nothing that is all zero."""
        for ticket in tickets:
            self._enter_ticket(ticket)
        for line in lines:
            key = (line.day, "mail", *self._of_line(line))
            self._enter(key, sold=line.tickets, revenue=line.price, refunded=line.returned[0], refunds=line.returned[1])
        statements = self._statements(lines)
        found = {}
        for key, figures in self.entries.items():
            kept = {name: value for name, value in figures.items() if value and self._counts(key, name, statements)}
            if kept:
                found[key] = kept
        return found

    def _enter(self, key: Key, **figures: int) -> None:
        for name, value in figures.items():
            self.entries[key][name] += value

    def _enter_ticket(self, ticket: Ticket) -> None:
        event = self.shows.get(ticket.show) or ticket.event
        place = (event, ticket.show, self._city_of(event) or NOWHERE)
        if ticket.removed and not ticket.refunded:
            self._enter((ticket.removed, "api", *place), removed=1)
            return
        self._enter((ticket.day, "api", *place), sold=1, free=int(ticket.price == 0), revenue=ticket.price)
        if ticket.refunded:
            key = (ticket.refunded, "api", *place)
            self._enter(key, refunded=1, refunds=ticket.back, deduction=ticket.kept)

    def _city_of(self, event: int) -> str:
        return _city(self.events[event].city) if event in self.events else ""

    def _of_line(self, line: Line) -> tuple[int, int, str]:
        """Event, show and city of a mail's line: by number, else the one live event of that name in that city."""
        own = _city(line.city)
        named = [
            event.id
            for event in self.events.values()
            if not event.deleted
            and name_key(event.name) == name_key(line.name)
            and (not own or _city(event.city) == own)
        ]
        event = line.event or (named[0] if len(named) == 1 else 0)
        return event, 0, self._city_of(event) or own or NOWHERE

    def _statements(self, lines: Sequence[Line]) -> dict[Place, Said]:
        """What mails say of a day and city: as of when, and of which measures."""
        found: dict[Place, Said] = {}
        for line in lines:
            key = (line.day, self._of_line(line)[2])
            at, says = found.get(key, (line.reported, frozenset[str]()))
            found[key] = (max(at, line.reported), says | line.says | {"sales"})
        return found

    def _counts(self, key: Key, name: str, statements: Mapping[Place, Said]) -> bool:
        """Whether the channel of an entry is the one whose word counts for this measure."""
        day, channel, city = key[0], key[1], key[4]
        said = statements.get((day, city)) or self._of_everywhere(day, statements)
        is_mail = False
        if said and name in SPOKEN and SPOKEN[name] in said[1]:
            until = self.read_until.get(day)
            is_mail = until is None or (until < said[0] and until < bounds(day)[1])
        return is_mail == (channel == "mail")

    @staticmethod
    def _of_everywhere(day: date, statements: Mapping[Place, Said]) -> Said | None:
        """A mail without cities speaks of all; one that names some means no other by its lines without one."""
        said = statements.get((day, NOWHERE))
        named = {at for (on, city), (at, _) in statements.items() if on == day and city != NOWHERE}
        return said if said and said[0] not in named else None


def _city(text: str) -> str:
    return city_index().resolve(text) or city_key(text)
