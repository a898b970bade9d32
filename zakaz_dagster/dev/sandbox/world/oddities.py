"""Records of the vendor that are not as documented: which orders and events, and what of them no reader can count.

odd_orders       every 20th order has a harmless oddity; every 12th one, or its first ticket, cannot be counted
odd_events       events without a time zone, without a list of shows or without a name, and a show without a start
city_spellings   «г. Томск», «ТОМСК г.», a no-break hyphen, no-break spaces
unknown_cities   every eleventh stop is in a town the list of cities does not have
closed_seats     every third numbered seat was closed by the organiser after it had been sold
moved_tickets    every 25th order's last ticket was moved to a show of another event, often in another city
dirty_reports    report mails whose tables went through a spreadsheet (`gmail.dirt`)
replies          late in the evening the vendor answers a question below the report of the night

Belongs here: the choice, and what follows for the books. Does not: how such a record is written (`sandbox.qtickets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zakaz_dagster.dev.sandbox.world.halls import Halls
from zakaz_dagster.dev.sandbox.world.lifecycle import Order
from zakaz_dagster.dev.sandbox.world.places import UNKNOWN_CITIES
from zakaz_dagster.dev.sandbox.world.tours import Event

ODD_ORDERS, ODD_EVENTS, CITY_SPELLINGS = "odd_orders", "odd_events", "city_spellings"
CLOSED_SEATS, MOVED_TICKETS, DIRTY_REPORTS, REPLIES = "closed_seats", "moved_tickets", "dirty_reports", "replies"
KINDS = (
    *(ODD_ORDERS, ODD_EVENTS, CITY_SPELLINGS, UNKNOWN_CITIES, CLOSED_SEATS, MOVED_TICKETS),
    *(DIRTY_REPORTS, REPLIES),
)
HARMLESS, UNUSABLE, MOVED, ODD_EVENT = 20, 12, 25, 7
WHOLE, FIRST = "whole", "first"
# What each unusable form costs: the order, or its first ticket.
UNUSABLE_FORMS = {
    "no_moment": WHOLE,
    "price_as_text": FIRST,
    "other_currency": WHOLE,
    "letters_for_a_number": WHOLE,
    "ticket_twice": FIRST,
}
HARMLESS_FORMS = ("number_in_a_tag", "no_tags", "no_seat", "text_for_an_unread_number")
EVENT_FORMS = ("no_timezone", "no_shows", "no_name", "no_start")


def unusable(order_id: int, kinds: frozenset[str]) -> str:
    """The form in which an order, or its first ticket, is one that no reader can count; empty for the others."""
    forms = list(UNUSABLE_FORMS)
    is_one = ODD_ORDERS in kinds and order_id % UNUSABLE == 7
    return forms[order_id // UNUSABLE % len(forms)] if is_one else ""


def harmless(order_id: int, kinds: frozenset[str]) -> str:
    """The form of an order that reads on after a shrug; empty for the others."""
    is_one = ODD_ORDERS in kinds and order_id % HARMLESS == 3
    return HARMLESS_FORMS[order_id // HARMLESS % len(HARMLESS_FORMS)] if is_one else ""


def odd_event(event_id: int, kinds: frozenset[str]) -> str:
    """The form of an odd event; empty for the others."""
    is_one = ODD_EVENTS in kinds and event_id % ODD_EVENT == 3
    return EVENT_FORMS[event_id // ODD_EVENT % len(EVENT_FORMS)] if is_one else ""


def uncounted(order: Order, kinds: frozenset[str]) -> frozenset[int]:
    """Places of the order's tickets that no reader can count."""
    form = unusable(order.id, kinds)
    if not form:
        return frozenset()
    return frozenset(range(len(order.tickets)) if UNUSABLE_FORMS[form] == WHOLE else (0,))


def to_move_to(events: Sequence[Event], kinds: frozenset[str]) -> list[Event]:
    """The events that tickets are moved to: those that are not odd themselves; none without `moved_tickets`."""
    return [event for event in events if not odd_event(event.id, kinds)] if MOVED_TICKETS in kinds else []


def is_moved(order_id: int) -> bool:
    return order_id % MOVED == 11


def moved(order: Order, events: Sequence[Event], halls: Halls) -> Order:
    """The order, its last ticket moved to the last show of another of these events; its own event stays what it was."""
    others = [event for event in events if event.id != order.event_id]
    if not others:
        return order
    event = others[order.id // MOVED % len(others)]
    live = [show for show in event.shows if show.deleted is None]
    return with_ticket_at(order, len(order.tickets) - 1, live[-1].id, halls.of(event).zones[-1].id)


def with_ticket_at(order: Order, index: int, show_id: int, seat_id: str) -> Order:
    """The order with one ticket standing elsewhere."""
    tickets = [*order.tickets]
    tickets[index] = tickets[index]._replace(show_id=show_id, seat_id=seat_id)
    return replace(order, tickets=tuple(tickets), _settled=None)
