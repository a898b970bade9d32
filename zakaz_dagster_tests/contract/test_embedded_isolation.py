"""What one request sets, no other request sees; requests run at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zakaz_dagster_tests.contract.raw_http import rows, send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint

SHOW = (
    "SELECT getSetting('max_threads') AS threads, getSetting('join_use_nulls') AS nulls,"
    " getSetting('log_comment') AS comment, currentDatabase() AS database"
)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "max_threads": st.integers(3, 60),
        "join_use_nulls": st.integers(0, 1),
        "log_comment": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
        "database": st.sampled_from(["default", "system"]),
        "readonly": st.sampled_from([0, 2]),
        "session_id": st.uuids().map(str),
    },
)


@pytest.fixture(scope="module")
def defaults(clickhouse: Endpoint) -> dict[str, object]:
    (found,) = rows(clickhouse, SHOW)
    return found


@given(asked=st.lists(ASKED, min_size=2, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_concurrent_requests_see_their_own_settings_only(
    clickhouse: Endpoint, defaults: dict[str, object], asked: list[dict[str, object]]
):
    def shown(parameters: dict[str, object]) -> tuple[object, dict[str, object]]:
        (found,) = rows(
            clickhouse, f"{SHOW}, {{mark:String}} AS mark", param_mark=parameters["mark"], **parameters["asked"]
        )
        return parameters, found

    with ThreadPoolExecutor(6) as pool:
        for parameters, found in pool.map(shown, [{"mark": str(at), "asked": one} for at, one in enumerate(asked)]):
            own = parameters["asked"]
            assert found == {
                "threads": own.get("max_threads", defaults["threads"]),
                "nulls": bool(own.get("join_use_nulls", defaults["nulls"])),
                "comment": own.get("log_comment", ""),
                "database": own.get("database", "default"),
                "mark": parameters["mark"],
            }
    assert rows(clickhouse, SHOW) == [defaults]


def test_a_parameter_is_gone_with_its_request(clickhouse: Endpoint):
    assert send(clickhouse, "SELECT {p:UInt8}", param_p=1).text == "1\n"
    assert send(clickhouse, "SELECT {p:UInt8}").code == "456"
    assert send(clickhouse, "SELECT {p:UInt8}", param_p=1, session_id="parameters").text == "1\n"
    assert send(clickhouse, "SELECT {p:UInt8}", session_id="parameters").code == "456"


def test_set_without_a_session_changes_nothing(clickhouse: Endpoint, defaults: dict[str, object]):
    assert send(clickhouse, "SET max_threads = 61").status == 200
    assert send(clickhouse, "USE system").status == 200
    assert rows(clickhouse, SHOW) == [defaults]


def test_a_session_keeps_its_statements_effects_and_not_its_requests_settings(clickhouse: Endpoint):
    session = {"session_id": "kept"}
    send(clickhouse, "SET max_threads = 5", **session)
    send(clickhouse, "USE system", **session)
    send(clickhouse, "CREATE TEMPORARY TABLE kept (a Int8)", **session)
    (inside,) = rows(clickhouse, SHOW, max_threads=7, join_use_nulls=1, database="default", **session)
    assert (inside["threads"], inside["nulls"], inside["database"]) == (7, True, "default")
    (after,) = rows(clickhouse, SHOW, **session)
    assert (after["threads"], after["nulls"], after["database"]) == (5, False, "system")
    failed = send(clickhouse, "SELECT throwIf(1)", max_threads=9, **session)
    assert failed.code == "395"
    assert rows(clickhouse, SHOW, **session) == [after]
    assert send(clickhouse, "SELECT count() FROM kept", **session).text == "0\n"
    send(clickhouse, "CREATE DATABASE dropped", **session)
    send(clickhouse, "USE dropped", **session)
    assert send(clickhouse, "DROP DATABASE dropped", database="system", **session).status == 200
    assert send(clickhouse, "SELECT currentDatabase()", **session).text == "default\n"


def test_a_session_takes_one_request_at_a_time(clickhouse: Endpoint):
    slow = threading.Thread(target=send, args=(clickhouse, "SELECT sleep(1)"), kwargs={"session_id": "busy"})
    slow.start()
    time.sleep(0.3)
    assert send(clickhouse, "SELECT 1", session_id="busy").code == "373"
    slow.join()
    assert send(clickhouse, "SELECT 1", session_id="busy").text == "1\n"


def test_a_session_ends_after_its_timeout(clickhouse: Endpoint):
    send(clickhouse, "CREATE TEMPORARY TABLE short (a Int8)", session_id="short", session_timeout=1)
    time.sleep(1.3)
    assert send(clickhouse, "SELECT 1", session_id="short", session_check=1).code == "372"


def test_queries_overlap(clickhouse: Endpoint):
    began = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: send(clickhouse, "SELECT sleep(1)").status, range(6)))
    assert replies == [200] * 6
    assert time.monotonic() - began < 3


def test_a_slow_query_does_not_hold_up_a_short_one(clickhouse: Endpoint):
    slow = threading.Thread(target=send, args=(clickhouse, "SELECT sum(sipHash64(number)) FROM numbers(60000000)"))
    slow.start()
    time.sleep(0.2)
    began = time.monotonic()
    assert send(clickhouse, "SELECT 1").text == "1\n"
    assert time.monotonic() - began < 1
    slow.join()


def test_of_requests_with_one_query_id_one_runs_at_a_time(clickhouse: Endpoint):
    """As on a server: it is what keeps two swaps of one table apart."""
    with ThreadPoolExecutor(2) as pool:
        slow, other = pool.map(
            lambda wait: (time.sleep(wait), send(clickhouse, "SELECT sleep(0.8)", query_id="one.at.a.time"))[1],
            (0, 0.3),
        )
    assert (slow.status, other.headers.get("x-clickhouse-exception-code")) == (200, "216")
    assert "already running" in other.text
    assert send(clickhouse, "SELECT 1", query_id="one.at.a.time").text == "1\n"
