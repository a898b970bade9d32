"""Direct's figures and landings against the sandbox's own truth."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.seeds import seed
from zakaz_dagster.sources.yandex_direct import source as module
from zakaz_dagster.sources.yandex_direct.rows import KEY, TABLE
from zakaz_dagster_tests.contract.direct.conftest import FIRST, LAST, LOGINS

ZERO = ("0.00", 0, 0, 0)


def rows_of(reads):
    return [row for read in reads for row in read.tables[TABLE].to_pylist()]


def figures(rows):
    """Sums of a list of rows or of the truth's ads, comparable."""
    rows = list(rows)
    if not rows:
        return ZERO
    cost = sum(Decimal(str(row.get("cost_rub", row.get("spend")))) for row in rows)
    return (f"{cost:.2f}", *(sum(row[name] or 0 for row in rows) for name in ("impressions", "clicks", "conversions")))


def by_object(rows, **names):
    found = defaultdict(list)
    for row in rows:
        found[
            tuple(row[names.get(name, name)] or 0 for name in ("account", "campaign_id", "ad_group_id", "ad_id"))
        ].append(row)
    return {key: figures(group) for key, group in found.items()}


def check_against_truth(sandbox, reads):
    assert [read.day for read in reads] == [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    told = {each["day"]: each["direct"]["ads"] for each in sandbox.truths(FIRST, LAST)["days"]}
    assert sum(map(len, told.values())) > 50
    for read in reads:
        truth = told[str(read.day)]
        rows = read.tables[TABLE].to_pylist()
        names = {"account": "login", "ad_group_id": "group_id"}
        assert by_object(rows) == by_object(truth, **names), read.day
        assert figures(rows) == figures(truth)
        assert f"{read.totals['cost_rub']:.2f}" == figures(truth)[0]
        assert read.received == read.accepted
        assert {row["date"] for row in rows} <= {read.day}
        assert len({tuple(row[name] for name in KEY) for row in rows}) == len(rows)


def test_every_day_login_and_ad_equals_the_truth(sandbox, direct):
    reads = list(direct().read(FIRST, LAST))
    check_against_truth(sandbox, reads)
    assert {row["account"] for row in rows_of(reads)} == set(LOGINS)
    assert {row["network"] for row in rows_of(reads)} == {"SEARCH", "AD_NETWORK"}


def test_micros_give_the_same(sandbox, direct):
    check_against_truth(sandbox, list(direct(micros=True).read(FIRST, LAST)))


def test_wizard_rows_are_summed_not_replaced(direct):
    wizard = [row for row in rows_of(direct().read(FIRST, LAST)) if not row["ad_id"]]
    assert wizard
    assert {row["ad_group_id"] for row in wizard} == {0}


def test_a_period_is_one_report_per_login(sandbox, direct):
    sandbox.fault("direct", polls=1)
    source = direct()
    list(source.read(FIRST, LAST))
    # the list of campaigns, 201 and 200 of one report, then ads, groups and the campaigns that no list had, for each login
    assert source.stats.requests == len(LOGINS) * (1 + 2 + 3)


def test_landings_equal_what_clicks_carry(sandbox, direct):
    reads = list(direct().read(FIRST, LAST))
    by_ad = {row["ad_id"]: row for row in rows_of(reads)}
    checked = 0
    for read in reads:
        for ad in sandbox.truth(read.day)["direct"]["ads"]:
            if ad["ad_id"] is None:
                continue
            row = by_ad[ad["ad_id"]]
            source, medium, campaign, content, term = ad["utm"]
            assert (row["utm_source"], row["utm_medium"], row["utm_campaign"]) == (source, medium, campaign)
            assert row["utm_content"] == content
            assert row["utm_term"] in (term, "{keyword}")  # the phrase is known at the click only
            checked += 1
    assert checked > 50
    tagged = [row for row in by_ad.values() if row["utm_city"]]
    assert tagged
    assert all(row["city"] == row["utm_city"] for row in tagged)
    assert all(1 <= row["utm_month"] <= 12 and 1 <= row["utm_day"] <= 31 for row in tagged if row["utm_day"])
    assert not [row for row in by_ad.values() if row["utm_content"].endswith("_31_02") and row["utm_day"]]


def test_a_day_corrected_to_nothing_comes_empty_and_complete(sandbox, direct):
    day = LAST - timedelta(days=1)
    for ad in sandbox.truth(day)["direct"]["ads"]:
        sandbox.correct(vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day=str(day))
    reads = {read.day: read for read in direct().read(FIRST, LAST)}
    assert reads[day].tables[TABLE].num_rows == 0
    assert reads[day].totals["cost_rub"] == Decimal("0.00")
    assert reads[LAST].tables[TABLE].num_rows > 0
    check_against_truth(sandbox, list(reads.values()))


def test_a_later_reading_sees_corrections_although_reports_are_kept(sandbox, direct):
    """The vendor keeps a finished report five hours under its name; another reading must not meet it."""
    before = rows_of(direct().read(FIRST, LAST))
    assert sandbox.correct(late=True)["corrections"] > 0
    reads = list(direct(now="2026-11-22T12:00:01+03:00").read(FIRST, LAST))
    check_against_truth(sandbox, reads)
    assert rows_of(reads) != before


def test_changed_days_are_those_since_the_border(sandbox, direct):
    since = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    quiet = direct().changed_days(since)
    assert quiet.days == []
    assert quiet.cursor == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)  # the vendor's own clock
    ad = sandbox.truth("2026-11-12")["direct"]["ads"][0]
    sandbox.correct(vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day="2026-11-12", impressions=5, spend="1.50")
    changed = direct().changed_days(since)
    assert changed.days == [date(2026, 11, day) for day in range(12, 22)]
    assert direct().changed_days(datetime(2026, 11, 22, 9, 0, tzinfo=UTC)).days == []


