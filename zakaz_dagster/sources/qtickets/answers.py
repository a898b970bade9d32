"""Answers of the API as records, and what in them does not fit.

A page is decoded whole. Only where that fails is it read record by record: what does not fit is put aside with the path
of the field, for example `$.price`, and the other records are used. `same_shape` decides when so many do not fit that
the vendor's shape has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from zakaz_dagster.parsing.json_text import UNDECODABLE, mended
from zakaz_dagster.sources import base
from zakaz_dagster.sources.base import refuse_changed_shape
from zakaz_dagster.sources.qtickets import records
from zakaz_dagster.sources.qtickets.odd import Odd, decoded, odd_record
from zakaz_dagster.sources.qtickets.records import SOURCE, Envelope, Event, Order, Paging, Seat, SeatsEnvelope

T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How one kind of record is read: whole, or with each of its `parts` by itself.

    `bare` says whether the record means anything when none of its parts fits.
    """

    name: str
    whole: type[T]
    head: type[Any]
    loose: type[Any]
    parts: str
    part: type[Any]
    bare: bool


ORDER = Kind("order", Order, records.OrderHead, records.LooseOrder, "baskets", records.Basket, bare=False)
EVENT = Kind("event", Event, records.EventHead, records.LooseEvent, "shows", records.Show, bare=True)


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page: records that fit, and those that do not."""

    data: list[T]
    paging: Paging
    odd: list[Odd] = field(default_factory=list)

    @property
    def received(self) -> int:
        """Records on the page; a ticket or show that does not fit is part of a record that does."""
        return len(self.data) + sum(each.is_whole for each in self.odd)


def page_of(body: bytes, kind: Kind[T], what: str) -> Page[T]:
    """A page of orders or events; `what` was asked, for failures."""
    try:
        found = msgspec.json.decode(body, type=Envelope[kind.whole])  # type: ignore[name-defined]
    except UNDECODABLE:
        envelope = decode(mended(body), Envelope[msgspec.Raw], what)
        data, odd = each_of(envelope.data, kind, f"page {envelope.paging.current_page}")
        return Page(data, envelope.paging, odd)
    return Page(found.data, found.paging)


def each_of(raws: Sequence[msgspec.Raw], kind: Kind[T], place: str) -> tuple[list[T], list[Odd]]:
    """The records that fit, without those of their parts that do not, and everything else."""
    data: list[T] = []
    odd: list[Odd] = []
    for number, raw in enumerate(raws, 1):
        found = _one(raw, kind, f"{kind.name} {number} of {place}")
        odd += found[1]
        if found[0] is not None:
            data.append(found[0])
    return data, odd


def seats_of(body: bytes, what: str) -> tuple[dict[str, Seat], list[Odd]]:
    """Every seat of a show by the vendor's key (its number in a list), and the records that do not fit."""
    try:
        return _keyed(msgspec.json.decode(body, type=SeatsEnvelope[Seat]).data), []
    except UNDECODABLE:
        raws = _keyed(decode(mended(body), SeatsEnvelope[msgspec.Raw], what).data)
    seats: dict[str, Seat] = {}
    odd: list[Odd] = []
    for key, raw in raws.items():
        seat, reason = decoded(raw, Seat)
        if seat is None:
            odd.append(odd_record(raw, f"seat {key}", reason, Seat.__struct_fields__))
        else:
            seats[key] = seat
    return seats, odd


def same_shape(odd: Sequence[Odd], received: int, most: float, what: str) -> None:
    """`ShapeChanged` when more than the share `most` of the records that were received do not fit."""
    records = {each.record: each.reject for each in odd}
    refuse_changed_shape(SOURCE, what, odd=list(records.values()), received=received, share=most)


def decode(body: bytes, shape: type[T], what: str) -> T:
    """`body` as `shape`; `ShapeChanged` names `what` was asked and where it differs."""
    step = "compare the body with zakaz_dagster/sources/qtickets/records.py and adapt it on purpose"
    return base.decode(body, shape, source=SOURCE, what=f"the answer to {what}", next_step=lambda _: step)


def _one(raw: msgspec.Raw, kind: Kind[T], place: str) -> tuple[T | None, list[Odd]]:
    record: T | None
    record, reason = decoded(raw, kind.whole)
    if record is not None:
        return record, []
    loose, head_reason = decoded(raw, kind.loose)
    if loose is None:
        return None, [odd_record(raw, place, head_reason, kind.whole.__struct_fields__)]  # type: ignore[attr-defined]
    parts: list[Any] = []
    odd: list[Odd] = []
    raws = getattr(loose, kind.parts) or ()
    for number, each in enumerate(raws, 1):
        part, why = decoded(each, kind.part)
        if part is None:
            where = f"{kind.name} {loose.id}, {kind.part.__name__.lower()} {number} of {len(raws)}"
            odd.append(odd_record(each, where, why, kind.part.__struct_fields__).part_of(loose))
        else:
            parts.append(part)
    if not parts and not kind.bare:
        return None, [odd_record(raw, place, reason, kind.whole.__struct_fields__)]  # type: ignore[attr-defined]
    head = {name: getattr(loose, name) for name in kind.head.__struct_fields__}
    return kind.whole(**head, **{kind.parts: parts}), odd


def _keyed(data: Mapping[str, T] | list[T]) -> dict[str, T]:
    return dict(data) if isinstance(data, Mapping) else {str(number): each for number, each in enumerate(data)}
