"""The process: its ready line, its options, the world's own routes, and recorded bodies in place of the world."""

from __future__ import annotations

import json

import httpx
import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import main


def test_the_ready_line_says_where_and_what(sandbox):
    assert sandbox.url == f"http://127.0.0.1:{sandbox.ready['port']}"
    assert {"qtickets"} <= set(sandbox.ready["vendors"])
    assert (sandbox.ready["seed"], sandbox.ready["today"]) == (7, "2026-11-22")


def test_options_decide_the_world(sandbox_process):
    own = sandbox_process(seed=9, days=20, orders_per_day=5, groups=1, ads=1, now="2026-03-08T10:00:00")
    about = own.get("/world")
    assert about == {
        "seed": 9, "start": "2026-02-16", "now": "2026-03-08T10:00:00+03:00", "orders_per_day": 5, "groups": 1, "ads": 1,
        "dirt": [], "stress": False,
    }  # fmt: skip
    assert len(own.orders("2026-03-05")) < 15


def test_the_command_line_has_the_same_sandbox():
    result = CliRunner().invoke(main, ["sandbox", "serve", "--help"])
    assert result.exit_code == 0
    assert "--orders-per-day" in result.output


def test_a_malformed_fault_is_refused_with_its_form():
    result = CliRunner().invoke(main, ["sandbox", "serve", "--fault", "nonsense"])
    assert result.exit_code == 3
    assert "vendor:name=value" in result.output


@pytest.mark.parametrize("options", [["--start", "2015-01-01"], ["--now", "yesterday"], ["--today", "x"]])
def test_a_world_that_cannot_be_is_explained(options):
    result = CliRunner().invoke(main, ["sandbox", "serve", *options])
    assert result.exit_code == 3
    assert "the sandbox cannot start" in result.output


@pytest.mark.parametrize(
    "path", ["/world/truth", "/world/truth?day=tomorrow", "/world/orders", "/world/inventory?show=1"]
)
def test_a_wrong_question_is_explained(sandbox, path):
    answer = httpx.get(sandbox.url + path, trust_env=False)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/world/refund", {"id": 5}), ("/world/explode", {"id": 5}), ("/faults/nobody", {}), ("/world/clock", [1])],
)
def test_a_wrong_act_is_explained(sandbox, path, body):
    answer = httpx.post(sandbox.url + path, json=body, trust_env=False)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_requests_are_counted(sandbox, qtickets):
    for _ in range(3):
        qtickets.get("/orders", {"perPage": 1})
    assert sandbox.get("/world/requests") == {"qtickets": 3}


def test_a_correction_of_one_ad_is_in_the_truth(sandbox):
    ad = sandbox.truth("2026-11-19")["direct"]["ads"][0]
    sandbox.correct(
        vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day="2026-11-19", impressions=9, clicks=1, spend="7.77"
    )
    assert "7.77" in {row["spend"] for row in sandbox.truth("2026-11-19")["direct"]["ads"]}


@pytest.fixture(scope="module")
def replaying(recorded):
    from zakaz_dagster_tests.plugins.sandbox import running

    with running(recorded=recorded("qtickets")) as server:
        yield server


@pytest.fixture
def replay(replaying, vendor):
    """`replay("01")` is a client of that recorded body."""
    return lambda stem: vendor(replaying, base=f"/qtickets-recorded/{stem}/api/rest/v1")


def test_a_recorded_list_is_filtered_and_paged_as_asked(replay):
    rows = replay("01").all("/orders", perPage=5)
    paid = replay("01").all("/orders", perPage=5, where=[{"column": "payed", "value": 1}])
    assert (len(rows), len(paid)) == (12, 8)


@pytest.mark.parametrize(("stem", "number"), [("02", 1064561), ("03", 1047743)])
def test_a_recorded_object_is_served_by_id_and_as_a_list_of_one(replay, stem, number):
    assert replay(stem).get(f"/orders/{number}").json()["data"]["id"] == number
    assert [row["id"] for row in replay(stem).rows("/orders")] == [number]


def test_other_kinds_come_from_the_bodies_beside(replay):
    assert len(replay("01").rows("/events")) == 4
    assert len(replay("04").rows("/orders")) == 12
    assert replay("01").get("/shows/152887/seats", {"flat": True}).json() == {"data": []}


def test_a_recorded_exchange_is_served_exactly(replay, recorded):
    body = json.loads((recorded("qtickets") / "12_filter_ignored_response.json").read_text())
    answer = replay("12").get("/orders", body["request"]["body"])
    assert answer.status_code == body["http_status"]
    assert answer.json() == body["response"]


def test_recorded_cases_are_chosen_by_number(replay, recorded):
    cases = json.loads((recorded("qtickets") / "10_error_responses.json").read_text())
    for number, case in enumerate(cases):
        answer = replay(f"10_error_responses@{number}").get("/orders")
        assert (answer.status_code, answer.text) == (case["http_status"], case["body"])
        assert answer.headers["content-type"] == case["content_type"]


def test_an_unknown_body_names_those_there_are(replay):
    answer = replay("77").get("/orders")
    assert answer.status_code == 404
    assert "01_orders_page1" in answer.json()["there_are"]
