"""Records that do not fit the vendor's shape: what they say of themselves, without personal data.

Belongs here: mending a body so far that its records can be told apart, and describing one that cannot be used. Does
not: the shapes (`records`), which records fit (`answers`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from zakaz_dagster.parsing.json_text import UNDECODABLE
from zakaz_dagster.sources.base import Reject

MOST_PAYLOAD = 4000
# What may be kept of objects inside a record; of lists, only how long they are.
NESTED = {
    "utm": ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
    "city": ("name", "timezone"),
    "name": ("ru", "en"),
}
PERSONAL = {"client_id"}
NAMES = {"name", "place_name"}  # of events; any other text may be anybody's
# A moment, a number or a currency as text, whatever is wrong with it.
MACHINE_TEXT = re.compile(r"[\d\s.,:+\-TZ/]{0,40}|[A-Z]{3}")
T = TypeVar("T")


@dataclass(frozen=True)
class Odd:
    """A record that was put aside: where it stands, why, and as much of it as holds no personal data.

    `record` names the record of the page; for a ticket or show (`is_whole` False) the order or event that holds it,
    which is used otherwise. `order_id`, `paid` and `updated` are those of the order, as far as they can be read.
    """

    where: str
    reason: str
    payload: str = ""
    record: str = ""
    is_whole: bool = True
    order_id: int | None = None
    paid: datetime | None = None
    updated: datetime | None = None

    @property
    def reject(self) -> Reject:
        return Reject(self.reason, self.where, self.payload)

    def part_of(self, holder: Any) -> Odd:
        """The same as a part of an order or event that is used."""
        return replace(
            self,
            record=f"id {holder.id}",
            is_whole=False,
            order_id=holder.id,
            paid=getattr(holder, "payed_at", None),
            updated=getattr(holder, "updated_at", None),
        )


class _Marks(msgspec.Struct):
    id: Any = None
    payed_at: Any = None
    updated_at: Any = None


def decoded(raw: msgspec.Raw, shape: type[T]) -> tuple[T | None, str]:
    """The record, or None and the reason why it does not fit."""
    try:
        return msgspec.json.decode(raw, type=shape), ""
    except UNDECODABLE as error:
        return None, f"another shape: {error}"


def odd_record(raw: msgspec.Raw, place: str, reason: str, fields: Collection[str]) -> Odd:
    """A record as one put aside; only the named fields of it are kept."""
    marks = decoded(raw, _Marks)[0] or _Marks()
    number = marks.id if isinstance(marks.id, int) and not isinstance(marks.id, bool) else None
    where = place if number is None else f"{place}, id {number}"
    paid, updated = _moment(marks.payed_at), _moment(marks.updated_at)
    return Odd(where, reason, _payload(raw, fields), where, order_id=number, paid=paid, updated=updated)


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _payload(raw: msgspec.Raw, fields: Collection[str]) -> str:
    record = decoded(raw, dict[str, Any])[0] or {}
    kept = {name: _kept(name, record[name]) for name in fields if name in record and name not in PERSONAL}
    return json.dumps(kept, ensure_ascii=False)[:MOST_PAYLOAD]


def _kept(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: value[key] for key in NESTED.get(name, ()) if not isinstance(value.get(key, {}), dict | list)}
    if isinstance(value, str) and name not in NAMES and not MACHINE_TEXT.fullmatch(value):
        return f"text of {len(value)} characters"
    return f"list of {len(value)}" if isinstance(value, list) else value
