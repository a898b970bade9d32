"""The endpoints over sockets: the specification's shape, speed under load, and answers while everything else hangs."""

from __future__ import annotations

import http.client
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from zakaz_dagster.health.look import Look
from zakaz_dagster.health.probe import probe
from zakaz_dagster.health.server import Board
from zakaz_dagster.health.wire import document, exposition
from zakaz_dagster.serving import LOOPBACK
from zakaz_dagster.verdicts import Status
from zakaz_dagster_tests.contract.health.boards import NOW, get, look, serving, verdict

SAMPLE = {
    "status": "ok",
    "timestamp": "2023-10-12T10:00:00+03:00",
    "checks": {
        "clickhouse": "ok",
        "data_freshness": {"qtickets": {"status": "ok", "latest_date": "2023-10-12", "days_behind": 0}},
    },
}


def same_shape(sample, answer):
    """Every key of the sample, with a value of its type."""
    for key, value in sample.items():
        assert type(answer[key]) is type(value), key
        if isinstance(value, dict):
            same_shape(value, answer[key])


def test_the_specifications_sample_key_by_key(board):
    board.put(look())
    with serving(board) as port:
        status, body = get(port, "/healthz")
        assert status == 200
        assert body == SAMPLE | {"checks": SAMPLE["checks"] | {"dagster": "ok"}}
        status, body = get(port, "/healthz/detailed")
        same_shape(SAMPLE, body)
        assert {each["name"] for each in body["verdicts"]} == {"platform__clickhouse", "stg__fresh"}
        status, body = get(port, "/healthz/freshness")
        assert (
            body["checks"]["data_freshness"]["qtickets"] | SAMPLE["checks"]["data_freshness"]["qtickets"]
            == body["checks"]["data_freshness"]["qtickets"]
        )


@pytest.mark.parametrize(("verdicts", "fresh", "expected"), [
    ([], "ok", {"/healthz": 200, "/healthz/detailed": 200, "/healthz/freshness": 200}),
    ([], "warning", {"/healthz": 200, "/healthz/detailed": 200, "/healthz/freshness": 200}),
    ([], "error", {"/healthz": 503, "/healthz/detailed": 503, "/healthz/freshness": 503}),
    ([verdict("platform__clickhouse", "error")], "ok", {"/healthz": 503, "/healthz/detailed": 503, "/healthz/freshness": 200}),
    ([verdict("platform__daemons", "error")], "ok", {"/healthz": 503, "/healthz/detailed": 503, "/healthz/freshness": 200}),
    ([verdict("fact__agrees", "error")], "ok", {"/healthz": 200, "/healthz/detailed": 503, "/healthz/freshness": 200}),
    ([verdict("platform__disk", "warning")], "ok", {"/healthz": 200, "/healthz/detailed": 200, "/healthz/freshness": 200}),
])  # fmt: skip
def test_200_for_ok_and_warning_and_503_for_error_of_what_the_body_shows(board, verdicts, fresh, expected):
    board.put(look(*verdicts, fresh=fresh))
    with serving(board) as port:
        answers = {path: get(port, path) for path in expected}
    assert {path: status for path, (status, _) in answers.items()} == expected
    assert all((status == 503) is (body["status"] == "error") for status, body in answers.values())


def test_without_clickhouse_no_source_is_called_fresh(board):
    board.put(document(Look(NOW, [verdict("platform__clickhouse", "error")])))
    with serving(board) as port:
        assert get(port, "/healthz/freshness")[0] == 503


def test_before_the_first_look_and_after_the_last_one_it_says_so():
    young, old = Board(60), Board(stale_seconds=0)
    old.put(look())
    for board, words in ((young, "nothing has been looked at yet"), (old, "the process that looks has stopped")):
        with serving(board) as port:
            for path in ("/healthz", "/healthz/detailed", "/healthz/freshness"):
                status, body = get(port, path)
                assert (status, body["status"]) == (503, "error")
                assert words in body["error"]
            assert "zakaz_status 2.0" in get(port, "/metrics")[1] or board is old


