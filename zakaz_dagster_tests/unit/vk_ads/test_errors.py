"""The five shapes of an error body, and how long a 429 wants us to wait."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from zakaz_dagster.sources.vk_ads.errors import judge, problem_of, seconds_to_wait, words
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.transport.answer import Again, Done, Stop


def answer(status, body, **headers):
    if isinstance(body, str):
        return httpx.Response(status, content=body.encode(), headers=headers)
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "ERR_WRONG_BANNERS", "message": "Wrong banners: 7"}}, "wrong_banners", "Wrong banners: 7"),
        ({"error": {"code": "WRONG_BANNERS", "message": "Wrong banners: 7"}}, "wrong_banners", "Wrong banners: 7"),
        ({"error": "token_limit_exceeded", "error_description": "Reached."}, "token_limit_exceeded", "Reached."),
        ({"code": "expired_token", "message": "Access token is expired"}, "expired_token", "Access token is expired"),
        ({"error": {"code": "invalid_token", "message": "Unknown"}}, "invalid_token", "Unknown"),
        ({"limits": {"1": 5}, "remaining": {"1": 0}}, "", ""),
        ("<html><h1>Bad gateway</h1></html>", "", "Bad gateway"),
        ("", "", ""),
        ("[1]", "", "[1]"),
    ],
)
def test_every_shape_is_read(body, code, message):
    problem = problem_of(answer(400, body))
    assert (problem.code, problem.message) == (code, message)


@pytest.mark.parametrize(
    ("code", "about_ids"),
    [
        ("ERR_WRONG_ADGROUPS", True),
        ("WRONG_CAMPAIGNS", True),
        ("ERR_WRONG_IDS", True),
        ("ERR_WRONG_DATE", False),
        ("ERR_WRONG_PARAMETER", False),
        ("ERR_WRONG_RESOURCE", False),
        ("ERR_LIMIT_EXCEEDED", False),
    ],
)
def test_only_wrong_ids_are_worth_halving(code, about_ids):
    assert problem_of(answer(400, {"error": {"code": code, "message": ""}})).names_ids is about_ids


def test_validation_errors_name_their_fields():
    body = {
        "error": {"code": "validation_failed", "message": "Validation failed", "fields": {"limit": {"code": "max"}}}
    }
    assert "limit" in words(answer(400, body, **{"x-request-id": "abc"}))
    assert "x-request-id abc" in words(answer(400, body, **{"x-request-id": "abc"}))


@pytest.mark.parametrize(
    ("remaining", "seconds"),
    [
        ({"1": 0, "3600": 10}, 1.0),
        ({"60": 0}, 20.0),
        ({"1": 0, "3600": 0}, 9 * 60 + 20.0),
        ({"86400": 0}, 9 * 60 + 20.0),
        ({"1": 3}, None),
    ],
)
def test_waiting_lasts_to_the_end_of_the_longest_exhausted_window(remaining, seconds):
    now = datetime(2026, 11, 22, 23, 50, 40, tzinfo=MOSCOW)
    assert seconds_to_wait(remaining, now) == seconds


def test_429_waits_as_told():
    body = {"limits": {"1": 5, "3600": 100}, "remaining": {"1": 5, "3600": 0}}
    told = judge(answer(429, body, **{"retry-after": "7"}))
    assert isinstance(told, Again)
    assert told.after == 7
    dated = judge(answer(429, body, date="Sun, 22 Nov 2026 20:50:40 GMT"))
    assert isinstance(dated, Again)
    assert dated.after == 9 * 60 + 20
    assert isinstance(judge(answer(429, {"limits": {"1": 0}, "remaining": {"1": 0}})), Stop)
    assert isinstance(judge(answer(429, "busy")), Again)


def test_what_is_retried_and_what_is_handed_on():
    assert isinstance(judge(answer(200, {"items": []})), Done)
    assert isinstance(judge(answer(200, "<html>")), Again)
    assert isinstance(judge(answer(200, '{"items": [')), Again)
    assert isinstance(judge(answer(200, "")), Again)
    assert isinstance(judge(answer(200, '{"items": [{"id": 1}')), Again), "cut off just behind a brace"
    assert isinstance(judge(answer(200, "[]")), Again)
    assert isinstance(judge(httpx.Response(204)), Done)
    for status in (500, 502, 503):
        assert isinstance(judge(answer(status, {"error": {"code": "ERR_INTERNAL", "message": "x"}})), Again)
    for status in (400, 401, 403, 404):
        assert isinstance(judge(answer(status, {"error": {"code": "x", "message": "y"}})), Done)
    assert isinstance(judge(answer(302, "", location="https://ads.vk.ru/")), Stop)
