"""Every switch of the sandbox's VK has one of two outcomes: right data, or a named failure before any day is given out.

A source yields a day only after the whole range was read, so a failure here means that no table can have changed.
"""

from __future__ import annotations

import pytest

from zakaz_dagster.errors import BadData, Failure, Fatal, Retriable, ShapeChanged
from zakaz_dagster_tests.contract.vk_ads.account import (
    FIRST,
    LAST,
    by_ad,
    by_group,
    source_on,
    truth_by_ad,
    truth_by_group,
)

RIGHT = {
    "page cap of 50, clamped": ({"page_cap": 50}, {"page_size": 250}),
    "page cap of 7, clamped": ({"page_cap": 7}, {}),
    "a list shrinks while it is read": ({"shrinking": 1}, {}),
    "a list shrinks twice, unsaid": ({"shrinking": 2, "no_count": True}, {"page_size": 20}),
    "one object goes and one comes": ({"exchanging": 1}, {}),
    "no count in lists": ({"no_count": True}, {}),
    "sorting of banners refused": ({"banner_sorting": "400"}, {}),
    "sorting of banners ignored": ({"banner_sorting": "ignored"}, {}),
    "deleted objects only on request": ({"hide_deleted": True}, {}),
    "links only by id": ({"links_by_id": True}, {}),
    "braces of macros encoded": ({"encoded_braces": True}, {}),
    "parameters with a question mark": ({"utm_question_mark": True}, {}),
    "nested 401": ({"nested_401": True, "token_uses": 5}, {}),
    "token expires after 3 requests": ({"token_uses": 3}, {}),
    "token pair deleted meanwhile": ({"wipe_after": 4}, {}),
    "refresh token rotates": ({"rotate_refresh": True, "token_uses": 4}, {}),
    "expires_in as text": ({"expires_as_text": True}, {}),
    "short token life": ({"token_life": 30}, {}),
    "five requests a second": ({"limits": {"1": 5, "3600": 5000}}, {}),
    "429 without Retry-After": ({"throttle": 2}, {}),
    "429 with Retry-After": ({"throttle": 2, "wait": 1}, {}),
    "500 twice": ({"internal": 500, "internal_times": 2}, {}),
    "503 twice, bare codes": ({"internal": 503, "internal_times": 2, "bare_errors": True}, {}),
    "502 page of a proxy": ({"http": 502, "times": 2, "after": 1}, {}),
    "an HTML page with status 200": ({"html": True, "times": 1, "after": 2}, {}),
    "slow answers": ({"slow": 0.2, "times": 3}, {}),
    "a body cut in half": ({"truncated": True, "times": 2, "after": 2}, {}),
    "a connection lost": ({"dropped": True, "times": 2, "after": 2}, {}),
    "a connection refused": ({"off": True, "times": 1, "after": 2}, {}),
    "items in another order": ({"shuffled_items": True}, {}),
    "numbers as text": ({"numbers_as_text": True}, {}),
    "no rows before an object was made or after it was deleted": ({"living_days": True}, {}),
    "cpa as a number": ({"zero_as_number": True}, {}),
}

