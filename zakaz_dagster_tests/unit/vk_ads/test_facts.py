"""Rows of a group always add up to the group: for any figures of groups and ads, in every measure, on every day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from zakaz_dagster.sources.vk_ads.catalogue import Catalogue
from zakaz_dagster.sources.vk_ads.records import AdGroup, AdPlan
from zakaz_dagster.sources.vk_ads.rows import MEASURES, facts_of, standing
from zakaz_dagster.sources.vk_ads.statistics import FIGURES

DAY = date(2026, 11, 14)
GROUP_OF = {11: 1, 12: 1, 21: 2, 22: 2, 31: 3}

counts = st.integers(0, 50)
money = st.integers(0, 10_000).map(lambda kopecks: Decimal(kopecks) / 100)
figure = st.tuples(counts, counts, st.none() | counts, money)
NOTHING = (0, 0, 0, Decimal(0))


def figures(values):
    rows = [(id_, day, *each) for (id_, day), each in values.items()]
    columns = list(zip(*rows, strict=True)) or [()] * len(FIGURES)
    return pa.table(
        [pa.array(column, kind.type) for column, kind in zip(columns, FIGURES, strict=True)], schema=FIGURES
    )


def facts(groups, ads, shown=()):
    mapping = pa.table(
        {"ad_id": pa.array(GROUP_OF, pa.uint64()), "ad_group_id": pa.array(GROUP_OF.values(), pa.uint64())}
    )
    shown_groups = pa.table(
        {
            "ad_group_id": pa.array([each[0] for each in shown], pa.uint64()),
            "since": pa.array([each[1] for each in shown], pa.date32()),
            "until": pa.array([each[2] for each in shown], pa.date32()),
        }
    )
    return facts_of(figures(groups), figures(ads), mapping, shown_groups).to_pylist()


def keyed(ids):
    return st.fixed_dictionaries(
        {(id_, DAY + timedelta(days=n)): figure | st.just(NOTHING) for id_ in ids for n in (0, 1)}
    )


@settings(deadline=None)
@given(keyed([1, 2, 3]), keyed(list(GROUP_OF)), st.booleans())
def test_rows_of_a_group_add_up_to_the_group(groups, ads, shown):
    rows = facts(groups, ads, [(1, DAY, DAY)] if shown else [])
    sums = defaultdict(lambda: [0, 0, 0, Decimal(0)])
    for row in rows:
        for place, name in enumerate(MEASURES):
            sums[row["ad_group_id"], row["date"]][place] += row[name] or 0
    for key, (shows, clicks, goals, spent) in groups.items():
        assert sums[key][0] == shows
        assert sums[key][1] == clicks
        assert sums[key][3] == spent
        if goals is not None:
            assert sums[key][2] == goals
    keys = [(row["date"], row["ad_group_id"], row["ad_id"]) for row in rows]
    assert keys == sorted(set(keys))
    assert all((row["ad_id"] == 0) == bool(row["is_remainder"]) for row in rows)


def test_what_ads_claim_beyond_their_group_is_a_negative_remainder():
    rows = facts({(1, DAY): (10, 1, 0, Decimal("5.00"))}, {(11, DAY): (12, 1, 0, Decimal("5.01"))})
    assert [(row["ad_id"], row["impressions"], row["spent_rub"]) for row in rows] == [
        (0, -2, Decimal("-0.01")),
        (11, 12, Decimal("5.01")),
    ]


def test_a_group_fully_explained_by_its_ads_has_no_remainder():
    ads = {(11, DAY): (4, 1, 0, Decimal("2.50")), (12, DAY): (6, 0, 0, Decimal("2.50"))}
    rows = facts({(1, DAY): (10, 1, 0, Decimal("5.00"))}, ads, [(1, DAY, DAY)])
    assert [row["ad_id"] for row in rows] == [11, 12]


def test_zeros_are_shown_for_groups_that_could_have_run():
    silent = {(id_, DAY): NOTHING for id_ in (1, 2, 3)}
    later, earlier = DAY + timedelta(days=1), DAY - timedelta(days=1)
    rows = facts(silent, {}, [(1, DAY, DAY), (2, later, later), (3, earlier, earlier)])
    assert [(row["ad_group_id"], row["ad_id"], row["is_remainder"], row["spent_rub"]) for row in rows] == [
        (1, 0, 1, Decimal("0.00"))
    ]


def test_a_corrected_group_whose_ads_still_claim_figures_stays_at_its_own_zero():
    rows = facts({(1, DAY): NOTHING}, {(11, DAY): (5, 1, 1, Decimal("3.00"))}, [(1, DAY, DAY)])
    assert sum(row["spent_rub"] for row in rows) == 0
    assert [row["ad_id"] for row in rows] == [0, 11]


def test_a_group_stands_from_its_first_day_until_its_plan_ends_or_it_is_deleted():
    made, touched = DAY - timedelta(days=9), DAY - timedelta(days=2)
    at = {"created": f"{made} 10:00:00", "updated": f"{touched} 11:00:00"}
    plans = [AdPlan(id=7, date_end=str(DAY)), AdPlan(id=8)]
    groups = [
        AdGroup(id=1, ad_plan_id=7, status="active", **at),
        AdGroup(id=2, ad_plan_id=7, status="deleted", **at),
        AdGroup(id=3, ad_plan_id=8, status="blocked"),
        AdGroup(id=4, ad_plan_id=9, status="active", **at),
        AdGroup(id=5, status="deleted"),
    ]
    catalogue = Catalogue({plan.id: plan for plan in plans}, {group.id: group for group in groups}, {})
    assert [tuple(row.values()) for row in standing(catalogue).to_pylist()] == [
        (1, made, DAY),
        (2, made, touched),
        (3, date.min, date.max),
        (4, made, date.max),
        (5, date.min, date.max),
    ]
