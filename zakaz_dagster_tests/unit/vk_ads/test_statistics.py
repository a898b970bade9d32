"""A statistics answer is whole or refused: every id, every day, sums that agree, exact money."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.vk_ads.statistics import Asked, figures_of

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 14)


def base(shows=100, clicks=7, spent="86.4", **more):
    return {"shows": shows, "clicks": clicks, "goals": 0, "spent": spent, "vk": {"goals": 2, "cpa": 0}, **more}


def item(id_, *days, total=None, **figures):
    rows = [{"date": day, "base": base(**figures)} for day in days or ("2026-11-13", "2026-11-14")]
    return {"id": id_, "rows": rows, **({"total": {"base": total}} if total else {})}


def read(*items, asked=(1, 2), total=None, **options):
    body = {"items": list(items), **({"total": {"base": total}} if total else {})}
    found = figures_of(json.dumps(body).encode(), Asked(asked, [FIRST, LAST], **options))
    return found.table, found.missing


def test_a_whole_answer_becomes_columns():
    table, missing = read(item(2), item(1, spent="0"))
    assert missing == []
    assert table.to_pylist()[0] == {
        "id": 2,
        "date": FIRST,
        "impressions": 100,
        "clicks": 7,
        "conversions": 2,
        "spent_rub": Decimal("86.40"),
    }
    assert table["spent_rub"].to_pylist()[2:] == [Decimal("0.00")] * 2


def test_missing_ids_are_told_and_not_made_up():
    table, missing = read(item(1))
    assert missing == [2]
    assert table.num_rows == 2


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item(1, "2026-11-13"), item(2)], "object 1 lacks 1 of 2 days, 2026-11-14"),
        ([item(1, "2026-11-13", "2026-11-14", "2026-11-15"), item(2)], "not asked for"),
        ([item(1, "2026-11-13", "2026-11-13", "2026-11-14"), item(2)], "twice"),
        ([item(1), item(1)], "object 1 came twice"),
        ([item(1), item(2), item(3)], "nobody asked for"),
        ([item(1, total=base(shows=200, clicks=14, spent="172.9")), item(2)], "total says"),
        ([item(1, total=base(shows=201, clicks=14, spent="172.8")), item(2)], "total says"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(items, words):
    with pytest.raises(BadData, match=words):
        read(*items)


def test_the_total_of_all_objects_is_checked_too():
    right = base(shows=400, clicks=28, spent="345.6")
    assert read(item(1), item(2), total=right)
    with pytest.raises(BadData, match="all objects"):
        read(item(1), item(2), total={**right, "clicks": 29})


def test_a_total_rounded_by_the_vendor_is_no_contradiction():
    assert read(item(1, total=base(shows=200, clicks=14, spent="172.81")), item(2))


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (b'{"items":[{"id":1}]}', ShapeChanged, r"`rows` - at `\$\.items\[0\]"),
        (
            b'{"items":[{"id":1,"rows":[{"date":"2026-11-13","base":{"shows":1,"clicks":0}}]}]}',
            ShapeChanged,
            "finances",
        ),
        (b'{"items":[{"id":1,"rows":[{"date":"13.11.2026","base":{}}]}]}', ShapeChanged, r"rows\[0\]\.date"),
        (b'{"items":[{"id":1,"rows":[', ShapeChanged, "not JSON"),
        (b"<html>", ShapeChanged, "not JSON"),
        (b'{"items": [{"id": "\xff", "rows": []}]}', ShapeChanged, "Expected|not JSON"),
        (b'{"items": ' + b"[" * 100_000, ShapeChanged, "Expected|not JSON"),
        (b'{"items":[{"id":1e300,"rows":[]}]}', ShapeChanged, "id"),
    ],
)
def test_other_shapes_name_the_path(raw, kind, words):
    with pytest.raises(kind, match=words):
        figures_of(raw, Asked([1], [FIRST, LAST]))


@pytest.mark.parametrize("spent", ["12.345", "NaN", "1e-3"])
def test_money_that_is_no_money_is_refused(spent):
    with pytest.raises(ShapeChanged, match="spent"):
        read(item(1, spent=spent), item(2))


def test_numbers_may_come_as_text():
    table, _ = read(item("1", shows="5", clicks="1"), item(2, spent=86.4))
    assert table["impressions"].to_pylist()[0] == 5
    assert table["spent_rub"].to_pylist()[2] == Decimal("86.40")