def test_a_corrected_campaign_of_the_wizard_is_seen_although_no_list_has_it(sandbox, direct):
    first = direct()
    wizard = next(row for row in rows_of(first.read(FIRST, LAST)) if not row["ad_id"])
    stored = first.dimensions()
    sandbox.correct(vendor="direct", id=wizard["campaign_id"], day=str(wizard["date"]), impressions=5, spend="1.50")
    changed = direct(stored=lambda: stored).changed_days(datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
    assert changed.days[0] == wizard["date"]


def test_a_period_too_long_for_the_vendor_is_halved(sandbox, direct):
    sandbox.fault("direct", too_large_days=4, polls=1, rate=500)
    check_against_truth(sandbox, list(direct().read(FIRST, LAST)))


def test_a_report_at_the_row_limit_is_not_believed(sandbox, direct, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 300)
    sandbox.fault("direct", rate=500)
    source = direct()
    check_against_truth(sandbox, list(source.read(FIRST, LAST)))
    assert source.stats.requests > 10


def test_one_day_that_is_too_large_is_a_failure(sandbox, direct):
    sandbox.fault("direct", http=502, only="reports")
    with pytest.raises(module.ReportTooLarge, match=f"zakaz-afisha {LAST}..{LAST}: HTTP 502"):
        list(direct().read(LAST, LAST))


def test_a_name_that_cannot_be_built_is_left_for_another(sandbox, direct):
    sandbox.fault("direct", broken_names=2, polls=1, rate=500)
    check_against_truth(sandbox, list(direct().read(FIRST, LAST)))


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (date(2023, 10, 31), r"the oldest day the vendor still has is 2023-11-01.*zakaz import"),
        (date(2026, 11, 23), r"has not begun in Moscow"),
    ],
)
def test_days_the_vendor_cannot_have_are_refused_unasked(direct, first, words):
    source = direct()
    with pytest.raises(Fatal, match=words):
        list(source.read(first, max(first, LAST)))
    assert source.stats.requests == 0


