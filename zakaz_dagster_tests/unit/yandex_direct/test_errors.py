"""Direct's error codes and what follows from them."""

from __future__ import annotations

import json

import httpx
import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.sources.yandex_direct.errors import (
    NameSpent,
    NameTaken,
    NoAccess,
    ReportJudge,
    ReportTooLarge,
    ServiceJudge,
    find_error,
)
from zakaz_dagster.transport.answer import Again, Done, Stop


def answer(status, body, **headers):
    return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body), headers=headers)


def judge(response):
    return ServiceJudge()(response)


def error(code, status=200, words="Words", **headers):
    body = {"error": {"error_code": code, "error_string": words, "error_detail": "details", "request_id": "77"}}
    return answer(status, body, **headers)


@pytest.mark.parametrize("code", [53, 54, 58, 513, 1003, 3000, 3001, 4001, 8000, 8800, 9300])
@pytest.mark.parametrize(("kind", "status"), [(int, 200), (str, 400)])
def test_permanent_codes_stop(code, kind, status):
    verdict = judge(error(kind(code), status))
    assert isinstance(verdict, Stop)
    assert isinstance(verdict.failure, Fatal)
    assert f"Direct error {code}: Words: details (request id 77)" in str(verdict.failure)
    assert verdict.failure.next_step


@pytest.mark.parametrize("code", [52, 500, 502, 1000, 1001, 1002])
def test_temporary_codes_back_off(code):
    assert judge(error(code)) == Again(f"Direct error {code}: Words: details (request id 77)")


@pytest.mark.parametrize("code", [56, 506, 9000])
def test_limits_wait_at_least_the_vendors_window(code):
    verdict = judge(error(str(code), 400))
    assert isinstance(verdict, Again)
    assert verdict.after == 10
    assert judge(error(code, 400, retryIn="25")).after == 25


def test_points_are_asked_for_again_after_minutes_that_grow_whatever_the_clock_says():
    judged = ServiceJudge()
    waits = [judged(error(152)).after for _ in range(7)]
    assert [wait / 60 for wait in waits] == [6, 9, 12, 15, 18, 18, 18]
    assert "account's own" in judged(error(152)).reason
    assert ReportJudge(points_wait=2.0)(error("152", 400)).after == 2.0


@pytest.mark.parametrize("code", [53, 56, 500, 1000, 1001, 1002, 152])
@pytest.mark.parametrize(
    "words",
    [
        "Invalid OAuth token",
        "Operation error: the token has expired",
        "Authorization error: Token not entered",
        "OAuth-токен недействителен",
        "Неверный токен",
        "Ошибка авторизации",
    ],
)
def test_words_that_refuse_the_token_stop_whatever_the_code(code, words):
    verdict = judge(error(code, words=words))
    assert isinstance(verdict, Stop)
    assert "DIRECT_TOKEN" in verdict.failure.next_step
    assert isinstance(ReportJudge()(error(str(code), 500, words=words)), Stop)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (52, "Authorization server is temporarily unavailable"),
        (52, "Сервер авторизации временно недоступен"),
        (1002, "Database error, try again later"),
        (1000, "Token service is unavailable"),
    ],
)
def test_a_server_that_is_away_is_not_a_refused_token(code, words):
    assert isinstance(judge(error(code, words=words)), Again)


@pytest.mark.parametrize("code", [54, 513, 3000, 3001])
def test_what_is_said_of_one_login_is_told_apart(code):
    assert type(judge(error(code)).failure) is NoAccess


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (8800, "В HTTP-заголовке Client-Login указан несуществующий логин"),
        (8000, "В HTTP-заголовке Client-Login необходимо указать логин рекламодателя"),
        (8000, "The advertiser's login is required in the HTTP header Client-Login"),
    ],
)
def test_words_that_name_the_login_are_said_of_that_login_alone(code, words):
    for verdict in (judge(error(code, words=words)), ReportJudge()(error(str(code), 400, words=words))):
        assert type(verdict.failure) is NoAccess
        assert "DIRECT_LOGINS" in verdict.failure.next_step
    assert type(judge(error(53, words=words)).failure) is Fatal
    assert "DIRECT_TOKEN" in judge(error(53, words=words)).failure.next_step


