"""Statistics: v2 by day with a row for every day, zeros included; v3 and summaries as totals only.

Belongs here: what is counted and how a figure is written. Does not: the figures themselves (`world.vk`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.vk.answers import money, statistics_error
from zakaz_dagster.dev.sandbox.world.ads import NOTHING, Stat, total
from zakaz_dagster.dev.sandbox.world.moments import day_of, days
from zakaz_dagster.dev.sandbox.world.vk import Banner, Group, Plan, VkAds

WRONG = {"banners": "BANNERS", "ad_groups": "ADGROUPS", "campaigns": "CAMPAIGNS", "ad_plans": "ADPLANS"}
MOST_IDS, MOST_DAYS = 200, 366
Json = dict[str, Any]


class Figure(NamedTuple):
    """An object's figures by day, and the days on which it was there."""

    of: Callable[[date], Stat]
    created: int
    deleted: int | None

    def lives(self, day: date) -> bool:
        return day_of(self.created) <= day and (self.deleted is None or day <= day_of(self.deleted))


def daily(vk: VkAds, level: str, query: Mapping[str, str], now: int, faults: Faults) -> Json:
    """`/api/v2/statistics/<level>/day.json`."""
    asked = _ids(query)
    first, last = _range(query, now, faults)
    figures = _figures(vk, level, asked, now, faults)
    span = list(days(first, last))
    items = []
    counted = []
    for object_id, figure in figures.items():
        stats = [figure.of(day) for day in span]
        counted.append(total(stats))
        items.append(_item(object_id, figure, span, stats, faults))
    if faults.get("living_days"):
        items = [item for item in items if item["rows"]]
    if faults.get("shuffled_items"):
        items.reverse()
    return {"items": items, "total": {"base": _base(total(counted), faults)}}


def summed(vk: VkAds, level: str, query: Mapping[str, str], now: int, faults: Faults) -> Json:
    """`/api/v3/statistics/<level>/day.json` and v2 summaries: totals of the range, no rows."""
    first, last = _range({"date_to": query.get("date_from", ""), **query}, now, faults)
    figures = _figures(vk, level, _ids(query), now, faults)
    totals = {object_id: total(figure.of(day) for day in days(first, last)) for object_id, figure in figures.items()}
    items = [
        {"id": object_id, "user_id": 1, "total": {"base": _base(stat, faults)}} for object_id, stat in totals.items()
    ]
    whole = {"base": _base(total(totals.values()), faults)}
    return {"items": items, "total": whole, "limit": 20, "offset": 0, "count": len(items)}


def _item(object_id: int, figure: Figure, span: list[date], stats: list[Stat], faults: Faults) -> Json:
    left_out: set[str] = set(faults.get("missing_days", ()))
    if faults.get("living_days"):  # no zeros for days before the object was made or after it was deleted
        idle = [day for day, stat in zip(span, stats, strict=True) if stat == NOTHING and not figure.lives(day)]
        left_out |= {day.isoformat() for day in idle}
    rows: list[Json] = [
        {"date": day.isoformat(), "base": _base(stat, faults)}
        for day, stat in zip(span, stats, strict=True)
        if day.isoformat() not in left_out
    ]
    whole = total(stats)
    if faults.get("wrong_sums"):
        whole = whole._replace(cost=whole.cost + 100_00)
    if object_id in faults.get("odd_figures", ()):
        rows = [{**row, "base": {**row["base"], "clicks": None}} for row in rows]
    return {"id": object_id, "rows": rows, "total": {"base": _base(whole, faults)}}


def _ids(query: Mapping[str, str]) -> list[int]:
    texts = [text for text in query.get("id", "").split(",") if text]
    if not texts or not all(text.isdigit() for text in texts):
        raise statistics_error("WRONG_PARAMETER", "Wrong parameter: id")
    if len(texts) > MOST_IDS:
        raise statistics_error("LIMIT_EXCEEDED", "Too many objects requested")
    return [int(text) for text in texts]


