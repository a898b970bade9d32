"""Retries by verdict, against a real socket."""

from __future__ import annotations

import gzip
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from zakaz_dagster.errors import Fatal, Retriable
from zakaz_dagster.transport.answer import Again, Done, Stop
from zakaz_dagster.transport.client import HttpClient
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

GOOD = Reply(body={"ok": True})


def client(server, **options):
    return HttpClient("vendor", server.url, **{"deadline": 10.0, **options})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_temporary_status_is_asked_again(status):
    with ScriptedServer([Reply(status), Reply(status), GOOD]) as server, client(server) as http:
        assert http.request("GET", "/x").json() == {"ok": True}
        assert (len(server.seen), http.stats.requests, http.stats.retries) == (3, 3, 2)


@pytest.mark.parametrize(
    ("status", "word"),
    [(400, "request refused"), (401, "access refused"), (403, "access refused"), (404, "request refused")],
)
def test_a_permanent_status_stops_at_once(status, word):
    with ScriptedServer(Reply(status, body={"error": "bad thing"})) as server, client(server) as http:
        with pytest.raises(Fatal, match=word) as caught:
            http.request("GET", "/x", day="2026-11-22")
        assert len(server.seen) == 1
        assert "bad thing" in str(caught.value)
        assert (caught.value.source, caught.value.day) == ("vendor", "2026-11-22")


def test_retry_after_in_seconds_is_kept():
    with ScriptedServer([Reply(429, headers={"Retry-After": "1"}), GOOD]) as server, client(server) as http:
        http.request("GET", "/x")
        assert 1.0 <= server.seen[1].at - server.seen[0].at < 10
        assert http.stats.seconds_waited >= 1.0


def test_retry_after_as_a_date_is_measured_by_the_servers_clock():
    server_now = datetime(2031, 1, 1, tzinfo=UTC)  # far from ours
    headers = {
        "Date": format_datetime(server_now, usegmt=True),
        "Retry-After": format_datetime(server_now + timedelta(seconds=1), usegmt=True),
    }
    with ScriptedServer([Reply(503, headers=headers), GOOD]) as server, client(server) as http:
        http.request("GET", "/x")
        assert 1.0 <= server.seen[1].at - server.seen[0].at < 10


def test_a_wait_that_does_not_fit_the_deadline_fails_now_and_says_why():
    with (
        ScriptedServer(Reply(429, headers={"Retry-After": "3600"})) as server,
        client(server, deadline=5, deadline_setting="VENDOR_DEADLINE_SECONDS") as http,
    ):
        started = time.monotonic()
        with pytest.raises(Retriable) as caught:
            http.request("GET", "/x")
        assert time.monotonic() - started < 20
        assert caught.value.retry_after == 3600
        assert "asked to wait 3600 s" in str(caught.value)
        assert "VENDOR_DEADLINE_SECONDS" in str(caught.value)


def test_the_deadline_ends_in_a_retriable_failure_that_tells_the_story():
    with (
        ScriptedServer(Reply(503, body="<html><head><title>x</title></head><h1>No backend</h1></html>")) as server,
        client(server, deadline=0.6) as http,
    ):
        started = time.monotonic()
        with pytest.raises(Retriable, match=r"GET /orders did not succeed in \d+ s and \d+ request") as caught:
            http.request("GET", "/orders", day="2026-11-22")
        assert time.monotonic() - started < 20
        assert len(server.seen) > 1
        assert "HTTP 503: No backend" in str(caught.value)
        assert str(caught.value).startswith("vendor 2026-11-22: ")


@pytest.mark.parametrize(
    "broken", [Reply(body=b"x" * 1000, cut=500), Reply(reset=True), Reply(body=b"x" * 1000, cut=10, reset=True)]
)
def test_a_broken_answer_is_asked_again_for_get(broken):
    with ScriptedServer([broken, GOOD]) as server, client(server) as http:
        assert http.request("GET", "/x").json() == {"ok": True}
        assert http.stats.retries == 1