def samples(text):
    """Every sample of /metrics as Prometheus' own parser reads it: name and labels to value."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_prometheus_text(board):
    board.put(look(verdict("t__agrees", "warning", figure=0.5, threshold=1.0)))
    with serving(board) as port:
        status, text = get(port, "/metrics")
    found = samples(text)
    check = (("area", "infrastructure"), ("name", "t__agrees"))
    assert status == 200
    assert found[("zakaz_status",)] == 1
    assert [found[(f"zakaz_check_{key}", *check)] for key in ("status", "figure", "threshold")] == [1, 0.5, 1.0]
    assert found[("zakaz_source_days_behind", ("source", "qtickets"))] == 0
    assert found[("zakaz_source_minutes_since_load", ("source", "qtickets"))] == 12
    assert found[("zakaz_verdicts_age_seconds",)] < 60


@given(
    st.text(st.characters(exclude_categories=[]), min_size=1, max_size=80)
    | st.sampled_from(
        ['odd"na\\me', "two\nlines", 'x"} 1\nzakaz_status 0\n#', "{{ 7 }}", "\u202ertl", "\ud800", "a\\n"]
    )
)
def test_no_name_can_forge_a_metric(name):
    odd = verdict(f"t__{name}", "error", figure=float("nan"))
    found = samples(exposition(look(odd), 1.0))
    assert found[("zakaz_status",)] == 2
    assert found[("zakaz_check_status", ("area", "infrastructure"), ("name", odd.name))] == 2
    assert len(found) == 7


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1", "[::1]:{port}", "LOCALHOST.", "health.example.org"])
def test_it_answers_under_its_own_names(board, host):
    board.put(look())
    with serving(board, hosts=[*LOOPBACK, "Health.example.org"]) as port:
        assert raw(port, f"GET /healthz HTTP/1.1\r\nHost: {host.format(port=port)}\r\n\r\n").startswith("HTTP/1.1 200")


@pytest.mark.parametrize("head", [
    "Host: rebound.example", "Host: 127.0.0.1.rebound.example", "Host: localhost.rebound.example:80", "Host: rebound.example@localhost@x",
    "Host: ", "Host: [::1", "X: y",
])  # fmt: skip
def test_under_a_foreign_name_it_says_nothing(board, head):
    board.put(look())
    with serving(board, token="secret") as port:
        for path in ("/healthz", "/metrics", "/nothing"):
            answer = raw(port, f"GET {path} HTTP/1.0\r\n{head}\r\nAuthorization: Bearer secret\r\n\r\n")
            assert answer.startswith(("HTTP/1.1 421", "HTTP/1.1 400"))
            assert "clickhouse" not in answer


def test_no_browser_can_use_an_answer(board):
    board.put(look())
    with serving(board) as port:
        for line in ("GET /healthz", "GET /metrics", "GET /nothing", "POST /healthz", "OPTIONS /healthz"):
            answer = raw(port, f"{line} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n").lower()
            for header in ("content-security-policy: default-src 'none'", "x-content-type-options: nosniff",
                           "cache-control: no-store", "x-frame-options: deny", "cross-origin-resource-policy: same-origin"):  # fmt: skip
                assert header in answer
            assert "access-control" not in answer
            assert "server: " not in answer or "uvicorn" not in answer


@pytest.mark.parametrize(
    ("delivery", "status", "code"), [("error", "error", 503), ("warning", "warning", 200), ("ok", "ok", 200)]
)
def test_it_is_not_well_while_alerts_reach_nobody(board, delivery, status, code):
    board.put(look(verdict("platform__alert_delivery", delivery)))
    with serving(board) as port:
        answered, body = get(port, "/healthz")
    assert (answered, body["status"]) == (code, status)
    assert body["checks"].get("alerts", "ok") == delivery


def raw(port, request):
    """The whole answer to a request written by hand."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


def test_with_a_token_every_path_wants_it(board):
    board.put(look())
    with serving(board, token="опять-secret") as port:
        for path in ("/healthz", "/healthz/detailed", "/healthz/freshness", "/metrics"):
            assert get(port, path)[0] == 401
            assert get(port, path, "wrong")[0] == 401
    with serving(board, token="secret") as port:
        assert get(port, "/healthz", "secret")[0] == 200


def test_other_paths_and_methods_are_refused(board):
    with serving(board) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for method, path, status in (("GET", "/", 404), ("GET", "/healthz/no", 404), ("POST", "/healthz", 405)):
            connection.request(method, path)
            response = connection.getresponse()
            response.read()
            assert response.status == status


def test_the_probe_brings_the_verdicts_of_the_service(board):
    board.put(look(verdict("platform__daemons", "error", since=NOW, assets=("a",))))
    with serving(board, token="secret") as port:
        found = {each.name: each for each in probe(f"http://127.0.0.1:{port}", "secret")}
        assert found["platform__health"].status is Status.OK
        assert found["platform__daemons"] == verdict(
            "platform__daemons", "error", since=found["platform__daemons"].since, assets=("a",)
        )
        assert found["platform__daemons"].since == NOW
        (refused,) = probe(f"http://127.0.0.1:{port}", "wrong")
    assert (refused.name, refused.status) == ("platform__health", Status.ERROR)


def test_the_probe_tells_of_a_service_that_is_away_or_stands_still():
    (away,) = probe("http://127.0.0.1:9", seconds=1)
    assert away.status is Status.ERROR
    old = Board(stale_seconds=0)
    old.put(look())
    with serving(old) as port:
        (still,) = probe(f"http://127.0.0.1:{port}")
    assert "has stopped" in still.detail
