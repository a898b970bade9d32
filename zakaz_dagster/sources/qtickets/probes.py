"""Read-only questions to a live account that answer the contract's open unknowns; `zakaz doctor --live` prints them.

Each probe is a few requests and answers with a fact in words; a failure is a fact too. Nothing personal is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.qtickets.api import QTicketsApi, changed_since, paid_between
from zakaz_dagster.sources.qtickets.records import Order
from zakaz_dagster.timezone import MOSCOW, bounds

LOOK_BACK_PAGES = 5
Fact = tuple[str, str]


def probe(api: QTicketsApi, now: datetime) -> Iterator[Fact]:
    """(question, answer) pairs."""
    questions: list[tuple[str, Callable[[], str]]] = [
        ("does GET with a body honour payed_at", lambda: _window(api, now, "payed_at")),
        ("does GET with a body honour updated_at", lambda: _window(api, now, "updated_at")),
        ("orderBy id desc", lambda: _descending(api)),
        ("page size asked and given", lambda: _page_size(api)),
        ("shape of a refund", lambda: _refund(api)),
        ("does an order lose its payment date", lambda: _lost_payment(api)),
        ("do a show's barcodes equal its seats sold", lambda: _barcodes(api, now)),
    ]
    for question, answer in questions:
        try:
            yield question, answer()
        except Failure as failure:
            yield question, f"no answer: {failure}"


def _window(api: QTicketsApi, now: datetime, column: str) -> str:
    today, _ = bounds(now.astimezone(MOSCOW).date())
    start = today - timedelta(days=1)
    where = paid_between(start, today) if column == "payed_at" else changed_since(start)
    page = api.orders_page(where, {column: "asc"}, 1, None)
    inside = sum(1 for order in page.data if _is_inside(getattr(order, column), start))
    verdict = (
        "yes" if page.data and inside == len(page.data) else "no rows yesterday" if not page.data else "NO: ignored"
    )
    return f"{verdict}; {inside} of {len(page.data)} inside, total {page.paging.total}"


def _is_inside(moment: datetime | None, start: datetime) -> bool:
    return moment is not None and moment >= start


def _descending(api: QTicketsApi) -> str:
    ids = [order.id for order in api.orders_page([], {"id": "desc"}, 1, None).data]
    return "honoured" if len(ids) > 1 and ids == sorted(ids, reverse=True) else "NOT honoured"


def _page_size(api: QTicketsApi) -> str:
    page = api.orders_page([], {"id": "desc"}, 1, None)
    return f"asked {api.page_size}, paging.perPage {page.paging.per_page}, {len(page.data)} on the page"


def _refund(api: QTicketsApi) -> str:
    for number in range(1, LOOK_BACK_PAGES + 1):
        for order in api.orders_page([], {"updated_at": "desc"}, number, None).data:
            if any(ticket.refunded_at for ticket in order.baskets):
                return f"order {order.id}: {_refund_words(order)}"
    return f"none among the {LOOK_BACK_PAGES * api.page_size} orders changed last"


def _lost_payment(api: QTicketsApi) -> str:
    """Orders with refunded tickets whose payment date is null: these vanish from a list by payment date."""
    refunded = lost = seen = 0
    for number in range(1, LOOK_BACK_PAGES + 1):
        orders = api.orders_page([], {"updated_at": "desc"}, number, None).data
        seen += len(orders)
        with_refunds = [order for order in orders if any(ticket.refunded_at for ticket in order.baskets)]
        refunded += len(with_refunds)
        lost += sum(1 for order in with_refunds if order.payed_at is None)
    return f"{lost} of {refunded} orders with refunds have no payed_at; {seen} orders changed last were looked at"


def _barcodes(api: QTicketsApi, now: datetime) -> str:
    """Of the next show on sale: live tickets by two ways."""
    page = api.events_page(1)
    upcoming = sorted(
        (show.start_date, show.id)
        for event in page.data
        for show in event.shows or ()
        if show.start_date and show.start_date > now and not show.deleted_at and not event.deleted_at
    )
    if not upcoming:
        return "no show on sale among the first events"
    show = upcoming[0][1]
    sold = sum(seat.payed_quantity for seat in api.seats(show)[0].values())
    return f"show {show}: {len(api.barcodes(show))} barcodes, {sold} seats sold"


def _refund_words(order: Order) -> str:
    refunded = [ticket for ticket in order.baskets if ticket.refunded_at]
    prices = sum(ticket.price for ticket in order.baskets)
    return (
        f"{len(refunded)} of {len(order.baskets)} tickets refunded; payed={bool(order.payed)}, "
        f"order {'deleted' if order.deleted_at else 'not deleted'}, "
        f"tickets {'deleted' if all(ticket.deleted_at for ticket in refunded) else 'not deleted'}, "
        f"order.price {'equals' if prices == order.price else 'differs from'} the sum of ticket prices, "
        f"amounts {[ticket.refunded_amount for ticket in refunded]}, "
        f"kept {[ticket.refunded_deduction_amount for ticket in refunded]}"
    )
