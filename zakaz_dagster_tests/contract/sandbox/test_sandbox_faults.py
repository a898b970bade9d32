"""Each fault does what it says, over a socket, and nothing once it is off."""

from __future__ import annotations

import time

import httpx
import pytest

LAST_DAY = [{"column": "created_at", "operator": ">=", "value": "2026-11-21T00:00:00+03:00"}]


def page(qtickets, number=1, **body):
    return qtickets.get("/orders", {"where": LAST_DAY, "perPage": 5, "page": number, **body}).json()


def ids(answer):
    return [row["id"] for row in answer["data"]]


def test_off_closes_the_connection_without_a_word(sandbox, qtickets):
    sandbox.fault("qtickets", off=True)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        qtickets.get("/orders")
    sandbox.fault("qtickets", off=False)
    assert qtickets.get("/orders").status_code == 200


def test_http_with_retry_after(sandbox, qtickets):
    sandbox.fault("qtickets", http=429, retry_after=7)
    answer = qtickets.get("/orders")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_http_without_retry_after(sandbox, qtickets):
    sandbox.fault("qtickets", http=429)
    assert "retry-after" not in qtickets.get("/orders").headers


def test_a_fault_fades_after_so_many_requests(sandbox, qtickets):
    sandbox.fault("qtickets", http=502, times=2)
    assert [qtickets.get("/orders").status_code for _ in range(4)] == [502, 502, 200, 200]


def test_a_fault_can_wait_for_its_turn(sandbox, qtickets):
    sandbox.fault("qtickets", http=500, after=2)
    assert [qtickets.get("/orders").status_code for _ in range(4)] == [200, 200, 500, 500]


def test_a_fault_can_be_meant_for_some_paths_only(sandbox, qtickets):
    sandbox.fault("qtickets", http=500, only="/events")
    assert [qtickets.get(path).status_code for path in ("/orders", "/events")] == [200, 500]


def test_a_fault_of_one_vendor_leaves_the_world_alone(sandbox):
    sandbox.fault("qtickets", off=True)
    assert sandbox.get("/world")["seed"] == 7


def test_slow(sandbox, qtickets):
    sandbox.fault("qtickets", slow=0.3)
    begun = time.monotonic()
    assert qtickets.get("/orders", {"perPage": 1}).status_code == 200
    assert time.monotonic() - begun > 0.29


def test_truncated_is_a_complete_answer_with_half_a_body(sandbox, qtickets):
    whole = qtickets.get("/orders")
    sandbox.fault("qtickets", truncated=True)
    half = qtickets.get("/orders")
    assert half.status_code == 200
    assert half.content == whole.content[: len(whole.content) // 2]


def test_dropped_loses_the_connection_in_the_middle_of_the_body(sandbox, qtickets):
    sandbox.fault("qtickets", dropped=True)
    with pytest.raises(httpx.RemoteProtocolError):
        qtickets.get("/orders")


def test_html_in_place_of_json(sandbox, qtickets):
    sandbox.fault("qtickets", html=True)
    answer = qtickets.get("/orders")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")


def test_filter_ignored_gives_the_oldest_fifty_and_a_large_total(sandbox, qtickets):
    plain = qtickets.get("/orders").json()
    sandbox.fault("qtickets", filter_ignored=True)
    assert page(qtickets) == plain
    assert page(qtickets, 2) == plain


def test_filter_ignored_may_leave_paging_alone(sandbox, qtickets):
    sandbox.fault("qtickets", filter_ignored="where")
    first, second = page(qtickets), page(qtickets, 2)
    assert first["paging"]["total"] > 5000
    assert first["data"][0]["created_at"].startswith("2026-06-25")
    assert not set(ids(first)) & set(ids(second))


def test_order_ignored(sandbox, qtickets):
    sandbox.fault("qtickets", order_ignored=True)
    assert ids(page(qtickets, orderBy={"id": "desc"})) == ids(page(qtickets))


def test_page_short_lacks_rows_that_total_counts(sandbox, qtickets):
    whole = page(qtickets)
    sandbox.fault("qtickets", page_short=2)
    short = page(qtickets)
    assert ids(short) == ids(whole)[:3]
    assert short["paging"] == whole["paging"]


def test_total_wrong(sandbox, qtickets):
    total = page(qtickets)["paging"]["total"]
    sandbox.fault("qtickets", total_wrong=-3)
    assert page(qtickets)["paging"]["total"] == total - 3


def test_runaway_repeats_the_first_page_and_always_promises_another(sandbox, qtickets):
    sandbox.fault("qtickets", runaway="repeat")
    first, far = page(qtickets), page(qtickets, 400)
    assert ids(first) == ids(far)
    assert far["paging"]["total"] > 400 * far["paging"]["perPage"]


def test_runaway_may_grow_while_rows_run_out(sandbox, qtickets):
    sandbox.fault("qtickets", runaway="grow")
    far = page(qtickets, 400)
    assert far["data"] == []
    assert far["paging"]["total"] > 400 * far["paging"]["perPage"]


def test_drift_repeats_or_skips_rows_at_the_seam_of_pages(sandbox, qtickets):
    first, second = ids(page(qtickets)), ids(page(qtickets, 2))
    sandbox.fault("qtickets", drift=1)
    assert ids(page(qtickets, 2))[0] == first[-1]
    sandbox.fault("qtickets", drift=-1)
    assert second[0] not in ids(page(qtickets, 2))


def test_a_missing_key_and_a_changed_type(sandbox, qtickets):
    sandbox.fault("qtickets", missing_key="payed_at", changed_type="baskets.price")
    first, other = page(qtickets)["data"][:2]
    assert "payed_at" not in first
    assert isinstance(first["baskets"][0]["price"], str)
    assert "payed_at" in other


def test_a_replaced_value(sandbox, qtickets):
    sandbox.fault("qtickets", replaced={"baskets.price": -5, "payed_at": "вчера"})
    first = page(qtickets)["data"][0]
    assert (first["baskets"][0]["price"], first["payed_at"]) == (-5, "вчера")


def test_names_by_language(sandbox, qtickets):
    sandbox.fault("qtickets", name_dict=True)
    assert set(qtickets.rows("/events", {"perPage": 1})[0]["name"]) == {"ru", "en"}


def test_an_expired_token(sandbox, qtickets):
    sandbox.fault("qtickets", expired_token=True)
    assert qtickets.get("/orders").status_code == 401


def test_a_reset_clears_faults_clock_writes_and_edits(sandbox, qtickets):
    before = sandbox.truth("2026-11-22")
    sandbox.fault("qtickets", http=500)
    sandbox.clock("2026-11-22T20:00:00+03:00")
    sandbox.correct(late=True)
    qtickets.http.post("/orders")
    sandbox.reset()
    assert qtickets.get("/orders").status_code == 200
    assert sandbox.writes() == []
    assert sandbox.truth("2026-11-22") == before


def test_faults_of_the_command_line_survive_a_reset(sandbox_process, vendor):
    own = sandbox_process(faults={"qtickets": {"http": 503, "only": "/orders"}})
    own.fault("qtickets", http=None)
    assert vendor(own).get("/orders").status_code == 200
    own.reset()
    assert vendor(own).get("/orders").status_code == 503
