"""One odd record costs itself: it is put aside with its place and reason, the others count, and nobody's name is kept."""

from __future__ import annotations

import contextlib
import copy
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zakaz_dagster.errors import Failure, ShapeChanged
from zakaz_dagster.sources.qtickets.answers import ORDER, page_of
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster_tests.bodies_qtickets import PLANTED, order, page, ticket

DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


class Account:
    """Answers one page of these bodies, as bytes that may be anything."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def orders_page(self, where: object, order_by: object, number: int, day: object) -> Any:
        return page_of(self.raw, ORDER, "GET /orders")


def read(raw: bytes, **options: Any) -> Any:
    """The one day of a page."""
    source = QTicketsSource(Account(raw), salt="s", now=lambda: NOW, **options)  # type: ignore[arg-type]
    (found,) = source.read(DAY, DAY)
    assert found.received == found.accepted + len(found.rejects)
    told = "".join(f"{reject.reason} {reject.where} {reject.payload}" for reject in found.rejects)
    assert not any(name in told for name in PLANTED), told
    assert '"client_id"' not in told or ": 77" not in told
    return found


def changed(**over: Any) -> dict[str, Any]:
    return order(ticket(500), **over)


def without(field: str) -> dict[str, Any]:
    body = order(ticket(500))
    del body[field]
    return body


READABLE = {
    "a number in a tag": (changed(utm={"utm_campaign": 123, "utm_content": "x"}), ("123", "x")),
    "no tags at all": (changed(utm=None), ("", "")),
    "a seat that nobody uses": (order(ticket(500, seat_id=None)), ("", "")),
    "fields that are not read": (changed(site_id="x", discount_id=[], promo_code_id={}, created_at=7), ("", "")),
    "fewer fields than documented": (without("site_id"), ("", "")),
}


@pytest.mark.parametrize(("body", "tags"), READABLE.values(), ids=READABLE)
def test_what_can_be_read_for_sure_is_read(body: dict[str, Any], tags: tuple[str, str]) -> None:
    (line,) = read(page(body)).tables["stg_qtickets_sales_raw"].to_pylist()
    assert (line["price_rub"], line["utm_campaign"], line["utm_content"]) == (500, *tags)


ODD = {
    "an empty moment": (changed(deleted_at=""), "$.deleted_at"),
    "a moment without an offset": (changed(updated_at="2026-03-01T10:00:00"), "$.updated_at"),
    "a moment in another age": (changed(updated_at="9999-12-31T23:59:59+03:00"), "the year 9999"),
    "no such day": (changed(deleted_at="2026-02-30T10:00:00+03:00"), "$.deleted_at"),
    "a text for a price": (order(ticket(500) | {"price": "500"}, price=500), "$.baskets[0].price"),
    "a price of nothing": (order(ticket(500) | {"price": None}, price=500), "$.baskets[0].price"),
    "a price of a planet": (order(ticket(500) | {"price": 1e300}), "price"),
    "an id of letters": (changed(id="A-1"), "$.id"),
    "an id below zero": (changed(event_id=-1), "$.event_id"),
    "an id beyond every number": (changed(event_id=10**30), "$.event_id"),
    "tickets as an object": (changed(baskets={}), "$.baskets"),
    "a list for a text": (changed(currency_id=["RUB"]), "$.currency_id"),
    "a tag inside a tag": (changed(utm={"utm_source": {"a": 1}}), "$.utm.utm_source"),
    "nothing but a number": (7, "Expected `object`"),
    "no payment flag": (without("payed"), "`payed`"),
}


@pytest.mark.parametrize(("body", "reason"), ODD.values(), ids=ODD)
def test_an_odd_order_is_put_aside_with_the_path_of_its_field_and_the_others_count(body: Any, reason: str) -> None:
    found = read(page(order(ticket(100)), body, order(ticket(200))))
    assert found.totals["gross_rub"] == 300
    (reject,) = found.rejects
    assert reason in reject.reason
    assert reject.where.startswith(("order 2 of page 1", f"order {body['id'] if isinstance(body, dict) else ''}"))


def test_an_odd_ticket_leaves_the_rest_of_its_order() -> None:
    body = order(ticket(100), ticket(200) | {"refunded_at": "yesterday"}, ticket(300))
    found = read(page(body))
    assert found.totals["gross_rub"] == 400
    (reject,) = found.rejects
    assert reject.where == f"order {body['id']}, basket 2 of 3, id {body['baskets'][1]['id']}"
    assert "$.refunded_at" in reject.reason


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Иванова, звонить после 18", "text of 25 characters"), ("2026-02-30T10:00:00", "2026-02-30T10:00:00")],
)
def test_what_is_kept_of_an_odd_field_is_no_text_that_somebody_wrote(text: str, kept: str) -> None:
    (reject,) = read(page(order(ticket(100), ticket(200) | {"refunded_at": text}))).rejects
    assert json.loads(reject.payload)["refunded_at"] == kept


def test_an_order_of_odd_tickets_only_is_one_record_put_aside() -> None:
    body = order(ticket(1) | {"price": "1"}, ticket(2) | {"price": "2"}, price=3)
    found = read(page(body, order(ticket(500))))
    assert (found.received, found.accepted, len(found.rejects)) == (2, 1, 1)


def test_a_ticket_that_came_twice_is_named_and_counts_once() -> None:
    same = ticket(500)
    found = read(page(order(same, copy.deepcopy(same), ticket(100))))
    assert found.totals["gross_rub"] == 600
    (reject,) = found.rejects
    assert f"ticket {same['id']} came 2 times: copy 2" in reject.reason


def test_a_ticket_that_came_twice_with_two_prices_counts_never() -> None:
    one = ticket(500)
    found = read(page(order(one), order({**one, "price": 400}), order(ticket(100))))
    assert found.totals["gross_rub"] == 100
    assert sorted(reject.reason for reject in found.rejects) == [
        f"ticket {one['id']} came 2 times, each time otherwise: copy {copy}" for copy in (1, 2)
    ]


def test_most_records_of_another_shape_are_another_shape() -> None:
    odd = [order(ticket(500), payed="yes") for _ in range(10)]
    good = [order(ticket(100)) for _ in range(9)]
    with pytest.raises(ShapeChanged, match=r"10 of 19 records .*\$\.payed"):
        read(page(*odd, *good))
    assert read(page(*odd, *good), odd_share=0.6).accepted == 9
    assert len(read(page(*odd, *good, *[order(ticket(100)) for _ in range(2)])).rejects) == 10


def test_an_envelope_of_another_shape_fails_whatever_the_share() -> None:
    for raw in (
        b'{"data": [], "pages": 1}',
        b'{"data": {"1": {}}, "paging": {}}',
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
    ):
        with pytest.raises(ShapeChanged, match="GET /orders"):
            page_of(raw, ORDER, "GET /orders")


@pytest.mark.parametrize(
    "name", [b'"\\ud83d"', b'"\\udc00\\ud800"', b'"\xff\xfe"', b'"\xd0"', b'"\\u0000\xe2\x80\xae"']
)
def test_a_name_that_is_no_text_costs_nothing(name: bytes) -> None:
    body = page(order(ticket(500))).replace(json.dumps(PLANTED[0], ensure_ascii=False).encode(), name)
    assert name in body
    assert read(body).totals["gross_rub"] == 500


# Whatever a body holds, a day adds up or the load fails by name.
hostile = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=20), st.just([]), st.just({}),
    st.sampled_from(["", "\x00", "\u202e", "2026-03-01T10:00:00+03:00", "9999-01-01T00:00:00Z", "-1", "1e999", "'; DROP TABLE"]),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    bodies = [order(ticket(100), ticket(250.5)), order(ticket(0), utm={"utm_source": "vk"}), order(ticket(300))]
    for _ in range(draw(st.integers(1, 4))):
        place: Any = draw(st.sampled_from(bodies))
        if draw(st.booleans()):
            place = (
                draw(st.sampled_from(place["baskets"]))
                if isinstance(place.get("baskets"), list) and place["baskets"]
                else place
            )
        if not isinstance(place, dict) or not place:
            continue
        name = draw(st.sampled_from(sorted(place)))
        if draw(st.booleans()):
            place[name] = draw(hostile)
        else:
            del place[name]
    raw = page(*bodies).replace(b"NaN", b"0")
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(raw) - 1))
        raw = raw[:at] + draw(st.binary(max_size=3)) + raw[at + draw(st.integers(0, 3)) :]
    return raw


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_whatever_a_body_holds_a_day_adds_up_or_the_load_fails_by_name(raw: bytes) -> None:
    found = None
    with contextlib.suppress(Failure):
        found = read(raw)
    if found is not None:
        assert found.accepted == found.tables["stg_qtickets_sales_raw"].num_rows <= found.received
        assert all(each.reason and each.where for each in found.rejects)