def _range(query: Mapping[str, str], now: int, faults: Faults) -> tuple[date, date]:
    prefix = not faults.get("bare_errors")
    try:
        first = date.fromisoformat(query.get("date_from", ""))
        last = date.fromisoformat(query["date_to"]) if query.get("date_to") else day_of(now)
    except ValueError:
        raise statistics_error("WRONG_DATE", "Wrong date", prefix=prefix) from None
    if first > last:
        raise statistics_error("WRONG_DATE", "Wrong date range", prefix=prefix)
    if (last - first).days >= MOST_DAYS or (day_of(now) - first).days >= MOST_DAYS:
        raise statistics_error("LIMIT_EXCEEDED", "Too many days requested", prefix=prefix)
    return first, last


def _figures(vk: VkAds, level: str, asked: list[int], now: int, faults: Faults) -> dict[int, Figure]:
    """What was asked for, in that order; one unknown or refused id fails the whole request."""
    known = dict(_known(vk, level, now))
    refused = {int(object_id) for object_id in faults.get("refused_ids", ())}
    if wrong := [object_id for object_id in asked if object_id not in known or object_id in refused]:
        words = f"Wrong {level.replace('_', ' ')}: {', '.join(map(str, wrong))}"
        raise statistics_error(f"WRONG_{WRONG[level]}", words, prefix=not faults.get("bare_errors"))
    missing = {int(object_id) for object_id in faults.get("missing_ids", ())}
    return {object_id: known[object_id] for object_id in asked if object_id not in missing}


def _known(vk: VkAds, level: str, now: int) -> Iterable[tuple[int, Figure]]:
    """Every object of a level and its figures."""
    if level == "banners":
        for plan, group, banner in vk.banners(now):
            gone = banner.status_from if banner.status(now) == "deleted" else None
            yield banner.id, Figure(partial(_banner_figure, vk, plan, group, banner, now), plan.created, gone)
    elif level == "ad_plans":
        for plan in vk.plans(now):
            yield plan.id, Figure(partial(_plan_figure, vk, plan, now), plan.created, None)
    else:
        for plan, group in vk.groups(now):
            gone = group.stopped if group.status(now) == "deleted" else None
            yield group.id, Figure(partial(_group_figure, vk, plan, group, now), plan.created, gone)


def _banner_figure(vk: VkAds, plan: Plan, group: Group, banner: Banner, now: int, day: date) -> Stat:
    return vk.banner_stat(plan, group, banner, day, now)


def _group_figure(vk: VkAds, plan: Plan, group: Group, now: int, day: date) -> Stat:
    return vk.group_stat(plan, group, day, now)


def _plan_figure(vk: VkAds, plan: Plan, now: int, day: date) -> Stat:
    return total(vk.group_stat(plan, group, day, now) for group in plan.groups)


def _base(stat: Stat, faults: Faults) -> Json:
    """The `base` metrics of a figure; ratios with two decimals for money, full precision for the rest."""
    shows, clicks, spent, goals = stat
    text = str if faults.get("numbers_as_text") else int
    base: Json = {
        "shows": text(shows),
        "clicks": text(clicks),
        "goals": 0,
        "spent": "0" if faults.get("money") == "zero" else money(spent),
        "not_ad_spent": "0",
        "cpm": _per(spent * 1000, shows),
        "cpc": _per(spent, clicks),
        "cpa": "0",
        "ctr": clicks / shows * 100 if shows else 0,
        "cr": 0,
        "vk": {
            "goals": text(goals),
            "cpa": _per(spent, goals) if goals else (0 if faults.get("zero_as_number") else "0"),
            "cr": goals / clicks * 100 if clicks else 0,
            "result": text(goals),
        },
    }
    if faults.get("money") == "absent":
        base = {name: value for name, value in base.items() if name not in {"spent", "cpm", "cpc", "cpa"}}
    if faults.get("no_goals"):
        del base["vk"]
    return base


def _per(kopecks: int, count: int) -> str:
    return money((kopecks * 2 + count) // (2 * count)) if count else "0"
