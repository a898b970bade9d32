"""The three lists and single objects: `fields`, filters, sorting and paging over the world's advertising.

Belongs here: objects as VK shows them and the rules of a list. Does not: figures, HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.vk.answers import unknown_fields, validation_error
from zakaz_dagster.dev.sandbox.world.moments import MOSCOW_OFFSET
from zakaz_dagster.dev.sandbox.world.vk import URL_BASE, Banner, Group, Plan, VkAds

Item = dict[str, Any]
DEFAULT_FIELDS = {
    "ad_plans": ("id", "name"),
    "ad_groups": ("id", "last_updated", "name", "package_id"),
    "banners": ("id", "ad_group_id"),
}
FIELDS = {
    "ad_plans": (
        "id", "name", "status", "objective", "date_start", "date_end", "created", "updated", "budget_limit",
        "budget_limit_day", "max_price", "autobidding_mode", "vkads_status", "priced_goal",
    ),
    "ad_groups": (
        "id", "name", "status", "ad_plan_id", "package_id", "objective", "enable_utm", "utm", "created", "updated",
        "last_updated", "delivery", "budget_limit", "budget_limit_day", "price", "max_price", "date_start", "date_end",
    ),
    "banners": (
        "id", "ad_group_id", "name", "status", "urls", "created", "updated", "delivery", "moderation_status", "content",
        "textblocks", "issues", "ord_marker",
    ),
}  # fmt: skip
FILTERS = {
    "ad_plans": ("id", "status"),
    "ad_groups": ("id", "status", "ad_plan_id"),
    "banners": ("id", "status", "ad_group_id", "url"),
}
EXTERNAL, INTERNAL = ["external", "external_new"], ["external_new", "vk_group", "internal", "vk"]
PAGE, CAP = 20, 250


def page(vk: VkAds, resource: str, query: Mapping[str, str], now: int, faults: Faults, store: Item) -> Item:
    """One page of a list; `store` counts how often it moved."""
    fields = _fields(resource, query.get("fields"))
    limit, offset = _limit(query, faults), int(query.get("offset", 0))
    items = list(_filtered(resource, query, objects(vk, resource, now, faults), faults))
    _sort(resource, items, query.get("sorting"), faults)
    if field := faults.get("odd_field", {}).get(resource):
        items[0] = {**items[0], field: {"is": "something else"}}
    if faults.get("shifting") and offset:
        items = [items[0], *items]  # somebody made an object meanwhile: everything moved on by one
    if offset and store.get("moves", 0) < int(faults.get("shrinking", faults.get("exchanging", 0))):
        store["moves"] = store.get("moves", 0) + 1
        newcomers = [{**items[-1], "id": items[-1]["id"] + 1}] if faults.get("exchanging") else []
        items = [*items[1:], *newcomers]  # the first one was deleted meanwhile
    shown = [{name: item[name] for name in fields if name in item} for item in items[offset : offset + limit]]
    body: Item = {"offset": offset, "items": shown}
    return body if faults.get("no_count") else {"count": len(items), **body}


def single(items: Iterator[Item], resource: str, object_id: int, asked: str | None) -> Item | None:
    """One of the objects; without `fields` it has neither status nor group."""
    fields = _fields(resource, asked)
    for item in items:
        if item["id"] == object_id:
            return {name: item[name] for name in fields if name in item}
    return None


def objects(vk: VkAds, resource: str, now: int, faults: Faults) -> Iterator[Item]:
    """Every object with all its fields."""
    if resource == "ad_plans":
        yield from (_plan(plan, now) for plan in vk.plans(now))
    elif resource == "ad_groups":
        yield from (_group(plan, group, now, faults) for plan, group in vk.groups(now))
    else:
        for plan, _, banner in vk.banners(now):
            yield _banner(plan, banner, now, faults)


def links(vk: VkAds, now: int) -> Iterator[Item]:
    """Link objects, as the urls endpoint shows them; a link is reused by all roles of a banner."""
    for _, _, banner in vk.banners(now):
        kinds = _kinds(banner.urls["primary"])
        yield {
            "id": _link_id(banner),
            "url": banner.urls["primary"],
            "url_types": kinds,
            "counters": [],
            "has_goals": False,
        }


def _fields(resource: str, asked: str | None) -> tuple[str, ...]:
    if not asked:
        return DEFAULT_FIELDS[resource]
    names = tuple(asked.split(","))
    if unknown := [name for name in names if name not in FIELDS[resource]]:
        raise unknown_fields(unknown, FIELDS[resource])
    return names


def _limit(query: Mapping[str, str], faults: Faults) -> int:
    limit, cap = int(query.get("limit", PAGE)), int(faults.get("page_cap", CAP))
    if limit > cap and str(faults.get("over_cap", "clamp")) == "400":
        raise validation_error({"limit": ("max_value", f"Maximum value is {cap}")})
    return max(1, min(limit, cap))


def _filtered(resource: str, query: Mapping[str, str], items: Iterator[Item], faults: Faults) -> Iterator[Item]:
    """Only parameters with a leading underscore filter; `status=deleted` is ignored without a word."""
    wanted: dict[str, set[str]] = {}
    for name, value in query.items():
        field, _, lookup = name.removeprefix("_").partition("__")
        if name.startswith("_") and field in FILTERS[resource] and lookup in {"", "in"}:
            wanted[field] = set(value.split(","))
    hidden = faults.get("hide_deleted")
    for item in items:
        if item["status"] == "deleted" and (hidden == "always" or (hidden and "status" not in wanted)):
            continue
        if all(str(item[field]) in values for field, values in wanted.items()):
            yield item


def _sort(resource: str, items: list[Item], sorting: str | None, faults: Faults) -> None:
    if resource == "banners" and sorting and (mode := faults.get("banner_sorting")):
        if str(mode) == "400":
            raise validation_error({"sorting": ("unallowed_value", "Unallowed value")})
        return
    for key in reversed((sorting or "").split(",")):
        if key.lstrip("-") in {"id", "name", "status"}:
            items.sort(key=lambda item: item[key.lstrip("-")], reverse=key.startswith("-"))


def _plan(plan: Plan, now: int) -> Item:
    status = plan.status(now)
    return {
        "id": plan.id, "name": plan.name, "status": status, "objective": "site_conversions",
        "date_start": plan.starts.isoformat(), "date_end": plan.ends.isoformat(), "created": _text(plan.created),
        "updated": _text(plan.created), "budget_limit": None, "budget_limit_day": "3000", "max_price": None,
        "autobidding_mode": "max_goals", "priced_goal": None,
        "vkads_status": {"codes": [], "major_status": status.upper(), "status": status.upper()},
    }  # fmt: skip


def _group(plan: Plan, group: Group, now: int, faults: Faults) -> Item:
    ended = group.stopped is not None and now >= group.stopped
    updated = _text(group.stopped if ended and group.stopped is not None else plan.created)
    utm = _written(group.utm, faults) if group.utm else group.utm
    item = {
        "id": group.id, "name": group.name, "status": group.status(now), "ad_plan_id": plan.id, "package_id": 3229,
        "objective": "site_conversions", "enable_utm": group.enable_utm,
        "utm": f"?{utm}" if utm and faults.get("utm_question_mark") else utm, "created": _text(plan.created),
        "updated": updated, "last_updated": updated, "delivery": "delivering", "budget_limit": None,
        "budget_limit_day": None, "price": "0", "max_price": None, "date_start": None, "date_end": None,
    }  # fmt: skip
    if change := faults.get("group_utm", {}).get(str(group.id)):  # somebody edited «Параметры URL»
        item |= {"enable_utm": True, **change}
    return {name: value for name, value in item.items() if name not in faults.get("drop_fields", ())}


def _banner(plan: Plan, banner: Banner, now: int, faults: Faults) -> Item:
    stopped = banner.status_from if banner.status_from is not None and now >= banner.status_from else None
    urls = {role: _link(banner, url, faults) for role, url in banner.urls.items()}
    item = {
        "id": banner.id, "ad_group_id": banner.group_id, "name": banner.name, "status": banner.status(now),
        "urls": urls, "created": _text(plan.created), "updated": _text(stopped or plan.created),
        "delivery": "delivering", "moderation_status": "allowed", "content": {}, "textblocks": {}, "issues": [],
        "ord_marker": None,
    }  # fmt: skip
    return {name: value for name, value in item.items() if name not in faults.get("drop_fields", ())}


def _link(banner: Banner, url: str, faults: Faults) -> Item:
    known: Item = {"id": _link_id(banner)}
    if faults.get("links_by_id"):
        return known
    inside = url.startswith("https://vk.com/")
    kind: Item = (
        {"url_object_id": "22822305", "url_object_type": "vk_group"}
        if inside
        else {"url_object_id": None, "url_object_type": None}
    )
    return {**known, "url": _written(url, faults), **kind, "url_types": _kinds(url)}


def _written(text: str, faults: Faults) -> str:
    """Whether the braces of macros come percent-encoded is not known."""
    return text.replace("{", "%7B").replace("}", "%7D") if faults.get("encoded_braces") else text


def _link_id(banner: Banner) -> int:
    return URL_BASE + banner.id


def _kinds(url: str) -> list[str]:
    return INTERNAL if url.startswith("https://vk.com/") else EXTERNAL


def _text(moment: int) -> str:
    """Moscow time without a zone."""
    return datetime.fromtimestamp(moment + MOSCOW_OFFSET, UTC).strftime("%Y-%m-%d %H:%M:%S")
