"""Dirt in Direct's answers: one row, one object or one login that is odd costs itself, is said, and stops no other."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest

from zakaz_dagster.errors import BadData, Retriable
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION, TABLE
from zakaz_dagster.sources.yandex_direct.tsv import read_report
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import load as load_sql
from zakaz_dagster.warehouse.stored_days import stored_days
from zakaz_dagster_tests.contract.direct.conftest import FIRST, LAST, LOGINS

GUARD = DESCRIPTION.drop_guard
# Each spoils one row of every login's report: the day and the cost that are missing then stand in the rejects.
ASIDE = {
    "a TAB in a name": ({"stray_tab": True}, "12 cells instead of 11", 1),
    "a line feed in a name": ({"line_feed": True}, "cells instead of 11", 2),
    "words instead of clicks": ({"odd_cell": True}, "Clicks is 'много'", 1),
    "a day nobody asked for": ({"strange_day": True}, "a row of 2026-11-07, which was not asked for", 1),
    "a row without a day": ({"no_date": True}, "a row of no date", 1),
}


def spend(sandbox):
    return {each["day"]: Decimal(each["direct"]["spend"]) for each in sandbox.truths(FIRST, LAST)["days"]}


@pytest.mark.parametrize("name", ASIDE)
def test_an_odd_row_is_put_aside_and_every_other_is_loaded(name, sandbox, direct):
    switches, reason, lines = ASIDE[name]
    sandbox.fault("direct", **switches)
    reads = list(direct().read(FIRST, LAST))
    aside = [odd for read in reads for odd in read.rejects]
    assert len(aside) == lines * len(LOGINS)
    assert all(reason in odd.reason for odd in aside)
    assert {odd.where.split(",")[0] for odd in aside} == {f"login {login}" for login in LOGINS}
    missing = sum(spend(sandbox).values()) - sum(read.totals["cost_rub"] for read in reads)
    assert 0 < missing < sum(spend(sandbox).values()) / 10
    assert all(read.received == read.accepted + len(read.rejects) for read in reads)


def test_the_day_of_an_odd_row_is_over_the_limit_and_no_other(sandbox, direct, warehouse):
    sandbox.fault("direct", line_feed=True)
    report = load_days(direct(), DESCRIPTION, warehouse, FIRST, LAST, Load(run_id="dirt"))
    red = {day for day, counted in report.counted.items() if counted.share > DESCRIPTION.reject_share_limit}
    assert red == {LAST, FIRST}  # the last row is broken in two; what its second half belongs to cannot be read
    assert warehouse.scalar("SELECT count() FROM stg_rejects WHERE source = 'yandex_direct'") == 4


def test_a_row_of_the_published_kind_is_put_aside(recorded):
    raw = (recorded("..") / "cases" / "direct-tab-in-name" / "report.tsv").read_bytes()
    report = read_report(io.BytesIO(raw), micros=None, summary=True)
    assert [(row["CampaignId"], row["Cost"]) for row in report.table.to_pylist()] == [(101, Decimal("5.00"))]
    assert [odd.where for odd in report.rejects] == ["line 3"]


def test_an_odd_link_costs_that_link_and_no_money(sandbox, direct):
    ads = sorted(ad["ad_id"] for ad in sandbox.truth(LAST)["direct"]["ads"] if ad["ad_id"])[:2]
    sandbox.fault("direct", odd_links=ads)
    reads = list(direct().read(FIRST, LAST))
    aside = [odd for read in reads for odd in read.rejects]
    assert sorted(odd.where for odd in aside) == [f"Ad {ad}" for ad in ads]
    assert "_href: Expected `str`, got `object`" in aside[0].reason
    assert {str(read.day): read.totals["cost_rub"] for read in reads} == spend(sandbox)
    rows = [row for read in reads for row in read.tables[TABLE].to_pylist() if row["ad_id"] in ads]
    assert "" in {row["landing_url"] for row in rows}, "an ad without its own link may still have a sitelink's"


@pytest.mark.parametrize("code", [54, 403, 513, 3000, 3001])
def test_a_login_without_access_keeps_its_rows_and_stops_no_other(code, sandbox, direct, warehouse):
    closed, open_ = LOGINS
    load_days(direct(), DESCRIPTION, warehouse, FIRST, LAST, Load("good", GUARD))
    before, total = _by_account(warehouse), _check(warehouse)
    sandbox.correct(late=True)
    truth = {each["day"]: each["direct"]["ads"] for each in sandbox.truths(FIRST, LAST)["days"]}
    sandbox.fault("direct", no_access={closed: code})
    source = direct(now="2026-11-22T12:30:00+03:00", earlier=partial(stored_days, warehouse, TABLE, "account"))
    report = load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load("closed", GUARD))
    after = _by_account(warehouse)
    spent = sum(Decimal(ad["spend"]) for ads in truth.values() for ad in ads if ad["login"] == open_)
    assert after[closed] == before[closed]
    assert after[open_][0] == spent != before[open_][0]
    assert all(counted.share > DESCRIPTION.reject_share_limit for counted in report.counted.values())
    [reason] = report.reasons
    assert f"login {closed} was not read, its rows are those of its last good load" in reason
    assert "DIRECT_LOGINS" in reason or "blocked" in reason
    assert total == _check(warehouse) == "ok"


def test_a_login_without_access_and_without_earlier_rows_is_only_missing(sandbox, direct):
    sandbox.fault("direct", no_access={LOGINS[0]: 513})
    reads = list(direct().read(FIRST, LAST))
    assert {row["account"] for read in reads for row in read.tables[TABLE].to_pylist()} == {LOGINS[1]}
    assert all([odd.where for odd in read.rejects] == [f"login {LOGINS[0]}"] for read in reads)


def test_logins_that_are_no_login_stop_no_other_and_are_told_apart_without_their_addresses(direct, warehouse):
    names = [LOGINS[0], "el.petrova@mail.ru", LOGINS[1], "el.sidorova@mail.ru", "nobody"]
    report = load_days(direct(logins=names), DESCRIPTION, warehouse, FIRST, LAST, Load("five", GUARD))
    assert set(_by_account(warehouse)) == set(LOGINS)
    told = sorted(reason.partition(" was not read")[0] for reason in report.reasons)
    assert told == ["login nobody", "login number 2 of DIRECT_LOGINS", "login number 4 of DIRECT_LOGINS"]
    assert all("Direct error 8800" in reason and "correct DIRECT_LOGINS" in reason for reason in report.reasons)
    aside = warehouse.rows("SELECT DISTINCT place FROM stg_rejects ORDER BY place")
    assert [row["place"] for row in aside] == told


def test_what_a_login_spent_stays_when_it_is_taken_out_of_the_settings(sandbox, direct, warehouse):
    gone, stays = LOGINS
    load_days(direct(), DESCRIPTION, warehouse, FIRST, LAST, Load("both", GUARD))
    before = _by_account(warehouse)
    sandbox.correct(late=True)
    source = direct(
        logins=[stays], now="2026-11-22T12:30:00+03:00", earlier=partial(stored_days, warehouse, TABLE, "account")
    )
    report = load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load("one", GUARD))
    after = _by_account(warehouse)
    assert after[gone] == before[gone]
    assert after[stays] != before[stays]
    assert (report.kept, report.rejected, _check(warehouse)) == ({gone}, 0, "ok")


def test_one_advertiser_under_two_logins_is_not_added_twice(direct):
    with pytest.raises(BadData, match=r"campaign \d+ comes under the logins zakaz-afisha and Zakaz\.Afisha"):
        list(direct(logins=[*LOGINS, "Zakaz.Afisha"]).read(FIRST, LAST))


def test_a_login_in_another_currency_is_never_added_as_roubles(sandbox, direct, warehouse):
    load_days(direct(), DESCRIPTION, warehouse, FIRST, LAST, Load("good", GUARD))
    sandbox.fault("direct", currency={LOGINS[0]: "KZT"})
    source = direct(now="2026-11-22T12:30:00+03:00", earlier=partial(stored_days, warehouse, TABLE, "account"))
    report = load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load("tenge", GUARD))
    assert set(_by_account(warehouse)) == {LOGINS[1]}
    [reason] = report.reasons
    assert "it has no rows: campaigns of zakaz-afisha are billed in KZT" in reason
    with pytest.raises(BadData, match="billed in KZT"):
        list(direct(logins=[LOGINS[0]]).read(FIRST, LAST))


@pytest.mark.parametrize("most", [1, 3])
def test_campaigns_that_were_not_looked_at_are_asked_for_again(most, sandbox, direct):
    since = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    ads = sandbox.truth("2026-11-12")["direct"]["ads"]
    for ad in (ads[0], ads[-1]):
        sandbox.correct(vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day="2026-11-12", spend="1.50")
    sandbox.fault("direct", looks_at=most)
    changed = direct().changed_days(since)
    assert changed.days == [date(2026, 11, day) for day in range(12, 22)]


def test_the_mark_stays_when_campaigns_are_never_looked_at(sandbox, direct):
    sandbox.fault("direct", looks_at="0")
    with pytest.raises(Retriable, match=r"looked at none of \d+ campaigns.*asks from the same moment"):
        direct().changed_days(datetime(2026, 11, 22, 8, 30, tzinfo=UTC))


def test_changes_of_the_logins_that_can_be_read_are_seen(sandbox, direct):
    since = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    ad = next(ad for ad in sandbox.truth("2026-11-12")["direct"]["ads"] if ad["login"] == LOGINS[1])
    sandbox.correct(vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day="2026-11-12", spend="1.50")
    sandbox.fault("direct", no_access={LOGINS[0]: 54})
    assert direct().changed_days(since).days[0] == date(2026, 11, 12)


def _by_account(warehouse):
    rows = warehouse.rows(
        "SELECT account, sum(cost_rub) AS cost, count() AS n, sum(cityHash64(* EXCEPT (_loaded_at, _ver, _run_id))) AS content"
        " FROM fact_direct_daily FINAL GROUP BY account"
    )
    return {row["account"]: (row["cost"], row["n"], row["content"]) for row in rows}


def _check(warehouse):
    return evaluate(warehouse, load_sql("checks")["fact_direct_daily__days_equal_vendor"]).status.value
