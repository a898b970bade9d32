"""VK Ads' shapes, as far as we read them.

Belongs here: field names, types, what may be absent, and decoding. Does not: meaning (`rows`, `catalog`).
Numbers may come as strings (the documentation says so of every integer), so decoding converts them; money becomes an
exact Decimal whether it was written `"86.4"` or `86.4`. A field that was not asked for in `fields` is absent, which is
not the same as null: `UNSET` keeps the two apart. Unknown keys are ignored, the vendor adds some every year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources import base
from zakaz_dagster.sources.base import ODD_SHARE, Reject
from zakaz_dagster.sources.odd_records import Odd, read_items
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION

SOURCE = DESCRIPTION.name
DELETED = "deleted"
T = TypeVar("T")


Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class Token(msgspec.Struct):
    """The answer to a grant; `expires_in` is `"86400"` or `86400`, `scope` a string or a list."""

    access_token: str
    expires_in: int = 86400
    refresh_token: str | None = None
    token_type: str | None = None
    scope: str | list[str] | None = None
    tokens_left: int | None = None


class Account(msgspec.Struct):
    """The user whose token it is; all money of the API is in this currency."""

    currency: str | None = None


class _Shown(msgspec.Struct, kw_only=True):
    """An object that is shown: VK's own moments of it, in Moscow time."""

    status: str | None = None
    created: str | None = None
    updated: str | None = None

    @property
    def lifetime(self) -> tuple[dt.date, dt.date]:
        """The first and the last day on which it can have been shown: from when it was made until it was deleted.

        VK need not answer anything for other days. A moment that VK does not tell is no limit.
        """
        deleted = day_of(self.updated) if self.status == DELETED else None
        return day_of(self.created) or dt.date.min, deleted or dt.date.max

    def could_run(self, day: dt.date) -> bool:
        """Whether a day lies in its lifetime."""
        first, last = self.lifetime
        return first <= day <= last


class AdPlan(msgspec.Struct):
    """A campaign of the cabinet («Кампания»)."""

    id: Id
    name: str | None = None
    status: str | None = None
    objective: str | None = None
    date_start: str | None = None
    date_end: str | None = None
    created: str | None = None
    updated: str | None = None


class AdGroup(_Shown, kw_only=True):
    """«Группа объявлений»; older parts of the API call the same object `campaign`."""

    id: Id
    name: str | None = None
    ad_plan_id: Id | UnsetType | None = UNSET
    objective: str | None = None
    enable_utm: bool | UnsetType | None = UNSET
    utm: str | None = None


class Link(msgspec.Struct):
    """One landing address of a banner; only `id` is certain."""

    id: Id | None = None
    url: str | None = None


class Banner(_Shown, kw_only=True):
    """«Объявление»; `urls` is keyed by role (see `link_of`), and an empty PHP array when there is none."""

    id: Id
    ad_group_id: Id
    name: str | None = None
    urls: dict[str, Any] | list[Any] | UnsetType | None = UNSET


class Page(msgspec.Struct, Generic[T]):
    """One page of a list. `count` may be missing."""

    items: list[T]
    count: Count | None = None
    offset: Count | None = None


class VkGoals(msgspec.Struct, gc=False):
    """Conversions proper; `base.goals` is an old counter that is always 0."""

    goals: Count | None = None


class Base(msgspec.Struct, gc=False):
    """The `base` metrics; `spent` is roubles without VAT."""

    shows: Count
    clicks: Count
    spent: Decimal
    vk: VkGoals | None = None


class Totals(msgspec.Struct, gc=False):
    base: Base | None = None


class StatRow(msgspec.Struct, gc=False):
    date: dt.date
    base: Base


class StatItem(msgspec.Struct):
    """One object with a row for every day asked for; v3 and summaries have no `rows` and are refused by that."""

    id: Id
    rows: list[StatRow]
    total: Totals | None = None


class Statistics(msgspec.Struct):
    items: list[StatItem]
    total: Totals | None = None


class LooseStatistics(msgspec.Struct):
    """The same answer before its items are looked at one by one."""

    items: list[Any]
    total: Totals | None = None


@dataclass(frozen=True)
class ListPage(Generic[T]):
    """A page of a list. `rejects` says what was odd; a record with readable ids is among the items all the same."""

    items: Sequence[T | Odd]
    rejects: Sequence[Reject]
    count: int | None


def decode(raw: bytes, kind: type[T], what: str, request_id: str = "") -> T:
    """`raw` as `kind`, or `ShapeChanged` with the field's path and the request's id."""
    asked = f"{what} (x-request-id {request_id})" if request_id else what
    return base.decode(raw, kind, source=SOURCE, what=asked, next_step=_remedy, strict=False)


def decode_page(
    raw: bytes, kind: type[T], resource: str, request_id: str = "", share: float = ODD_SHARE
) -> ListPage[T]:
    """A page of a list: decoded at once, and record by record only when something in it is odd."""
    what = f"GET /api/v2/{resource}.json"
    try:
        page = decode(raw, Page[kind], what, request_id)  # type: ignore[valid-type]
        return ListPage(page.items, (), page.count)
    except ShapeChanged:
        loose = decode(raw, Page[Any], what, request_id)
    read = read_items(loose.items, kind, source=SOURCE, path=f"{what}: $.items", share=share)
    return ListPage(*read, loose.count)


def day_of(text: str | None) -> dt.date | None:
    """The date of `YYYY-MM-DD[ HH:MM:SS]`; an unreadable one is unknown, nothing is decided by it alone."""
    try:
        return dt.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _remedy(problem: str) -> str:
    if "`spent`" in problem:
        return "give the API user the right to see finances: without it VK leaves money out of statistics"
    return "compare the body with the contract (`zakaz inspect vk-statistics|vk-banners`)"
