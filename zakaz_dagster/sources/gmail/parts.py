"""One part of a mail to tables: its kind told, its text decoded, its grids read. Every part gets an outcome.

Belongs here: choosing the reader and keeping its reason. Does not: what several tables mean together (`agree`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from zakaz_dagster.sources.gmail import archive, file_types, mime_tree
from zakaz_dagster.sources.gmail.charsets import readings
from zakaz_dagster.sources.gmail.file_types import Kind
from zakaz_dagster.sources.gmail.html_tables import Grid, html_grids, looks_like_html
from zakaz_dagster.sources.gmail.limits import Refused
from zakaz_dagster.sources.gmail.mail import Leaf
from zakaz_dagster.sources.gmail.report_lines import Reading, TableRead, missing_columns, read_table
from zakaz_dagster.sources.gmail.spreadsheets import text_grids, xlsx_grids

MAX_ENCLOSING = 3  # archives in mails in mails


class Outcome(StrEnum):
    READ = "read"
    NO_TABLE = "no_table"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True)
class PartRead:
    """What became of one part; `digest` is the SHA-256 of its bytes, '' if they were not fetched."""

    leaf: Leaf
    kind: Kind
    outcome: Outcome
    reason: str = ""
    digest: str = ""
    tables: Sequence[TableRead] = field(default_factory=tuple)

    @property
    def rows(self) -> int:
        return sum(len(table.lines) for table in self.tables)

    @property
    def refused(self) -> int:
        return sum(len(table.refused) for table in self.tables)


def read_leaf(leaf: Leaf, reading: Reading, depth: int = 0) -> Iterator[PartRead]:
    """The part, or the parts inside it when it is an archive or a mail; content that was not fetched is said so."""
    data = leaf.data
    reason = leaf.fault or file_types.unread_reason(leaf)
    if leaf.superseded:
        yield PartRead(leaf, Kind.OTHER, Outcome.SUPERSEDED, leaf.superseded)
    elif reason:
        yield PartRead(leaf, Kind.OTHER, Outcome.REFUSED if leaf.fault else Outcome.SKIPPED, reason)
    elif max(leaf.size, len(data or b"")) > reading.limits.part_bytes:
        size = max(leaf.size, len(data or b""))
        yield PartRead(leaf, Kind.OTHER, Outcome.REFUSED, f"{size} bytes; the limit is {reading.limits.part_bytes}")
    elif data is None:
        yield PartRead(leaf, Kind.OTHER, Outcome.SKIPPED, "its content is not in this file: the mailbox keeps it apart")
    else:
        yield from _read_data(leaf, data, reading, depth)


def _read_data(leaf: Leaf, data: bytes, reading: Reading, depth: int) -> Iterator[PartRead]:
    kind, reason = file_types.kind_of(data, leaf)
    digest = hashlib.sha256(data).hexdigest()
    if reason:
        yield PartRead(leaf, kind, Outcome.SKIPPED, reason, digest)
        return
    try:
        if kind in (Kind.ZIP, Kind.MAIL):
            yield from _inside(leaf, kind, data, reading, depth)
        elif kind is Kind.XLSX:
            yield _tables(leaf, kind, digest, xlsx_grids(data, reading.limits), reading)
        else:
            yield _text(leaf, data, digest, reading)
    except Refused as error:
        yield PartRead(leaf, kind, Outcome.REFUSED, str(error), digest)


def _inside(leaf: Leaf, kind: Kind, data: bytes, reading: Reading, depth: int) -> Iterator[PartRead]:
    if depth >= MAX_ENCLOSING or (kind is Kind.ZIP and leaf.mime == "zip-member"):
        raise Refused("an archive within an archive is not opened" if kind is Kind.ZIP else "mails nested too deep")
    if kind is Kind.MAIL:
        enclosed = replace(leaf, mime="message/rfc822", data=None)
        inner: list[Leaf] = mime_tree.enclosed_leaves(data, enclosed, reading.limits)
    else:
        inner = [
            Leaf(f"{leaf.path}/{number}", "zip-member", member.name, "", True, len(member.data), member.data,
                 enclosed=leaf.enclosed)
            for number, member in enumerate(archive.members(data, reading.limits))
        ]  # fmt: skip
    if not inner:
        raise Refused("empty")
    for each in inner:
        yield from read_leaf(each, reading, depth + 1)


def _text(leaf: Leaf, data: bytes, digest: str, reading: Reading) -> PartRead:
    """The decoding and delimiter in which a report is recognised; of several, the one of which most is understood."""
    nothing = PartRead(leaf, Kind.TEXT, Outcome.NO_TABLE, "", digest)
    found = [_decoded(leaf, text.text, digest, reading) or nothing for text in readings(data, leaf.charset)]
    return max(found, key=lambda part: (part.outcome is not Outcome.NO_TABLE, *_understood(part), bool(part.reason)))


def _decoded(leaf: Leaf, text: str, digest: str, reading: Reading) -> PartRead | None:
    html = leaf.mime == "text/html" or looks_like_html(text)
    choices = [html_grids(text, reading.limits)] if html else ([grid] for grid in text_grids(text, reading.limits))
    first: PartRead | None = None
    for grids in choices:
        part = _tables(leaf, Kind.HTML if html else Kind.CSV, digest, grids, reading)
        if part.outcome is not Outcome.NO_TABLE:
            return part
        first = part if first is None or (part.reason and not first.reason) else first
    return first


def _understood(part: PartRead) -> tuple[int, int]:
    """Columns and cities that are known: in a wrong character set only Latin headers are still readable."""
    cities = sum(line.city_known for table in part.tables for line in table.lines)
    return sum(table.columns for table in part.tables), cities


def _tables(leaf: Leaf, kind: Kind, digest: str, grids: Sequence[Grid], reading: Reading) -> PartRead:
    found = [
        table
        for number, grid in enumerate(grids, start=1)
        if (table := read_table(grid, reading, f"part {leaf.path}, table {number}")) is not None
    ]
    if found:
        reasons = [table.reason for table in found if table.reason]
        outcome = Outcome.REFUSED if len(reasons) == len(found) else Outcome.READ
        return PartRead(leaf, kind, outcome, "; ".join(reasons), digest, tuple(found))
    lacks = next((lacks for grid in grids if (lacks := missing_columns(grid, reading.columns))), [])
    reason = f"a table lacks the columns: {', '.join(lacks)}" if lacks else ""
    return PartRead(leaf, kind, Outcome.NO_TABLE, reason, digest)
