"""Records of a list, read one by one: an odd one is put aside or keeps what can be read, and stops no other.

Belongs here: telling dirt in some records from a shape that changed. Does not: what a vendor's record is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.redaction import scrub
from zakaz_dagster.sources.base import ODD_SHARE, Reject, refuse_changed_shape

T = TypeVar("T")
PAYLOAD = 1000  # characters of an odd record that are kept
_PLACE = re.compile(r" - at `\$(.*)`$")
_FIELD = re.compile(r"\.(\w+)")


@dataclass(frozen=True)
class Odd:
    """Stands in a list for a record that cannot be read without its ids; `id` tells such records apart."""

    id: str


def read_items(
    items: Sequence[Any], kind: type[T], *, source: str, path: str, share: float = ODD_SHARE
) -> tuple[list[T | Odd], list[Reject]]:
    """Every record, those without readable ids as `Odd`; and what was odd in which (`path` is where the list stands).

    Raises ShapeChanged when no record has its ids, or more than `share` of the records is odd.
    """
    read: list[T | Odd] = []
    rejects: list[Reject] = []
    for number, item in enumerate(items):
        record, reason = salvaged(item, kind, f"{path}[{number}]")
        text = scrub(msgspec.json.encode(item).decode())[:PAYLOAD] if reason else ""
        read.append(Odd(text) if record is None else record)
        if reason:
            where = f"{kind.__name__} {getattr(record, 'id', f'without a readable id, {path}[{number}]')}"
            rejects.append(Reject(reason, where, text))
    if read and all(isinstance(record, Odd) for record in read):
        raise ShapeChanged(
            rejects[0].reason,
            source=source,
            expected="the documented shape of the record",
            next_step="nothing was loaded; compare the answer with the vendor's change log",
        )
    refuse_changed_shape(source, path, odd=rejects, received=len(items), share=share)
    return read, rejects


def salvaged(item: Any, kind: type[T], path: str) -> tuple[T | None, str]:
    """The record without those fields that hold something else, and which they are; None when it needs one of them."""
    reasons: list[str] = []
    kept = dict(item) if isinstance(item, dict) else item
    while True:
        try:
            return msgspec.convert(kept, kind, strict=False), "; ".join(reasons)
        except msgspec.ValidationError as error:
            place = _PLACE.search(str(error))
            inside = place[1] if place else ""
            reasons.append(f"{path}{inside}: {_PLACE.sub('', str(error))}")
        field = _FIELD.match(inside)
        if field is None or field[1] not in kept:
            return None, "; ".join(reasons)
        del kept[field[1]]
