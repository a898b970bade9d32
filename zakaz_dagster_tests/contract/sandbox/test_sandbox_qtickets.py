"""QTickets as the contract describes it, over a socket."""

from __future__ import annotations

import time
from collections import defaultdict
from decimal import Decimal

import pytest

DAY, NEXT = "2026-11-20T00:00:00+03:00", "2026-11-21T00:00:00+03:00"
PAID_THAT_DAY = [
    {"column": "payed", "value": 1},
    {"column": "payed_at", "operator": ">=", "value": DAY},
    {"column": "payed_at", "operator": "<", "value": NEXT},
]


def test_a_body_filter_is_honoured(qtickets):
    rows = qtickets.all("/orders", where=PAID_THAT_DAY, perPage=10)
    assert len(rows) > 20
    assert {row["payed_at"][:10] for row in rows} == {"2026-11-20"}
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("query", ["payed=1", "date_from=2026-11-20", "per_page=5&page=3", "where=x&orderBy=-id"])
def test_what_stands_in_the_query_string_is_ignored_without_a_word(qtickets, query):
    plain = qtickets.get("/orders")
    assert qtickets.get(f"/orders?{query}").content == plain.content
    body = plain.json()
    assert len(body["data"]) == body["paging"]["perPage"] == 50
    assert body["data"][0]["created_at"].startswith("2026-06-25")
    assert body["paging"]["total"] > 5000


def test_paging_names_size_page_and_total_and_nothing_else(qtickets):
    answer = qtickets.get("/orders", {"page": 2, "perPage": 7}).json()
    assert set(answer) == {"data", "paging"}
    assert set(answer["paging"]) == {"perPage", "currentPage", "total"}
    assert (answer["paging"]["perPage"], answer["paging"]["currentPage"], len(answer["data"])) == (7, 2, 7)


def test_the_page_size_is_capped_and_the_answer_says_so(qtickets):
    answer = qtickets.get("/orders", {"perPage": 5000}).json()
    assert answer["paging"]["perPage"] == len(answer["data"]) == 200


def test_per_page_in_snake_case_is_not_a_page_size(qtickets):
    assert qtickets.get("/orders", {"per_page": 5}).json()["paging"]["perPage"] == 50


def test_a_page_after_the_last_is_empty(qtickets):
    assert qtickets.rows("/orders", {"where": PAID_THAT_DAY, "page": 900}) == []


def test_order_by_id_descending_gives_the_newest(qtickets):
    rows = qtickets.rows("/orders", {"orderBy": {"id": "desc"}, "perPage": 3})
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert rows[0]["created_at"] >= "2026-11-22"


def test_order_by_a_date_with_nulls(qtickets):
    where = [{"column": "created_at", "operator": ">=", "value": "2026-11-20T00:00:00+03:00"}]
    rows = qtickets.all("/orders", where=where, orderBy={"payed_at": "desc"}, perPage=200)
    dates = [row["payed_at"] for row in rows]
    assert dates == sorted((date for date in dates if date), reverse=True) + [None] * dates.count(None)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"column": "deleted_at", "operator": "null"}, lambda row: row["deleted_at"] is None),
        ({"column": "deleted_at", "operator": "not null"}, lambda row: row["deleted_at"] is not None),
        ({"column": "payed", "value": 0}, lambda row: row["payed"] is False),
        ({"column": "price", "operator": "!=", "value": 0}, lambda row: row["price"] != 0),
        ({"column": "discount_id", "operator": "in", "value": [6900]}, lambda row: row["discount_id"] == 6900),
        ({"column": "client.details.vk_id", "value": ""}, lambda row: row["client"]["details"]["vk_id"] == ""),
        (
            {"column": "utm.utm_source", "operator": "in array", "value": ["vk"]},
            lambda row: row["utm"]["utm_source"] == "vk",
        ),
    ],
)
def test_conditions_are_anded_with_every_operator(qtickets, condition, holds):
    since = {"column": "created_at", "operator": ">", "value": "2026-11-19T00:00:00+03:00"}
    every = qtickets.all("/orders", where=[since], perPage=200)
    some = qtickets.all("/orders", where=[since, condition], perPage=200)
    assert 0 < len(some) <= len(every)
    assert all(holds(row) for row in some)
    assert len(some) == sum(1 for row in every if row["id"] in {found["id"] for found in some})


