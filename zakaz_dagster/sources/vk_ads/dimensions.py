"""The catalogue as rows of the three dimension tables, and the day on which a change of tags began.

VK says when an object was last touched (`updated`, never earlier than the change), so a change is dated by that.
What is stored of the newest versions is read once more before: another city of the same words is an edited spelling.
Belongs here: objects to columns and back, dating. Does not: comparing versions (`sources.versions`), figures (`facts`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.tables import rows_of, table_of
from zakaz_dagster.sources.versions import VALID_FROM, Began, Dimension, Row, Versions, new_rows
from zakaz_dagster.sources.vk_ads.catalogue import Catalogue
from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, PLANS
from zakaz_dagster.sources.vk_ads.records import DELETED, AdGroup, AdPlan, Banner, day_of
from zakaz_dagster.sources.vk_ads.tags import DERIVED, PRIMARY, Tagger, Tags
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.timezone import MOSCOW

UNKNOWN_STATUS = "unknown"
SCHEMAS = {table: schema_of(table) for table in (PLANS, GROUPS, ADS)}
_OPENING = ("ad_group_id", *Tags._fields)
GROUP, AD = (
    Dimension(SCHEMAS[GROUPS], ("ad_group_id",), _OPENING, DERIVED),
    Dimension(SCHEMAS[ADS], ("ad_id",), _OPENING, DERIVED),
)


@dataclass(frozen=True)
class Dimensions:
    """The account's objects: groups and ads with all their versions, and as they are now; `changed` is to be stored."""

    plans: pa.Table
    groups: pa.Table
    ads: pa.Table
    group_versions: Versions
    ad_versions: Versions
    changed: Mapping[str, pa.Table]


def dimensions_of(
    catalogue: Catalogue, cities: CityIndex, account: str, stored: Mapping[str, pa.Table], today: date
) -> Dimensions:
    """The three tables; a version that VK did not date began on `today` (Moscow)."""
    now = dimension_rows(catalogue, cities, account)
    groups, ads = Versions(GROUP, stored.get(GROUPS)), Versions(AD, stored.get(ADS))
    _reread(groups, ads, stored.get(PLANS), cities, account)
    groups.observe(rows_of(now[GROUPS], GROUP.schema.names), _dated_by_vk(GROUP, today))
    ads.observe(rows_of(now[ADS], AD.schema.names), _dated_by_vk(AD, today))
    changed = {PLANS: new_rows(now[PLANS], stored.get(PLANS)), GROUPS: groups.changed(), ADS: ads.changed()}
    return Dimensions(now[PLANS], now[GROUPS], now[ADS], groups, ads, changed)


def dimension_rows(catalogue: Catalogue, cities: CityIndex, account: str) -> dict[str, pa.Table]:
    """One row per object as it is now, `valid_from` left open.

    An ad's tags change with its group and a group's with its ads, so `updated_at` is when either was last touched.
    """
    tagger = Tagger(cities)
    tags = _tags_of_ads(catalogue, tagger)
    return {
        PLANS: table_of((_plan_row(plan, account) for plan in catalogue.plans.values()), SCHEMAS[PLANS]),
        GROUPS: table_of(_group_rows(catalogue, tagger, tags, account), SCHEMAS[GROUPS]),
        ADS: table_of(_ad_rows(catalogue, tags, account), SCHEMAS[ADS]),
    }


def _reread(groups: Versions, ads: Versions, plans: pa.Table | None, cities: CityIndex, account: str) -> None:
    """The newest versions as their own links, parameters and names are read with the cities of now."""
    again = dimension_rows(_as_stored(groups.newest(), ads.newest(), plans), cities, account)
    for versions, about, table in ((groups, GROUP, GROUPS), (ads, AD, ADS)):
        start = about.schema.get_field_index(VALID_FROM)
        begun = {about.values(row, about.key): row[start] for row in versions.newest()}
        rows = rows_of(again[table], about.schema.names)
        versions.reread((*row[:start], begun[about.values(row, about.key)], *row[start + 1 :]) for row in rows)


def _as_stored(groups: Iterable[Row], ads: Iterable[Row], plans: pa.Table | None) -> Catalogue:
    """The objects behind stored rows, as far as their tags need them."""
    named = rows_of(plans, ("ad_plan_id", "ad_plan_name")) if plans is not None else ()
    columns = ("ad_group_id", "ad_group_name", "ad_plan_id", "is_utm_enabled", "utm_params")
    known = {
        id_: AdGroup(id=id_, name=name, ad_plan_id=plan, enable_utm=bool(adds), utm=utm)
        for id_, name, plan, adds, utm in (GROUP.values(row, columns) for row in groups)
    }
    columns = ("ad_id", "ad_group_id", "ad_name", "status", "landing_url")
    banners = {
        id_: Banner(id=id_, ad_group_id=group, name=name, status=status, urls={PRIMARY: {"url": link}})
        for id_, group, name, status, link in (AD.values(row, columns) for row in ads)
        if group in known
    }
    return Catalogue({id_: AdPlan(id=id_, name=name) for id_, name in named}, known, banners)


def _dated_by_vk(about: Dimension, today: date) -> Began:
    def began(now: Row, newest: Row | None) -> date:
        created, touched = about.values(now, ("created_at", "updated_at"))
        if newest is None:
            return created.date() if created else today
        (before,) = about.values(newest, ("updated_at",))
        # a change that VK did not note is only known to be there today
        return min(touched.date(), today) if touched and before and touched > before else today

    return began


def _tags_of_ads(catalogue: Catalogue, tagger: Tagger) -> dict[int, Tags]:
    tags = {}
    for banner in catalogue.banners.values():
        group = catalogue.groups[banner.ad_group_id]
        plan = catalogue.plan_of(group)
        tags[banner.id] = tagger.of_ad(banner, catalogue.address(banner), group, plan)
    return tags


def _plan_row(plan: AdPlan, account: str) -> tuple[Any, ...]:
    return (
        account,
        plan.id,
        plan.name or "",
        plan.status or UNKNOWN_STATUS,
        plan.objective or "",
        day_of(plan.date_start),
        day_of(plan.date_end),
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
            *tagger.of_group(group, catalogue.plan_of(group), [tags[ad] for ad in own]),
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


def _latest(texts: Iterable[str | None]) -> datetime | None:
    return max((moment for text in texts if (moment := _moment(text))), default=None)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=MOSCOW) if text else None
    except ValueError:
        return None
