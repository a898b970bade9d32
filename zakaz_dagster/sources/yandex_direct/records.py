"""Direct's objects as its services answer them: campaigns, ad groups, ads, sitelinks, changes.

Belongs here: fields asked for, shapes, and where a link or tracking block stands in them. Does not: which of them a
click carries (`landings`). An odd record is put aside with the path of its field; ShapeChanged when most are odd.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources import base
from zakaz_dagster.sources.base import ODD_SHARE, Reject
from zakaz_dagster.sources.odd_records import Odd, read_items
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION

SOURCE = DESCRIPTION.name
Fields: TypeAlias = Mapping[str, Sequence[str]]
_T = TypeVar("_T")
_PATH = re.compile(r" - at `(.*)`$")

CAMPAIGN_FIELDS: Fields = {
    "FieldNames": ["Id", "Name", "Type", "State", "Currency"],
    "TextCampaignFieldNames": ["TrackingParams"],
    "UnifiedCampaignFieldNames": ["TrackingParams"],
    "DynamicTextCampaignFieldNames": ["TrackingParams"],
    "SmartCampaignFieldNames": ["TrackingParams"],
}
AD_GROUP_FIELDS: Fields = {"FieldNames": ["Id", "CampaignId", "Name", "Type", "TrackingParams"]}
AD_FIELDS: Fields = {
    "FieldNames": ["Id", "CampaignId", "AdGroupId", "State", "Type"],
    "TextAdFieldNames": ["Title", "Href", "SitelinkSetId"],
    "ResponsiveAdFieldNames": ["Titles", "Href", "SitelinkSetId"],
    "TextImageAdFieldNames": ["Href"],
    "TextAdBuilderAdFieldNames": ["Href"],
    "CpcVideoAdBuilderAdFieldNames": ["Href"],
    "CpmBannerAdBuilderAdFieldNames": ["Href"],
    "MobileAppAdFieldNames": ["TrackingUrl"],
}
SITELINK_FIELDS: Fields = {"FieldNames": ["Id"], "SitelinkFieldNames": ["Title", "Href"]}


Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class _Record(msgspec.Struct, rename="pascal", kw_only=True):
    pass


class Campaign(_Record):
    """`tracking` is the campaign's block of URL parameters, '' when it has none; `currency` is that of its money."""

    id: Id
    name: str = ""
    type: str = "UNKNOWN"
    state: str = "UNKNOWN"
    currency: str = ""
    tracking: str = msgspec.field(default="", name="_tracking")


class AdGroup(_Record):
    id: Id
    campaign_id: Id = 0
    name: str = ""
    type: str = "UNKNOWN"
    tracking_params: str | None = None


class Ad(_Record):
    """`href` is the link of whichever block the ad's type has; '' for types that take it from a feed."""

    id: Id
    campaign_id: Id
    ad_group_id: Id
    type: str = "UNKNOWN"
    state: str = "UNKNOWN"
    title: str = msgspec.field(default="", name="_title")
    href: str = msgspec.field(default="", name="_href")
    sitelink_set_id: Id | None = msgspec.field(default=None, name="_sitelinks")


class Sitelink(_Record):
    title: str | None = None
    href: str | None = None


class SitelinksSet(_Record):
    id: Id
    sitelinks: list[Sitelink] = []


class _CampaignStat(_Record):
    campaign_id: Id
    border_date: date


class _Modified(_Record):
    campaigns_stat: list[_CampaignStat] = []


class _Unprocessed(_Record):
    campaign_ids: list[int] = []


class _Checked(_Record):
    timestamp: datetime
    modified: _Modified | None = None
    unprocessed: _Unprocessed | None = None


class Changes(msgspec.Struct):
    """`borders`: campaign to the earliest day whose figures changed; `timestamp`: ask from here the next time.

    `unprocessed` are campaigns that were asked for and not looked at: nothing is known of them yet.
    """

    borders: dict[int, date]
    timestamp: datetime
    unprocessed: list[int] = []


class Page(NamedTuple, Generic[_T]):
    """One page of a service: its objects, where the next page starts (None: it was the last), and what was odd."""

    items: list[_T | Odd]
    following: int | None
    rejects: list[Reject]


