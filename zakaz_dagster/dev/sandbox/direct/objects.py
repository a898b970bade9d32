"""The services behind landing URLs: campaigns, adgroups, ads, sitelinks; and changes.

Belongs here: selection, pages, fields, points of each. Does not: HTTP, tokens, the balance of points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from zakaz_dagster.dev.sandbox.direct.answers import Refusal
from zakaz_dagster.dev.sandbox.direct.view import View
from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.world.direct import Ad, AdGroup, Campaign, DirectAds

Item = dict[str, Any]
MOST = 10_000
LISTS = {"campaigns": "Campaigns", "adgroups": "AdGroups", "ads": "Ads", "sitelinks": "SitelinksSets"}
COSTS = {"campaigns": 10, "adgroups": 15, "ads": 15, "sitelinks": 15, "changes": 10}
MOST_IDS = {"campaigns": 1_000}
FIELDS = {
    "campaigns": {"Id", "Name", "Type", "State", "Status", "StartDate", "EndDate", "TimeZone", "Currency"},
    "adgroups": {"Id", "CampaignId", "Name", "Type", "Status", "RegionIds", "TrackingParams"},
    "ads": {"Id", "CampaignId", "AdGroupId", "State", "Status", "Type"},
    "sitelinks": {"Id"},
}
BLOCKS = {"TEXT_AD": "TextAd", "RESPONSIVE_AD": "ResponsiveAd", "IMAGE_AD": "TextImageAd"}
CAMPAIGN_BLOCKS = {"TEXT_CAMPAIGN": "TextCampaign", "UNIFIED_CAMPAIGN": "UnifiedCampaign"}


class Answer(NamedTuple):
    body: Item
    cost: int


def answer(view: View, service: str, params: Item) -> Answer:
    """`result` of one call, and its points."""
    if service == "changes":
        return Answer(_changes(view, params), COSTS[service])
    if service not in LISTS:
        raise Refusal(55, "Method not found", service)
    _check(service, params)
    return _page(service, list(_items(view, service, params)), params, view)


def _check(service: str, params: Item) -> None:
    wrong = [name for name in params.get("FieldNames", []) if name not in FIELDS[service]]
    if wrong or not params.get("FieldNames"):
        raise Refusal(8000, "Invalid request", f"FieldNames contains an incorrect value: {wrong}")
    criteria = params.get("SelectionCriteria") or {}
    if not criteria and service in {"ads", "adgroups"}:
        raise Refusal(4001, "Invalid selection criteria", "SelectionCriteria must not be empty")
    if len(criteria.get("Ids", [])) > MOST_IDS.get(service, MOST):
        raise Refusal(4001, "Invalid selection criteria", "Too many Ids")
    if not 1 <= int(params.get("Page", {}).get("Limit", MOST)) <= MOST:
        raise Refusal(4002, "Invalid pagination", "Limit")


def _page(service: str, items: list[Item], params: Item, view: View) -> Answer:
    """`LimitedBy` is the index of the last object given out, when there are more."""
    page, faults = params.get("Page", {}), view.faults
    limit, offset = int(page.get("Limit", MOST)), int(page.get("Offset", 0))
    limit = min(limit, int(faults.get("page", limit)))
    if faults.get("repeat_pages"):
        offset = 0
    if offset and view.store.get("shrunk", 0) < int(faults.get("shrinking", 0)):
        view.store["shrunk"] = view.store.get("shrunk", 0) + 1
        items = items[1:]
    shown = items[offset : offset + limit]
    if faults.get("retyped_id"):
        shown = [{**item, "Id": str(item["Id"])} for item in shown]
    body: Item = {LISTS[service]: shown} if shown or service != "ads" else {}
    if faults.get("missing_key"):
        body = {"Elements": shown}
    if offset + limit < len(items) or faults.get("repeat_pages"):
        body["LimitedBy"] = offset + len(shown)
    return Answer(body, COSTS[service] + len(shown))


def _items(view: View, service: str, params: Item) -> Iterable[Item]:
    """The objects selected, with the fields asked for; unknown ids and wizard campaigns are left out without a word."""
    criteria = params.get("SelectionCriteria") or {}
    ids = set(criteria["Ids"]) - set(view.on("forgotten", [])) if "Ids" in criteria else None
    campaigns = view.campaigns()
    groups = [(campaign, group) for campaign in campaigns for group in campaign.groups]
    ads = [ad for _, group in groups for ad in group.ads]
    found: Iterable[tuple[int, Item]]
    if service == "campaigns":
        listed = [campaign for campaign in campaigns if not campaign.wizard and not view.on("only_wizard")]
        found = ((campaign.id, _campaign(campaign, params, view)) for campaign in listed)
    elif service == "adgroups":
        found = ((group.id, _group(campaign, group, params)) for campaign, group in groups)
    elif service == "ads":
        found = ((ad.id, _ad(ad, params, view)) for ad in ads)
    else:
        sets = sorted({ad.sitelinks for ad in ads if ad.sitelinks})
        found = ((set_id, _sitelinks(view.direct, set_id)) for set_id in sets)
    return (item for id_, item in found if ids is None or id_ in ids)


def _campaign(campaign: Campaign, params: Item, view: View) -> Item:
    values = {
        "Id": campaign.id, "Name": campaign.name, "Type": campaign.kind, "State": campaign.state(view.now),
        "Status": "ACCEPTED", "StartDate": campaign.starts.isoformat(), "EndDate": None, "TimeZone": "Europe/Moscow",
        "Currency": view.on("currency", {}).get(view.login, "RUB"),
    }  # fmt: skip
    block = CAMPAIGN_BLOCKS[campaign.kind]
    item = _chosen(values, params["FieldNames"])
    if asked := params.get(f"{block}FieldNames"):
        item[block] = _chosen({"TrackingParams": campaign.tracking or None}, asked)
    return item


def _group(campaign: Campaign, group: AdGroup, params: Item) -> Item:
    kind = "UNIFIED_AD_GROUP" if campaign.kind == "UNIFIED_CAMPAIGN" else "TEXT_AD_GROUP"
    values = {
        "Id": group.id, "CampaignId": campaign.id, "Name": group.name, "Type": kind, "Status": "ACCEPTED",
        "RegionIds": [225], "TrackingParams": group.tracking or None,
    }  # fmt: skip
    return _chosen(values, params["FieldNames"])


def _ad(ad: Ad, params: Item, view: View) -> Item:
    state = "OFF" if ad.stopped is not None and ad.stopped <= view.now else "ON"
    values = {
        "Id": ad.id, "CampaignId": ad.campaign_id, "AdGroupId": ad.group_id, "State": state, "Status": "ACCEPTED",
        "Type": "SOMETHING_NEW_AD" if view.on("unknown_type") else ad.kind,
    }  # fmt: skip
    href = view.on("relinked", {}).get(str(ad.id), ad.href)
    block = BLOCKS[ad.kind]
    title: Any = {"text": ad.title} if view.on("odd_titles") else ad.title
    own = {"Title": title, "Titles": [title], "Href": href, "SitelinkSetId": ad.sitelinks}
    if ad.id in view.on("odd_links", []):
        own["Href"] = {"url": href}
    item = _chosen(values, params["FieldNames"])
    if asked := params.get(f"{block}FieldNames"):
        item["SomethingNewAd" if view.on("unknown_type") else block] = _chosen(own, asked)
    return item


def _sitelinks(direct: DirectAds, set_id: int) -> Item:
    links = [{"Title": title, "Href": href, "Description": None} for title, href in direct.sitelinks(set_id)]
    return {"Id": set_id, "Sitelinks": links}


def _changes(view: View, params: Item) -> Item:
    """For each campaign the earliest day that was corrected since; `looks_at` is the most campaigns it looks at."""
    asked, most = list(params["CampaignIds"]), view.on("looks_at")
    unprocessed = asked[int(most) :] if most is not None else []
    if unprocessed:
        seen = _changes(
            View(view.direct, view.login, view.now, Faults(), {}), {**params, "CampaignIds": asked[: int(most)]}
        )
        return {**seen, "Unprocessed": {"CampaignIds": unprocessed}}
    since = datetime.fromisoformat(str(params["Timestamp"])).timestamp()
    campaigns = {campaign.id: campaign for campaign in view.campaigns()}
    modified = [
        {"CampaignId": id_, "BorderDate": min(found).isoformat()}
        for id_ in params["CampaignIds"]
        if id_ in campaigns and (found := _corrected(view, campaigns[id_], since))
    ]
    missing = [id_ for id_ in params["CampaignIds"] if id_ not in campaigns]
    stamp = datetime.fromtimestamp(view.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body: Item = {"Modified": {"CampaignsStat": modified} if modified else {}, "Timestamp": stamp}
    return {**body, "NotFound": {"CampaignIds": missing}} if missing else body


def _corrected(view: View, campaign: Campaign, since: float) -> set[date]:
    keys = {campaign.id, *(ad.id for group in campaign.groups for ad in group.ads)}
    return {
        item.day
        for (key, _), book in view.direct.corrections.items()
        if key in keys
        for item in book
        if since < item.at <= view.now
    }


def _chosen(values: Mapping[str, Any], names: Iterable[str]) -> Item:
    return {name: values[name] for name in names if name in values}
