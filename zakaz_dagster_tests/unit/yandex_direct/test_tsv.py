"""The TSV reader: whatever table the vendor could write comes back exactly, whatever is broken is named."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.yandex_direct.request import AD_FIELDS
from zakaz_dagster.sources.yandex_direct.rows import KEY, figures, summed, totals
from zakaz_dagster.sources.yandex_direct.tsv import Truncated, find_frame, read_report

NAMES = list(AD_FIELDS)
IDS = st.one_of(st.just("--"), st.integers(1, 2**63).map(str))
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
COUNT = st.integers(0, 10**9).map(str)
KOPECKS = st.integers(0, 10**11)
ROW = st.tuples(
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    IDS,
    TEXT,
    IDS,
    TEXT,
    IDS,
    st.sampled_from(["SEARCH", "AD_NETWORK", "--"]),
    COUNT,
    COUNT,
    KOPECKS,
    st.one_of(st.just("--"), COUNT),
)


def write(rows, *, micros=False, title=None, total=True, newline=True, quoted=False):
    lines = [] if title is None else [f'"{title}"' if quoted else title]
    lines.append("\t".join(NAMES))
    for *cells, kopecks, conversions in rows:
        money = str(kopecks * 10_000) if micros else f"{kopecks // 100}.{kopecks % 100:02d}"
        lines.append("\t".join([*map(str, cells), money, conversions]))
    if total:
        lines.append(f"Total rows: {len(rows)}")
    return ("\n".join(lines) + ("\n" if newline else "")).encode()


def read(raw, **options):
    return whole(raw, **options).table


def whole(raw, **options):
    return read_report(io.BytesIO(raw), **{"micros": False, "summary": True, **options})


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ROW, max_size=8),
    st.booleans(),
    st.sampled_from([None, "zakaz (2026-11-16 - 2026-11-22)"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_what_the_vendor_writes_comes_back_exactly(rows, micros, title, quoted, newline, total):
    if total is False and rows and not newline and rows[-1][-1] == "":
        return
    table = read(
        write(rows, micros=micros, title=title, quoted=quoted, newline=newline, total=total),
        micros=micros,
        summary=total,
    )
    assert table.column_names == NAMES
    assert table["Date"].to_pylist() == [row[0] for row in rows]
    for place, name in enumerate(NAMES):
        if name in ("CampaignName", "AdGroupName", "AdNetworkType"):
            assert table[name].to_pylist() == [row[place] for row in rows]
        elif name not in ("Date", "Cost"):
            assert table[name].to_pylist() == [None if row[place] == "--" else int(row[place]) for row in rows]
    assert table["Cost"].to_pylist() == [Decimal(row[9]) / 100 for row in rows]


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_summing_repeated_keys_loses_and_invents_nothing(rows, picks):
    repeated = [rows[pick % len(rows)] for pick in picks]
    named = figures(read(write(repeated)), "acc")
    result = summed(named)
    keys = [tuple(row[name] for name in KEY) for row in result.to_pylist()]
    assert len(keys) == len(set(keys))
    before, after = totals(named), totals(result)
    assert {day: {**sums, "rows": 0} for day, sums in before.items()} == {
        day: {**sums, "rows": 0} for day, sums in after.items()
    }
    unknown = {tuple(row[name] for name in KEY) for row in named.to_pylist() if row["conversions"] is not None}
    assert {tuple(row[name] for name in KEY) for row in result.to_pylist() if row["conversions"] is not None} == unknown


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=5), st.data())
def test_a_table_cut_anywhere_is_never_taken_for_whole(rows, data):
    raw = write(rows)
    cut = data.draw(st.integers(0, len(raw) - 2))
    if raw[:cut].endswith(f"Total rows: {len(rows)}".encode()):
        return
    with pytest.raises((Truncated, ShapeChanged, BadData)):
        read(raw[:cut])


DAY = date(2026, 11, 21)
ONE = (DAY, "101", "РСЯ Москва", "201", "Группа 1", "301", "SEARCH", "4126", "158", 596474, "8")
TWO = (DAY, "102", "Мастер", "--", "--", "--", "SEARCH", "10", "2", 100, "--")


@pytest.mark.parametrize("title", [None, "zakaz-x (2026-11-16 - 2026-11-22)", '"zakaz-x (2026-11-16 - 2026-11-22)"'])
def test_the_title_never_becomes_the_header(title):
    frame = find_frame(io.BytesIO(write([ONE], title=title)))
    assert frame.columns == NAMES
    assert frame.total == 1
    assert frame.first_line == (2 if title is None else 3)


MANY = [(DAY, str(100 + n), "Кампания", *ONE[3:]) for n in range(30)]


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ((b"\t102\t", b"\t102\t\t"), ["line 4"], "12 cells instead of 11"),  # a TAB in a name
        ((b"\t102\t", b"\t10"), ["line 4"], "10 cells"),
        ((b"\t102\t", b"\t102\n"), ["line 4", "line 5"], "cells instead of 11"),  # a line feed in a name: two lines
        ((b"\n2026-11-21\t102", b"\n\n2026-11-21\t102"), ["line 4"], "1 cells"),
        ((b"2026-11-21\t102", b"21.11.2026\t102"), ["line 4"], "Date is '21.11.2026'"),
        ((b"2026-11-21\t102", b"2026-02-31\t102"), ["line 4"], "Date is '2026-02-31'"),
        ((b"\t102\t", "\tсто два\t".encode()), ["line 4"], "CampaignId is 'сто два'"),
        ((b"\t102\t", b"\t99999999999999999999999\t"), ["line 4"], "CampaignId"),
    ],
)
def test_an_odd_row_is_put_aside_and_the_others_are_read(change, where, reason):
    report = whole(write(MANY).replace(*change))
    assert [odd.where for odd in report.rejects] == where
    assert reason in report.rejects[0].reason
    ids = report.table["CampaignId"].to_pylist()
    assert set(ids) >= set(range(100, 130)) - {102}
    assert sum(report.table["Cost"].to_pylist()) == Decimal("5964.74") * len(ids)
    assert report.table.schema == read(write(MANY)).schema


@pytest.mark.parametrize("character", [b"\xd0", b"\xff\xfe", b"\r"])
def test_a_broken_character_in_a_name_is_repaired(character):
    report = whole(write(MANY).replace("\t102\tКампания".encode(), "\t102\tКампа".encode() + character))
    assert report.rejects == () or not report.rejects
    assert report.table.num_rows == 30
    assert report.table["CampaignName"].to_pylist()[2].startswith("Кампа")


def test_one_row_of_two_may_be_odd():
    broken = (DAY, "102", "Цирк\tшоу", *ONE[3:])
    report = whole(write([ONE, broken], title="title"))
    assert report.table["CampaignId"].to_pylist() == [101]
    assert [(odd.where, odd.reason) for odd in report.rejects] == [("line 4", "12 cells instead of 11")]
    assert report.rejects[0].payload.startswith("2026-11-21\t102\tЦирк\tшоу")


def test_the_total_is_compared_with_odd_rows_counted():
    raw = write(MANY).replace(b"\t102\t", b"\t102\t\t")
    for total in (b"28", b"31"):
        with pytest.raises(Truncated, match=f"`Total rows: {total.decode()}`, but 30 rows came, 1 of them odd"):
            read(raw.replace(b"Total rows: 30", b"Total rows: " + total))


def test_most_rows_odd_is_a_changed_shape():
    lines = write(MANY).replace(b"2026-11-21\t", b"2026-11-21\t\t", 20)
    with pytest.raises(ShapeChanged, match="20 of 30 records cannot be read"):
        read(lines)


def test_money_in_an_odd_row_is_read_in_the_others():
    micros = whole(write(MANY, micros=True).replace(b"\t102\t", b"\t102\t\t"), micros=True)
    unsaid = whole(write(MANY).replace(b"\t102\t", b"\t102\t\t"), micros=None)
    for report in (micros, unsaid):
        assert set(report.table["Cost"].to_pylist()) == {Decimal("5964.74")}
        assert report.table.num_rows == 29


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (write([ONE, TWO]).replace(b"rows: 2", b"rows: 3"), "`Total rows: 3`, but 2 rows came"),
        (write([ONE, TWO], total=False), "ends without its line `Total rows`"),
        (b"", "ends without its line"),
    ],
)
def test_a_table_that_is_not_whole_is_truncated(raw, words):
    with pytest.raises(Truncated, match=words):
        read(raw)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b"2026-11-21", b"21.11.2026"), "column Date"),
        ((b"4126", b"4126.5"), "column Impressions"),
        ((b"\t158\t", b"\t-158\t"), "column Clicks"),
        ((b"5964.74", b"5964,74"), "column Cost"),
        ((b"5964.74", b"5964.745"), "Cost"),
        ((b"\t301\t", b"\tabc\t"), "column AdId"),
    ],
)
def test_a_column_that_no_row_has_in_its_type_is_a_failure(change, words):
    with pytest.raises(BadData, match=words):
        read(write([ONE, ONE]).replace(*change))


@pytest.mark.parametrize(
    "raw", [b"<html><body>500</body></html>\n", b"Date\n2026-11-21\nTotal rows: 1\n", b"Date\tDate\nTotal rows: 0\n"]
)
def test_what_is_no_table_is_a_changed_shape(raw):
    with pytest.raises(ShapeChanged, match="column names"):
        read(raw, summary=False)


def test_micros_where_decimals_were_asked_for_are_refused():
    with pytest.raises(BadData, match="asked for as decimals and looks like micros"):
        read(write([ONE, TWO], micros=True))


def test_decimals_where_micros_were_asked_for_are_refused():
    with pytest.raises(BadData, match="column Cost"):
        read(write([ONE, TWO]), micros=True)
    with pytest.raises(BadData, match="asked for as micros"):
        read(write([ONE, TWO]).replace(b"5964.74", b"5964").replace(b"1.00", b"1"), micros=True)


def test_round_thousands_in_decimals_are_believed_for_their_point():
    raw = write([(*ONE[:9], 1_000_000, "8"), (*TWO[:9], 2_000_000, "--")])
    assert read(raw)["Cost"].to_pylist() == [Decimal("10000.00"), Decimal("20000.00")]


@pytest.mark.parametrize(("money", "cost"), [(b"5964.74", "5964.74"), (b"5964740000", "5964.74"), (b"0", "0.00")])
def test_unsaid_money_is_told_by_the_figures(money, cost):
    table = read(write([ONE]).replace(b"5964.74", money), micros=None)
    assert table["Cost"].to_pylist() == [Decimal(cost)]


def test_unsaid_money_that_could_be_either_is_asked_for():
    with pytest.raises(BadData, match="--money"):
        read(write([ONE]).replace(b"5964.74", b"5964"), micros=None)


def test_dashes_are_null_and_cost_too():
    table = read(write([ONE, TWO]).replace(b"\t1.00\t", b"\t--\t"))
    assert table["Cost"].to_pylist() == [Decimal("5964.74"), None]
    assert table["AdId"].to_pylist() == [301, None]
    named = figures(table, "acc").to_pylist()
    assert (named[1]["ad_id"], named[1]["ad_group_name"], named[1]["cost_rub"]) == (0, "", Decimal("0.00"))


def test_a_large_report_is_read_block_by_block():
    days = [DAY - timedelta(days=n) for n in range(300)]
    rows = [
        (day, str(n), "Кампания", "2", "Группа", str(n), "SEARCH", "5", "1", 100 + n, "--")
        for day in days
        for n in range(1, 41)
    ]
    table = read(write(rows))
    assert table.num_rows == 12_000
    assert sum(table["Cost"].to_pylist()) == Decimal(sum(row[9] for row in rows)) / 100