def test_a_truncated_gzip_stream_with_honest_length_is_noticed():
    packed = gzip.compress(b"row\n" * 10_000)
    broken = Reply(body=packed[:-20], headers={"Content-Encoding": "gzip"})
    whole = Reply(body=packed, headers={"Content-Encoding": "gzip"})
    with ScriptedServer([broken, whole]) as server, client(server) as http:
        assert http.request("GET", "/x").content == b"row\n" * 10_000
        assert http.stats.bytes_received < 10_000
    with (
        ScriptedServer(Reply(body=b"not gzip at all", headers={"Content-Encoding": "gzip"})) as server,
        client(server, deadline=0.3) as http,
        pytest.raises(Retriable, match="gzip stream is broken"),
    ):
        http.request("GET", "/x")


def test_a_post_is_not_repeated_unless_it_may_be():
    for broken in (Reply(reset=True), Reply(500), Reply(body=b"xx", cut=1)):
        with ScriptedServer([broken, GOOD]) as server, client(server) as http:
            with pytest.raises(Retriable):
                http.request("POST", "/token")
            assert len(server.seen) == 1
        with ScriptedServer([broken, GOOD]) as server, client(server) as http:
            assert http.request("POST", "/report", repeatable=True).json() == {"ok": True}
            assert len(server.seen) == 2


def test_a_refused_connection_is_retried_even_for_post_and_then_named():
    with ScriptedServer(GOOD) as server:
        pass
    with client(server, deadline=0.5) as http, pytest.raises(Retriable, match="ConnectError"):
        http.request("POST", "/x")
    assert http.stats.requests > 1


def test_a_silent_server_meets_the_timeout():
    with ScriptedServer([Reply(delay=1.5), GOOD]) as server, client(server, timeout=0.2) as http:
        assert http.request("GET", "/x").json() == {"ok": True}
        assert http.stats.retries == 1


def test_a_dripping_body_meets_the_deadline():
    with ScriptedServer(Reply(body=b"x" * 400, drip=0.05)) as server, client(server, timeout=5, deadline=0.7) as http:
        started = time.monotonic()
        with pytest.raises(Retriable, match="still arriving"):
            http.request("GET", "/x")
        assert time.monotonic() - started < 15


def test_a_judge_decides_about_bodies():
    def judge(response):
        body = response.json()
        if "error" not in body:
            return Done()
        return Again("busy", after=0.05) if body["error"] == "busy" else Stop(Fatal(body["error"], next_step="fix it"))

    with ScriptedServer([Reply(body={"error": "busy"}), GOOD]) as server, client(server, judge=judge) as http:
        assert http.request("GET", "/x").json() == {"ok": True}
    with ScriptedServer(Reply(body={"error": "no such field"})) as server, client(server, judge=judge) as http:
        with pytest.raises(Fatal, match=r"vendor: no such field\. Next step: fix it"):
            http.request("GET", "/x")
        assert len(server.seen) == 1


def test_waits_grow_and_are_capped():
    with ScriptedServer(Reply(503)) as server, client(server, deadline=1.6) as http:
        with pytest.raises(Retriable):
            http.request("GET", "/x")
        gaps = [after.at - before.at for before, after in zip(server.seen, server.seen[1:], strict=False)]
        assert len(server.seen) < 15  # backing off, not hammering
        assert max(gaps) > 4 * min(gaps)


def test_counters_are_right_from_many_threads():
    with ScriptedServer(Reply(body=b"12345")) as server, client(server) as http:
        threads = [threading.Thread(target=lambda: [http.request("GET", "/x") for _ in range(20)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (http.stats.requests, http.stats.retries, http.stats.bytes_received) == (160, 0, 800)


def test_the_pace_holds_over_the_socket():
    with ScriptedServer(GOOD) as server, client(server, requests_per_second=20) as http:
        started = time.monotonic()
        for _ in range(6):
            http.request("GET", "/x")
        assert time.monotonic() - started >= 0.25
