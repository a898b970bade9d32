"""Through a socket the rows equal the world's own totals, per day, group and ad, and follow late corrections."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.sources.vk_ads.description import GROUPS, TABLE
from zakaz_dagster_tests.contract.vk_ads.account import (
    FIRST,
    LAST,
    NOON,
    by_ad,
    by_group,
    source_on,
    truth_by_ad,
    truth_by_group,
)


def test_every_day_group_and_ad_equals_the_truth(sandbox, tmp_path):
    first = LAST - timedelta(days=60)
    reads = list(source_on(sandbox.url, tmp_path).read(first, LAST))
    days = sandbox.truths(first, LAST)["days"]
    assert [read.day for read in reads] == [first + timedelta(days=n) for n in range(61)]
    assert len(truth_by_group(days)) > 1000
    assert by_group(reads) == truth_by_group(days)
    assert by_ad(reads) == truth_by_ad(days)
    assert [read.totals["spent_rub"] for read in reads] == [Decimal(day["vk"]["spend"]) for day in days]
    assert all(read.received == read.accepted and not read.rejects for read in reads)


def test_what_ads_do_not_explain_stands_in_a_remainder_row(sandbox, tmp_path):
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    wanted = {
        (day["day"], group["id"]): Decimal(group["rest"]["spend"])
        for day in sandbox.truths(FIRST, LAST)["days"]
        for group in day["vk"]["groups"]
        if Decimal(group["rest"]["spend"])
    }
    rows = [row for read in reads for row in read.tables[TABLE].to_pylist() if row["is_remainder"]]
    assert wanted
    assert {(str(row["date"]), row["ad_group_id"]): row["spent_rub"] for row in rows if row["spent_rub"]} == wanted
    assert {row["ad_id"] for row in rows} == {0}


def test_keys_are_unique_and_spend_with_vat_is_rounded_row_by_row(sandbox, tmp_path):
    rows = [
        row for read in source_on(sandbox.url, tmp_path).read(FIRST, LAST) for row in read.tables[TABLE].to_pylist()
    ]
    assert len({(row["date"], row["ad_group_id"], row["ad_id"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["spend_rub"] == (row["spent_rub"] * Decimal("1.22")).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_late_corrections_are_followed_also_those_to_nothing(sandbox, tmp_path):
    before = by_group(list(source_on(sandbox.url, tmp_path).read(FIRST, LAST)))
    sandbox.correct(late=True)
    emptied = LAST - timedelta(days=3)  # the world corrects this whole day to nothing
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    after = by_group(reads)
    assert after != before
    assert after == truth_by_group(sandbox.truths(FIRST, LAST)["days"])
    assert not [key for key in after if key[0] == str(emptied)]
    day = next(read for read in reads if read.day == emptied)
    assert day.tables[TABLE].num_rows > 0, "groups that could have run keep a row of zeros"
    assert set(day.tables[TABLE]["spent_rub"].to_pylist()) == {Decimal(0)}


def test_a_day_has_the_same_rows_when_its_groups_were_deleted_since(sandbox, tmp_path):
    first, later = LAST - timedelta(days=60), NOON + timedelta(days=25)

    def rows(now):
        sandbox.clock(now.isoformat())
        source = source_on(sandbox.url, tmp_path, now=lambda: now)
        read = pa.concat_tables([read.tables[TABLE] for read in source.read(first, LAST)])
        groups = source.dimensions()[GROUPS]
        figures = read.select(["date", "ad_group_id", "ad_id", "impressions", "clicks", "conversions", "spent_rub"])
        return figures, set(groups.filter(pc.field("status") == "deleted")["ad_group_id"].to_pylist())

    before, deleted = rows(NOON)
    after, deleted_since = rows(later)
    silent = {row["ad_group_id"] for row in before.to_pylist() if not row["impressions"] and not row["spent_rub"]}
    assert silent & (deleted_since - deleted), "one of them had a row of zeros"
    assert after == before


def test_a_day_before_any_advertising_is_complete_and_empty(sandbox, tmp_path):
    [read] = source_on(sandbox.url, tmp_path).read(date(2026, 1, 10), date(2026, 1, 10))
    assert read.tables[TABLE].num_rows == 0
    assert read.totals["spent_rub"] == 0


def test_the_running_day_is_read_as_far_as_it_went(sandbox, tmp_path):
    now = NOON.replace(microsecond=123456)
    [read] = source_on(sandbox.url, tmp_path, now=lambda: now).read(NOON.date(), NOON.date())
    assert by_group([read]) == truth_by_group([sandbox.truth(NOON.date())])
    assert read.covered_until == NOON.isoformat()


def test_the_vendors_depth_is_said_before_anything_is_asked(sandbox, tmp_path):
    source = source_on(sandbox.url, tmp_path)
    with pytest.raises(Fatal, match="last 366 days"):
        next(source.read(date(2025, 11, 21), LAST))
    with pytest.raises(Fatal, match="has not begun"):
        next(source.read(LAST, date(2026, 11, 23)))
    assert source.stats.requests == 0


def test_the_oldest_day_the_vendor_has_can_be_read(sandbox, tmp_path):
    [read] = source_on(sandbox.url, tmp_path).read(date(2025, 11, 22), date(2025, 11, 22))
    assert (read.day, read.received) == (date(2025, 11, 22), read.accepted)


def test_a_range_costs_what_a_day_costs(sandbox, tmp_path):
    day, year = source_on(sandbox.url, tmp_path), source_on(sandbox.url, tmp_path)
    list(day.read(LAST, LAST))
    list(year.read(LAST - timedelta(days=364), LAST))
    assert (
        year.stats.requests - day.stats.requests <= 3
    )  # more groups were busy, so more ads are asked for; never more per day


def test_nothing_was_written_and_one_token_served_all_runs(sandbox, tmp_path):
    for _ in range(6):
        list(source_on(sandbox.url, tmp_path).read(LAST, LAST))
    assert sandbox.writes() == []