def test_a_comparison_never_matches_null(qtickets):
    rows = qtickets.rows("/orders", {"where": [{"column": "payed_at", "operator": "!=", "value": DAY}]})
    assert all(row["payed_at"] for row in rows)


@pytest.mark.parametrize(
    "body",
    [
        {"where": [{"column": "no_such_column", "value": 1}]},
        {"where": [{"column": "id", "operator": "~", "value": 1}]},
        {"where": [{"column": "payed_at", "operator": ">", "value": "вчера"}]},
        {"orderBy": {"id": "up"}},
        {"page": 0},
    ],
)
def test_what_the_vendor_does_not_understand_is_an_unknown_error(qtickets, body):
    answer = qtickets.get("/orders", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["info"]) == (503, "UNKNOWN_ERROR", [])


def test_updated_at_finds_a_refund_of_a_sale_three_months_ago(sandbox, qtickets):
    old = next(o for o in sandbox.orders("2026-08-20") if any(t["live"] and t["price"] != "0.00" for t in o["tickets"]))
    ticket = next(t for t in old["tickets"] if t["live"] and t["price"] != "0.00")
    sandbox.edit("refund", ticket["id"], amount="100.50")
    since = {"column": "updated_at", "operator": ">=", "value": "2026-11-22T12:00:00+03:00"}
    (found,) = qtickets.rows("/orders", {"where": [since]})
    basket = next(basket for basket in found["baskets"] if basket["id"] == ticket["id"])
    assert found["id"] == old["id"]
    assert (basket["refunded_amount"], basket["refunded_at"]) == (100.5, "2026-11-22T12:00:00+03:00")


def test_every_day_read_over_the_protocol_equals_the_truth(sandbox, qtickets):
    rows = qtickets.all("/orders", perPage=200)
    revenue, tickets = defaultdict(Decimal), defaultdict(int)
    for order in rows:
        for basket in order["baskets"] if order["payed_at"] else ():
            if basket["refunded_at"] or not (basket["deleted_at"] or order["deleted_at"]):
                revenue[order["payed_at"][:10]] += Decimal(str(basket["price"]))
                tickets[order["payed_at"][:10]] += 1
    told = sandbox.truths("2026-06-25", "2026-11-22")["days"]
    assert len(told) == 151
    for day in told:
        assert Decimal(day["sales"]["revenue"]) == revenue[day["day"]]
        assert day["sales"]["tickets_sold"] == tickets[day["day"]]


def test_an_order_has_the_keys_and_types_of_the_live_answers(qtickets, recorded):
    import json

    live = json.loads((recorded("qtickets") / "01_orders_page1.json").read_text())["data"]
    ours = qtickets.all("/orders", where=PAID_THAT_DAY, perPage=200)
    keys = {frozenset(row) for row in live}
    assert {frozenset(row) for row in ours} == keys
    basket_keys = {frozenset(basket) for row in live for basket in row["baskets"]}
    assert {frozenset(basket) for row in ours for basket in row["baskets"]} == basket_keys
    for name in ("id", "payed", "price", "payment_type_id", "reserved", "reserve_extended", "client_id", "created_at"):
        assert {type(row[name]) for row in ours} == {type(row[name]) for row in live}, name


def test_empty_php_arrays_are_lists_and_full_ones_objects(qtickets):
    rows = qtickets.all("/orders", where=[{"column": "created_at", "operator": ">=", "value": DAY}], perPage=200)
    for name in ("utm", "fields", "integrations"):
        kinds = {type(row[name]) for row in rows}
        assert kinds <= {list, dict}
        assert all(row[name] == [] for row in rows if isinstance(row[name], list))
    assert {type(row["utm"]) for row in rows} == {list, dict}


def test_a_cancelled_order_keeps_its_price_and_loses_its_barcodes(qtickets):
    where = [{"column": "payed", "value": 0}, {"column": "deleted_at", "operator": "not null"}]
    for row in qtickets.rows("/orders", {"where": where}):
        assert row["payed_at"] is None
        assert row["price"] == sum(basket["price"] for basket in row["baskets"])
        for basket in row["baskets"]:
            assert (basket["barcode"], basket["pdf_url"], basket["ticket_amount"]) == (None, None, 0)
            assert (basket["refunded_amount"], basket["deleted_at"]) == (0, row["deleted_at"])


