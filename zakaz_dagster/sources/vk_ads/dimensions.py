"""The catalogue as rows of the three dimension tables, before history is looked at.

Belongs here: objects to columns. Does not: `valid_from` (`history`), figures (`facts`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.vk_ads.catalogue import DELETED, Catalogue
from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, PLANS
from zakaz_dagster.sources.vk_ads.records import AdGroup, AdPlan
from zakaz_dagster.sources.vk_ads.tags import Tagger, Tags
from zakaz_dagster.timezone import MOSCOW

UNKNOWN_STATUS = "unknown"
_MOMENT = pa.timestamp("s", "Europe/Moscow")
TAG_COLUMNS: list[tuple[str, pa.DataType]] = [
    (name, pa.uint8() if name in {"utm_day", "utm_month"} else pa.string()) for name in Tags._fields
]
_TIMES: list[tuple[str, pa.DataType]] = [("created_at", _MOMENT), ("updated_at", _MOMENT)]
SCHEMAS = {
    PLANS: pa.schema(
        [
            ("account", pa.string()),
            ("ad_plan_id", pa.uint64()),
            ("ad_plan_name", pa.string()),
            ("status", pa.string()),
            ("objective", pa.string()),
            ("date_start", pa.date32()),
            ("date_end", pa.date32()),
            *_TIMES,
        ]
    ),
    GROUPS: pa.schema(
        [
            ("account", pa.string()),
            ("ad_group_id", pa.uint64()),
            ("valid_from", pa.date32()),
            ("ad_plan_id", pa.uint64()),
            ("ad_group_name", pa.string()),
            ("status", pa.string()),
            ("objective", pa.string()),
            ("is_utm_enabled", pa.uint8()),
            ("utm_params", pa.string()),
            *TAG_COLUMNS,
            *_TIMES,
        ]
    ),
    ADS: pa.schema(
        [
            ("account", pa.string()),
            ("ad_id", pa.uint64()),
            ("valid_from", pa.date32()),
            ("ad_group_id", pa.uint64()),
            ("ad_name", pa.string()),
            ("status", pa.string()),
            *TAG_COLUMNS,
            *_TIMES,
        ]
    ),
}
KEYS = {PLANS: "ad_plan_id", GROUPS: "ad_group_id", ADS: "ad_id"}


def dimension_rows(catalogue: Catalogue, cities: CityIndex, account: str) -> dict[str, pa.Table]:
    """One row per object as it is now, `valid_from` left open.

    An ad's tags change with its group and a group's with its ads, so `updated_at` is when either was last touched.
    """
    tagger = Tagger(cities)
    tags = _tags_of_ads(catalogue, tagger)
    return {
        PLANS: _table(PLANS, (_plan_row(plan, account) for plan in catalogue.plans.values())),
        GROUPS: _table(GROUPS, _group_rows(catalogue, tagger, tags, account)),
        ADS: _table(ADS, _ad_rows(catalogue, tags, account)),
    }


def _tags_of_ads(catalogue: Catalogue, tagger: Tagger) -> dict[int, Tags]:
    tags = {}
    for banner in catalogue.banners.values():
        group = catalogue.groups[banner.ad_group_id]
        plan = _plan_of(group, catalogue.plans)
        tags[banner.id] = tagger.of_ad(banner, catalogue.address(banner), group, plan)
    return tags


def _plan_row(plan: AdPlan, account: str) -> tuple[Any, ...]:
    return (
        account,
        plan.id,
        plan.name or "",
        plan.status or UNKNOWN_STATUS,
        plan.objective or "",
        _day(plan.date_start),
        _day(plan.date_end),
        _moment(plan.created),
        _moment(plan.updated),
    )


def _group_rows(
    catalogue: Catalogue, tagger: Tagger, tags: Mapping[int, Tags], account: str
) -> Iterable[tuple[Any, ...]]:
    ads = _ads_by_group(catalogue)
    for group in catalogue.groups.values():
        own = ads[group.id]
        touched = _latest([group.updated, *(catalogue.banners[ad].updated for ad in own)])
        yield (
            account,
            group.id,
            None,
            group.ad_plan_id if isinstance(group.ad_plan_id, int) else 0,
            group.name or "",
            group.status or UNKNOWN_STATUS,
            group.objective or "",
            int(group.enable_utm is True),
            group.utm or "",
            *tagger.of_group(group, _plan_of(group, catalogue.plans), [tags[ad] for ad in own]),
            _moment(group.created),
            touched,
        )


def _ad_rows(catalogue: Catalogue, tags: Mapping[int, Tags], account: str) -> Iterable[tuple[Any, ...]]:
    for banner in catalogue.banners.values():
        touched = _latest([banner.updated, catalogue.groups[banner.ad_group_id].updated])
        yield (
            account,
            banner.id,
            None,
            banner.ad_group_id,
            banner.name or "",
            banner.status or UNKNOWN_STATUS,
            *tags[banner.id],
            _moment(banner.created),
            touched,
        )


def _ads_by_group(catalogue: Catalogue) -> dict[int, list[int]]:
    """A group's ads that count for its tags: the living ones, or all when none lives."""
    living: dict[int, list[int]] = defaultdict(list)
    every: dict[int, list[int]] = defaultdict(list)
    for banner in catalogue.banners.values():
        every[banner.ad_group_id].append(banner.id)
        if banner.status != DELETED:
            living[banner.ad_group_id].append(banner.id)
    return defaultdict(list, {**every, **living})


def _plan_of(group: AdGroup, plans: Mapping[int, AdPlan]) -> AdPlan | None:
    return plans.get(group.ad_plan_id) if isinstance(group.ad_plan_id, int) else None


def _table(name: str, rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    schema = SCHEMAS[name]
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, kind.type) for values, kind in zip(columns, schema, strict=True)], schema=schema)


def _latest(texts: Iterable[str | None]) -> datetime | None:
    return max((moment for text in texts if (moment := _moment(text))), default=None)


def _day(text: str | None) -> date | None:
    """The date of `YYYY-MM-DD[ HH:MM:SS]`; an unreadable one is unknown, nothing is decided by it alone."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=MOSCOW) if text else None
    except ValueError:
        return None
