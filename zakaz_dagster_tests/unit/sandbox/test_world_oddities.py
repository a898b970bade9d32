"""A dirty organiser is dirty in every kind, and its books are those of what a reader can count."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from zakaz_dagster.dev.sandbox.gmail import dirt as report_dirt
from zakaz_dagster.dev.sandbox.gmail import mails, reports
from zakaz_dagster.dev.sandbox.qtickets import dirt
from zakaz_dagster.dev.sandbox.qtickets.bodies import order_body
from zakaz_dagster.dev.sandbox.qtickets.catalogue import Catalogue
from zakaz_dagster.dev.sandbox.qtickets.places import barcode_rows, seat_rows
from zakaz_dagster.dev.sandbox.world import World, WorldParams, oddities
from zakaz_dagster.dev.sandbox.world.moments import days, midnight
from zakaz_dagster.sources.gmail.inspect import file, message
from zakaz_dagster.sources.qtickets.inspect import events, orders

START, END = date(2026, 11, 10), date(2026, 11, 26)
NOW = midnight(END)
KINDS = frozenset(oddities.KINDS)
FIGURES = {
    "tickets": "tickets_sold",
    "free_tickets": "tickets_free",
    "refunded_tickets": "tickets_refunded",
    "gross_rub": "revenue",
    "refunds_rub": "refunds",
}


@pytest.fixture(scope="module")
def dirty() -> World:
    return World(WorldParams(seed=7, start=START, dirt=KINDS))


def test_the_books_of_a_dirty_world_are_what_can_be_read_of_its_orders(dirty):
    made = [order for day in days(START, END) for order in dirty.visible(day, NOW)]
    read = orders(json.dumps({"data": [dirt.order(order_body(order, NOW), KINDS) for order in made]}).encode(), {})
    told = Counter()
    for day in dirty.truths(START, END, NOW):
        told.update({ours: Decimal(str(day["sales"][theirs])) for ours, theirs in FIGURES.items()})
    assert {name: Decimal(str(read.totals[name])) for name in FIGURES} == told
    reasons = " ".join(str(reject["reason"]) for reject in read.rejects)
    assert all(word in reasons for word in ("$.updated_at", "price", "currency", "$.event_id", "each time otherwise"))


def test_without_dirt_no_order_is_odd():
    tidy = World(WorldParams(seed=7, start=START))
    made = [order for day in days(START, END) for order in tidy.visible(day, NOW)]
    read = orders(
        json.dumps({"data": [dirt.order(order_body(order, NOW), frozenset()) for order in made]}).encode(), {}
    )
    assert list(read.rejects) == []


def test_odd_events_cost_their_shows_and_unknown_towns_stay_themselves(dirty):
    catalogue = Catalogue(dirty)
    known = catalogue.events(NOW)
    bodies = [dirt.event(catalogue.body(event, NOW, heavy=False), KINDS) for event in known]
    read = events(json.dumps({"data": bodies}).encode(), {})
    assert read.totals["events"] == len(known)
    assert read.rejects
    assert {row["city_key"] for row in read.rows} == {row["city_key"].strip() for row in read.rows}
    assert "усть кемь" in {row["city_key"] for row in read.rows}


def test_a_moved_ticket_occupies_a_place_of_its_new_show(dirty):
    made = [order for day in days(START, END) for order in dirty.visible(day, NOW)]
    elsewhere = {
        ticket.show_id
        for order in made
        for ticket in order.tickets
        if dirty.tours.event_of_show(ticket.show_id).id != order.event_id
    }
    assert len(elsewhere) > 2
    for show in elsewhere:
        assert seat_rows(dirty, show, NOW)
        assert barcode_rows(dirty, show, NOW)


def test_seats_that_are_sold_and_closed_are_both(dirty):
    shows = [show.id for event in dirty.tours.on_sale(END) for show in event.shows if show.deleted is None]
    rows = [row for show in shows for row in seat_rows(dirty, show, NOW)]
    assert [row for row in rows if row["disabled"] and row["payed_quantity"]]


@pytest.mark.parametrize("form", range(len(report_dirt.FORMS)), ids=report_dirt.FORMS)
@pytest.mark.parametrize("money", [0, 2])
def test_a_report_that_went_through_a_spreadsheet_says_what_it_said(dirty, form, money):
    found = reports.rows(dirty, [date(2026, 11, 24), date(2026, 11, 25)], NOW)
    cells = report_dirt.dirty_table(found, reports.Style(money=money), form)
    for raw in (
        reports.as_html(cells, greeting="Отчёт").encode(),
        reports.as_csv(report_dirt.seen(cells), ";").encode(),
        reports.as_xlsx(report_dirt.seen(cells)),
    ):
        read = file(raw, {})
        assert len(read.rows) == len(found)
        assert read.totals["tickets"] == sum(row["tickets"] for row in found)
        assert Decimal(str(read.totals["gross_rub"])) == Decimal(sum(row["revenue"] for row in found)) / 100


def test_an_evening_answer_quotes_the_report_of_the_night(dirty):
    day = date(2026, 11, 25)
    sent = {mail.kind: mail for mail in mails.sent(dirty, midnight(day), NOW)}
    read = message(mails.written(dirty, sent["reply"]).as_bytes(), {})
    at_night = reports.rows(dirty, [date(2026, 11, 24), day], midnight(day) + mails.REPORTS[1])
    assert read.totals["tickets"] == sum(row["tickets"] for row in at_night)
    assert sent["reply"].at > sent["report"].at