def campaigns(body: bytes, share: float = ODD_SHARE, *, by_ids: bool = False) -> Page[Campaign]:
    return _page(body, "Campaigns", Campaign, share, _with_tracking, may_lack=by_ids)


def ad_groups(body: bytes, share: float = ODD_SHARE, *, by_ids: bool = False) -> Page[AdGroup]:
    return _page(body, "AdGroups", AdGroup, share, may_lack=by_ids)


def ads(body: bytes, share: float = ODD_SHARE, *, by_ids: bool = True) -> Page[Ad]:
    return _page(body, "Ads", Ad, share, _with_link, may_lack=by_ids)


def sitelinks(body: bytes, share: float = ODD_SHARE, *, by_ids: bool = False) -> Page[SitelinksSet]:
    return _page(body, "SitelinksSets", SitelinksSet, share, may_lack=by_ids)


def changes(body: bytes) -> Changes:
    checked = _shaped(_result(body), _Checked, "result")
    stats = checked.modified.campaigns_stat if checked.modified else []
    stamp = checked.timestamp if checked.timestamp.tzinfo else checked.timestamp.replace(tzinfo=UTC)
    unprocessed = checked.unprocessed.campaign_ids if checked.unprocessed else []
    return Changes({stat.campaign_id: stat.border_date for stat in stats}, stamp, unprocessed)


def _page(
    body: bytes,
    key: str,
    kind: type[_T],
    share: float,
    prepare: Callable[[dict[str, Any]], None] = lambda _: None,
    *,
    may_lack: bool,
) -> Page[_T]:
    """Where ids were asked for, an answer without any of them may be empty altogether (`may_lack`); ads always are."""
    result = _result(body)
    if key not in result and not (may_lack and not result):
        raise _changed(f"result.{key} is missing")
    items = _shaped(result.get(key, []), list[Any], f"result.{key}")
    for item in filter(lambda item: isinstance(item, dict), items):
        prepare(item)
    limited = _shaped(result.get("LimitedBy", 0), int, "result.LimitedBy")
    read, rejects = read_items(items, kind, source=SOURCE, path=f"result.{key}", share=share)
    return Page(read, limited or None, rejects)


def _with_tracking(item: dict[str, Any]) -> None:
    """The block stands in the part named after the campaign's type, so it is taken from whichever part is there."""
    blocks = [part["TrackingParams"] for part in item.values() if isinstance(part, dict) and part.get("TrackingParams")]
    item["_tracking"] = _first_text(blocks)


def _with_link(item: dict[str, Any]) -> None:
    """Types lag behind what the vendor sends, so every `*Ad` part is looked at, whatever the type says."""
    parts = [part for name, part in item.items() if name.endswith("Ad") and isinstance(part, dict)]
    item["_href"] = _first_text([part.get("Href") or part.get("TrackingUrl") for part in parts])
    item["_sitelinks"] = next((part["SitelinkSetId"] for part in parts if part.get("SitelinkSetId")), None)
    titles = [title for part in parts for title in (part.get("Title"), *_listed(part.get("Titles")))]
    item["_title"] = next((title for title in titles if isinstance(title, str)), "")  # shown only, so never odd


def _first_text(values: Sequence[Any]) -> Any:
    """The first text; else the first value that is none, for the record to be called odd by it; else ''."""
    given = [value for value in values if value]
    return next((value for value in given if isinstance(value, str)), next(iter(given), ""))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _result(body: bytes) -> dict[str, Any]:
    answer = base.decode(body, dict[str, Any], source=SOURCE, what="the answer")
    result = answer.get("result")
    if not isinstance(result, dict):
        raise _changed("result is missing")
    return result


def _shaped(value: Any, kind: type[_T], path: str) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        where = f"{path}{found[1][1:]}" if found else path
        raise _changed(f"{where}: {_PATH.sub('', str(error))}") from None


def _changed(what: str) -> ShapeChanged:
    return ShapeChanged(
        what,
        source=SOURCE,
        expected="the documented shape of the service",
        next_step="compare with the vendor's change log; nothing was loaded",
    )