def test_edited_links_open_a_version_and_leave_older_days_alone(sandbox, direct):
    morning = direct(now="2026-11-21T00:10:00+03:00")
    before = {
        (row["date"], row["ad_id"]): row for row in rows_of(morning.read(FIRST, date(2026, 11, 20))) if row["ad_id"]
    }
    stored = morning.dimensions()
    own_links = {row["ad_id"] for row in stored["dim_direct_ads"].to_pylist() if not row["url_params"]}
    ran = {row["ad_id"] for row in sandbox.truth(LAST)["direct"]["ads"]}
    ad = next(ad for day, ad in before if day == date(2026, 11, 20) and ad in own_links & ran)
    link = "https://tickets.example.ru/show?utm_source=yandex&utm_campaign=new&utm_content=omsk_05_12"
    sandbox.fault("direct", relinked={str(ad): link})
    next_night = direct(now="2026-11-22T00:10:00+03:00", stored=lambda: stored)
    rows = {(row["date"], row["ad_id"]): row for row in rows_of(next_night.read(FIRST, LAST))}
    edited = rows[LAST, ad]
    assert (edited["utm_content"], edited["landing_url"]) == ("omsk_05_12", link)
    assert (edited["city"], edited["utm_day"], edited["utm_month"]) == ("омск", 5, 12)
    for key, row in before.items():
        assert {name: rows[key][name] for name in ("utm_content", "landing_url", "city")} == {
            name: row[name] for name in ("utm_content", "landing_url", "city")
        }
    stored = [row for row in next_night.dimensions()["dim_direct_ads"].to_pylist() if row["ad_id"] == ad]
    assert [(row["valid_from"], row["landing_url"]) for row in stored] == [(LAST, link)]


def test_a_spelling_that_is_added_later_reaches_the_days_before_it(direct):
    spellings = {row["alias"]: row["city"] for row in seed("city_aliases")}
    few = CityIndex({alias: city for alias, city in spellings.items() if len(city) % 2})
    expected = rows_of(direct().read(FIRST, LAST))
    assert {bool(row["utm_city"]) for row in expected if row["city"] not in few.spellings} == {True, False}, (
        "tags, names"
    )
    first = direct(cities=few)
    assert rows_of(first.read(FIRST, LAST)) != expected
    stored = first.dimensions()
    night = direct(now="2026-11-23T00:10:00+03:00", stored=lambda: stored)
    assert rows_of(night.read(FIRST, LAST)) == expected
    changed = night.dimensions()["dim_direct_ads"].to_pylist()
    assert changed
    held = {(row["ad_id"], row["campaign_id"], row["valid_from"]) for row in stored["dim_direct_ads"].to_pylist()}
    assert {(row["ad_id"], row["campaign_id"], row["valid_from"]) for row in changed} <= held, "no version is opened"


def test_dimensions_are_written_once(direct):
    first = direct()
    list(first.read(FIRST, LAST))
    stored = first.dimensions()
    assert stored["dim_direct_ads"].num_rows > 20
    assert stored["dim_direct_campaigns"].num_rows > 5
    second = direct(stored=lambda: stored)
    list(second.read(FIRST, LAST))
    assert {name: table.num_rows for name, table in second.dimensions().items()} == {
        "dim_direct_ads": 0,
        "dim_direct_campaigns": 0,
    }


def test_an_ad_the_vendor_forgot_keeps_its_landing(sandbox, direct):
    first = direct()
    rows = rows_of(first.read(FIRST, LAST))
    stored = first.dimensions()
    ads = sorted({row["ad_id"] for row in rows if row["ad_id"]})[:5]
    sandbox.fault("direct", forgotten=ads)
    again = {
        (row["date"], row["ad_id"]): row["landing_url"]
        for row in rows_of(direct(stored=lambda: stored).read(FIRST, LAST))
    }
    assert all(again[row["date"], row["ad_id"]] == row["landing_url"] for row in rows if row["ad_id"] in ads)