def test_admission_tickets_share_a_seat_id(qtickets):
    rows = qtickets.all("/orders", where=PAID_THAT_DAY, perPage=200)
    seats = [basket["seat_id"] for row in rows for basket in row["baskets"] if basket["seat_id"].startswith("detskij")]
    assert len(set(seats)) < len(seats)


def test_one_order_comes_in_its_envelope(qtickets):
    row = qtickets.rows("/orders", {"perPage": 1})[0]
    assert qtickets.get(f"/orders/{row['id']}").json() == {"data": row}


def test_a_foreign_order_is_not_found_as_json(qtickets):
    answer = qtickets.get("/orders/4360")
    assert answer.status_code == 404
    assert answer.json()["code"] == "RESOURCE_NOT_FOUND"
    assert answer.json()["info"] == {"id": 4360, "resource": "Order"}


def test_a_word_in_place_of_an_id_is_id_zero(qtickets):
    assert qtickets.get("/discounts/colors").json()["info"] == {"id": 0, "resource": "Discount"}


@pytest.mark.parametrize("path", ["/barcodes", "/price-shades", "/events/24089/seats", "/barcodes/scan/1"])
def test_an_unknown_route_is_a_page_of_html(qtickets, path):
    answer = qtickets.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Страница не найдена" in answer.text


@pytest.mark.parametrize(
    ("verb", "path"),
    [("POST", "/orders"), ("POST", "/shows/1/barcode/2"), ("DELETE", "/orders/1/baskets"), ("PUT", "/baskets/1")],
)
def test_a_write_is_refused_and_recorded(sandbox, qtickets, verb, path):
    assert sandbox.writes() == []
    answer = qtickets.http.request(verb, path, json={"where": []})
    assert (answer.status_code, answer.json()["code"]) == (503, "UNKNOWN_ERROR")
    (write,) = sandbox.writes()
    assert (write["method"], write["path"]) == (verb, f"/qtickets/api/rest/v1{path}")


def test_a_head_request_is_no_write(sandbox, qtickets):
    assert qtickets.http.head("/orders").status_code == 200
    assert sandbox.writes() == []


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_token_is_refused_with_json(sandbox, vendor, token):
    answer = vendor(sandbox, token=token).get("/orders")
    assert answer.status_code == 401
    assert answer.json()["status"] == 401


def test_the_partners_api_refuses_with_http_200(sandbox, vendor):
    answer = vendor(sandbox, base="/qtickets/api/partners/v1").get("/tickets/find")
    assert (answer.status_code, answer.json()["code"]) == (200, "WRONG_AUTHORIZATION")


def test_planted_people_stand_in_what_the_vendor_says(sandbox, qtickets):
    text = qtickets.get("/orders", {"where": PAID_THAT_DAY, "perPage": 200}).text
    assert sum(marker in text for marker in sandbox.personal()) >= 15


def test_a_restored_order_has_new_barcodes(sandbox, qtickets):
    order = next(o for o in sandbox.orders("2026-11-20") if all(t["live"] for t in o["tickets"]) and o["payed_at"])
    before = qtickets.get(f"/orders/{order['id']}").json()["data"]
    sandbox.edit("remove", order["id"])
    removed = qtickets.get(f"/orders/{order['id']}").json()["data"]
    sandbox.edit("restore", order["id"])
    after = qtickets.get(f"/orders/{order['id']}").json()["data"]
    assert removed["deleted_at"]
    assert removed["baskets"][0]["barcode"] is None
    assert after["deleted_at"] is after["baskets"][0]["deleted_at"] is None
    assert after["baskets"][0]["barcode"] != before["baskets"][0]["barcode"]


def test_a_page_of_two_hundred_orders_is_served_in_less_than_fifty_milliseconds(qtickets):
    body = {"where": [{"column": "payed", "value": 1}], "perPage": 200, "page": 5}
    qtickets.get("/orders", body)
    taken = []
    for _ in range(10):
        begun = time.perf_counter()
        assert len(qtickets.get("/orders", body).content) > 400_000
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.05
