"""What the client refuses, streams, logs and hides, against a real socket."""

from __future__ import annotations

import gzip
import logging
import traceback

import httpx
import pytest

from zakaz_dagster.errors import Failure, Fatal, Retriable
from zakaz_dagster.transport.answer import retry_after
from zakaz_dagster.transport.client import HttpClient
from zakaz_dagster.transport.log import correlated
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

GOOD = Reply(body={"ok": True})
TOKEN = "planted-token-0123456789abcdef"


def test_a_get_may_carry_a_json_body():
    with ScriptedServer(GOOD) as server, HttpClient("vendor", server.url + "/api/") as http:
        http.request("GET", "/orders", params={"page": 2}, json={"where": [{"column": "payed_at"}]})
        [seen] = server.seen
        assert (seen.method, seen.path, seen.query) == ("GET", "/api/orders", {"page": "2"})
        assert seen.json == {"where": [{"column": "payed_at"}]}


def test_headers_are_asked_for_every_attempt():
    tokens = iter(["old", "new"])
    with (
        ScriptedServer([Reply(503), GOOD]) as server,
        HttpClient("vendor", server.url, headers=lambda: {"Authorization": f"Bearer {next(tokens)}"}) as http,
    ):
        http.request("GET", "/x", headers={"Client-Login": "acc"})
        assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer old", "Bearer new"]
        assert server.seen[1].headers["client-login"] == "acc"


def test_redirects_are_not_followed():
    with (
        ScriptedServer(GOOD) as elsewhere,
        ScriptedServer(Reply(302, headers={"Location": elsewhere.url + f"/steal?token={TOKEN}"})) as server,
    ):
        with (
            HttpClient("vendor", server.url) as http,
            pytest.raises(Fatal, match=f"redirected to 127.0.0.1:{elsewhere.port}") as caught,
        ):
            http.request("GET", "/x")
        assert elsewhere.seen == []
        assert TOKEN not in str(caught.value)


def test_a_request_off_the_allow_list_is_never_sent():
    with (
        ScriptedServer(GOOD) as server,
        HttpClient("vendor", server.url, allow=lambda call: (call.method, call.path) == ("GET", "/orders")) as http,
    ):
        http.request("GET", "/orders")
        with pytest.raises(Fatal, match="POST /orders is not on the list"):
            http.request("POST", "/orders", json={})
        with pytest.raises(Fatal), http.stream("DELETE", "/orders/1"):
            pass
        assert len(server.seen) == 1


def test_a_body_over_the_limit_is_refused_even_when_zipped():
    bomb = gzip.compress(b"\0" * 50_000_000)
    with (
        ScriptedServer(Reply(body=bomb, headers={"Content-Encoding": "gzip"})) as server,
        HttpClient("vendor", server.url, max_bytes=1_000_000) as http,
    ):
        with pytest.raises(Fatal, match="larger than 1000000 bytes"):
            http.request("GET", "/x")
        assert len(server.seen) == 1


def test_a_stream_is_whole_before_it_is_given_out():
    body = bytes(range(256)) * 40_000
    script = [Reply(503), Reply(body=body, cut=3_000_000), Reply(body=body, headers={"RequestId": "17"})]
    with ScriptedServer(script) as server, HttpClient("vendor", server.url, deadline=10) as http:
        with http.stream("POST", "/report", json={"a": 1}, repeatable=True) as download:
            assert download.size == len(body)
            assert b"".join(download) == body
            assert download.response.headers["RequestId"] == "17"
        assert http.stats.requests == 3


def test_a_stream_that_is_refused_is_judged_by_its_body():
    with (
        ScriptedServer(Reply(400, body={"error": {"error_string": "Invalid request"}})) as server,
        HttpClient("vendor", server.url) as http,
        pytest.raises(Fatal, match="Invalid request"),
        http.stream("GET", "/report"),
    ):
        pass


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, body={"error": f"the key {TOKEN} is wrong", "access_token": TOKEN}),
        Reply(401, body=f"<html>Authorization: Bearer {TOKEN}</html>"),
        Reply(500, body=TOKEN),
        Reply(reset=True),
        Reply(302, headers={"Location": f"http://user:{TOKEN}@evil.example/?token={TOKEN}"}),
        Reply(body=b"xxx", cut=1),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_planted_token_shows_nowhere(reply, method, caplog):
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(reply) as server:
        http = HttpClient(
            "vendor", server.url, headers={"Authorization": f"Bearer {TOKEN}"}, deadline=0.2, secrets=[TOKEN]
        )
        with pytest.raises(Failure) as caught:
            http.request(
                method, f"/x?key={TOKEN}", params={"access_token": TOKEN}, json={"secret": TOKEN}, day="2026-11-22"
            )
        http.close()
    shown = "".join(traceback.format_exception(caught.value)) + str(vars(caught.value)) + repr(caught.value)
    assert TOKEN not in shown
    assert caught.value.__context__ is None or TOKEN not in repr(caught.value.__context__)
    for record in caplog.records:
        assert TOKEN not in record.getMessage() + str(vars(record))


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}ключ"])
def test_a_header_that_cannot_be_sent_is_fatal_and_hides_its_value(token):
    with (
        ScriptedServer(GOOD) as server,
        HttpClient("vendor", server.url, headers={"Authorization": f"Bearer {token}"}) as http,
    ):
        with pytest.raises(Fatal) as caught:
            http.request("GET", "/x")
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        assert server.seen == []


def test_one_line_per_request_with_its_run(caplog):
    caplog.set_level(logging.INFO, logger="zakaz_dagster.http")
    with (
        ScriptedServer([Reply(503), GOOD]) as server,
        HttpClient("vendor", server.url) as http,
        correlated(run="r-17", partition="2026-11-22"),
    ):
        http.request("GET", "/orders", params={"page": 3})
    first, second = [record for record in caplog.records if record.name == "zakaz_dagster.http"]
    assert first.getMessage().startswith("vendor GET /orders 503 ")
    assert (second.status, second.attempt, second.bytes, second.run, second.partition) == (
        200,
        2,
        12,
        "r-17",
        "2026-11-22",
    )
    assert "page" not in second.getMessage()
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore", "stamina"))]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers, seconds):
    assert retry_after(httpx.Response(429, headers=headers)) == seconds


def test_a_base_url_that_is_not_one_is_fatal():
    with HttpClient("vendor", "ftp://nowhere") as http, pytest.raises(Fatal, match="check the base URL"):
        http.request("GET", "/x")


def test_a_retriable_failure_of_a_judge_keeps_its_wait():
    def judge(_):
        from zakaz_dagster.transport.answer import Stop

        return Stop(Retriable("no points left", retry_after=1800))

    with ScriptedServer(GOOD) as server, HttpClient("vendor", server.url, judge=judge) as http:
        with pytest.raises(Retriable) as caught:
            http.request("GET", "/x")
        assert caught.value.retry_after == 1800