FAILS: dict[str, tuple[dict, dict, type[Failure], str]] = {
    "page size refused": ({"page_cap": 50, "over_cap": "400"}, {"page_size": 250}, Fatal, "VK_ADS_PAGE_SIZE"),
    "pages shift": ({"shifting": True}, {}, Retriable, "list banners changed in each of 3 readings"),
    "a list shrinks without end": ({"shrinking": 1000}, {}, Retriable, "list banners changed in each of 3 readings"),
    "objects go and come without end": ({"exchanging": 1000}, {}, Retriable, "list banners changed"),
    "groups hidden for good": ({"hide_deleted": "always"}, {}, BadData, "belongs to ad group"),
    "a field disappears": ({"drop_fields": ["enable_utm"]}, {}, ShapeChanged, "enable_utm"),
    "links disappear": ({"drop_fields": ["urls"]}, {}, ShapeChanged, "urls"),
    "the group of ads disappears": ({"drop_fields": ["ad_group_id"]}, {}, ShapeChanged, r"\$\.items\[0\]"),
    "token refused for good": ({"refuse_tokens": "invalid_token"}, {}, Fatal, "Unknown access token"),
    "token revoked": ({"refuse_tokens": "revoked_token"}, {}, Fatal, "has been revoked"),
    "user blocked": ({"refuse_tokens": "invalid_user"}, {}, Fatal, "User is blocked"),
    "no free token slot": ({"token_cap": "0"}, {}, Fatal, "token_limit_exceeded"),
    "wrong secret, 401": ({}, {"client_secret": "wrong-secret"}, Fatal, "VK_ADS_CLIENT_SECRET"),
    "wrong secret, 400": ({"secret_status": 400}, {"client_secret": "wrong-secret"}, Fatal, "VK_ADS_CLIENT_SECRET"),
    "no access to the method": ({"zero_limits": True}, {}, Fatal, "every limit 0"),
    "scope missing": ({"forbidden": True}, {}, Fatal, "read_ads"),
    "limit of the hour used up": ({"limits": {"3600": 3}}, {}, Retriable, "VK_ADS_DEADLINE_SECONDS"),
    "limit of the day used up": ({"limits": {"86400": 3}}, {}, Retriable, "VK_ADS_DEADLINE_SECONDS"),
    "500 for ever": ({"internal": 500}, {"deadline": 1.0}, Retriable, "internal"),
    "503 for ever": ({"internal": 503}, {"deadline": 1.0}, Retriable, "x-request-id"),
    "an HTML page for ever": ({"html": True, "after": 1}, {"deadline": 1.0}, Retriable, "not JSON"),
    "cut for ever": ({"truncated": True, "after": 1}, {"deadline": 1.0}, Retriable, "not JSON"),
    "lost for ever": ({"dropped": True, "after": 1}, {"deadline": 1.0}, Retriable, "did not succeed"),
    "closed for ever": (
        {"off": True},
        {"deadline": 1.0},
        Retriable,
        "RemoteProtocolError|ReadError|ConnectError|did not succeed",
    ),
    "slower than the time-out": ({"slow": 3, "after": 1}, {"timeout": 0.5, "deadline": 2.0}, Retriable, "Timeout"),
    "another currency": ({"currency": "KZT"}, {}, BadData, "currency is KZT"),
    "a currency that is not named": ({"currency": ""}, {}, BadData, "does not name"),
    "a group without an id": ({"odd_field": {"ad_groups": "id"}}, {}, BadData, "groups came without a readable id"),
    "a day missing": ({"missing_days": ["2026-11-18"]}, {}, BadData, "x-request-id .* 2026-11-18 first"),
    "sums that disagree": ({"wrong_sums": True}, {}, BadData, "total says"),
    "money left out": ({"money": "absent"}, {}, ShapeChanged, "finances"),
    "money zero": ({"money": "zero"}, {}, BadData, "finances"),
}


@pytest.mark.parametrize("switch", RIGHT)
def test_the_switch_changes_no_number(switch, sandbox, tmp_path):
    switches, config = RIGHT[switch]
    sandbox.fault("vk", **switches)
    source = source_on(sandbox.url, tmp_path, **config)
    reads = list(source.read(FIRST, LAST))
    days = sandbox.truths(FIRST, LAST)["days"]
    assert by_group(reads) == truth_by_group(days)
    assert by_ad(reads) == truth_by_ad(days)
    assert all(not read.rejects for read in reads)


@pytest.mark.parametrize("switch", FAILS)
def test_the_switch_is_a_named_failure_before_any_day(switch, sandbox, tmp_path):
    switches, config, kind, words = FAILS[switch]
    sandbox.fault("vk", **switches)
    with pytest.raises(kind, match=words) as caught:
        next(source_on(sandbox.url, tmp_path, **config).read(FIRST, LAST))
    assert type(caught.value) is kind
    assert "vk_ads" in str(caught.value)
    assert "wrong-secret" not in str(caught.value)
    assert "sandbox-vk-secret" not in str(caught.value)


def test_conversions_that_are_not_given_stay_unknown(sandbox, tmp_path):
    sandbox.fault("vk", no_goals=True)
    reads = list(source_on(sandbox.url, tmp_path).read(LAST, LAST))
    table = reads[0].tables["fact_vk_ads_daily"]
    assert table["conversions"].null_count == table.num_rows > 0
    assert sum(table["spent_rub"].to_pylist()) == reads[0].totals["spent_rub"] > 0