def test_error_3000_names_all_its_causes():
    step = judge(error(3000)).failure.next_step
    assert all(word in step for word in ("blocked", "approved", "IP"))


def test_the_error_is_found_before_the_status_and_in_three_shapes():
    assert find_error(error(8000)).code == 8000
    assert find_error(error("8000", 400)).code == 8000
    xml = b'<?xml version="1.0"?><r:x><r:ApiError><r:requestId>9</r:requestId><r:errorCode>53</r:errorCode><r:errorMessage>No</r:errorMessage></r:ApiError></r:x>'
    assert (find_error(answer(400, xml)).code, find_error(answer(400, xml)).request_id) == (53, "9")
    for body in (
        b"",
        b"<html>x</html>",
        b"{",
        b"[]",
        b'{"error": null}',
        b'{"error": {"error_code": "x"}}',
        b'{"error": 5}',
    ):
        assert find_error(answer(500, body)) is None


def test_the_header_gives_the_request_id_when_the_body_does_not():
    body = {"error": {"error_code": 53, "error_string": "Authorization error"}}
    assert "request id 4711" in str(judge(answer(200, body, RequestId="4711")).failure)


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b'{"result": {"Ads": [{"Id": 1', b"[]"])
def test_a_success_that_is_no_whole_document_comes_again(body):
    assert isinstance(judge(answer(200, body)), Again)


def test_good_answers_are_done():
    assert judge(answer(200, {"result": {}})) == Done()
    assert ReportJudge()(answer(200, b"Date\tCost\n", **{"content-type": "text/tab-separated-values"})) == Done()
    assert ReportJudge()(answer(200, b"Date\tCost\n")) == Done()


@pytest.mark.parametrize("status", [401, 403])
def test_refused_access_names_the_settings(status):
    failure = judge(answer(status, b"nginx", RequestId="4711")).failure
    assert isinstance(failure, Fatal)
    assert "DIRECT_TOKEN" in str(failure)
    assert "4711" in str(failure)


@pytest.mark.parametrize(
    ("status", "retry_in", "wait"), [(201, "7", 7.0), (202, "0", 0.0), (202, None, 10.0), (201, "soon", 10.0)]
)
def test_a_queued_report_is_polled_as_told(status, retry_in, wait):
    headers = {"reportsInQueue": "3", **({"retryIn": retry_in} if retry_in else {})}
    assert ReportJudge()(answer(status, b"", **headers)) == Again("the report is being built, 3 in the queue", wait)


def test_a_page_instead_of_a_table_comes_again():
    assert isinstance(ReportJudge()(answer(200, b"<html>", **{"content-type": "text/html"})), Again)
    assert isinstance(ReportJudge()(answer(200, b"{}", **{"content-type": "application/json"})), Again)


def test_a_report_error_at_200_is_still_an_error():
    assert isinstance(ReportJudge()(error(53)), Stop)


@pytest.mark.parametrize(("status", "kind"), [(500, NameSpent), (502, ReportTooLarge)])
def test_builds_that_fail_three_times_need_something_else(status, kind):
    report = ReportJudge()
    assert isinstance(report(answer(status, b"<html>x</html>")), Again)
    assert isinstance(report(answer(status, b"<html>x</html>")), Again)
    verdict = report(answer(status, b"<html>x</html>"))
    assert isinstance(verdict, Stop)
    assert isinstance(verdict.failure, kind)


def test_a_taken_name_needs_another():
    verdict = ReportJudge()(error("4000", 400))
    assert isinstance(verdict, Stop)
    assert isinstance(verdict.failure, NameTaken)
