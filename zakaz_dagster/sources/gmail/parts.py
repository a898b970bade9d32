"""One part of a mail to tables: which kind of file, its text decoded, its tables read. Every part gets an outcome.

Belongs here: choosing the reader and keeping its reason. Does not: what several tables mean together (`reconcile`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce

from zakaz_dagster.sources.gmail import archive, file_types, mime_tree
from zakaz_dagster.sources.gmail.file_types import Kind
from zakaz_dagster.sources.gmail.mail import Leaf
from zakaz_dagster.sources.gmail.quotes import Quote, Segment, forwarded, html_segments, text_segments
from zakaz_dagster.sources.gmail.report_lines import Reading, TableRead, read_lines
from zakaz_dagster.tables.charsets import readings
from zakaz_dagster.tables.files import FileRead, Form
from zakaz_dagster.tables.html_tables import looks_like_html
from zakaz_dagster.tables.limits import Refused

MAX_ENCLOSING = 3  # archives in mails in mails
ZIP_MEMBER = "zip-member"


class Outcome(StrEnum):
    READ = "read"
    NO_TABLE = "no_table"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    REFUSED = "refused"
    UNKNOWN_SENDER = "unknown_sender"
    GONE = "gone"


@dataclass(frozen=True)
class Said:
    """A table, and the quote it stands in if its sender did not write it himself."""

    table: TableRead
    quote: Quote | None = None


@dataclass(frozen=True)
class PartRead:
    """What became of one part; `digest` is the SHA-256 of its bytes, '' if they were not fetched.

    `forward` is the forwarded mail that a body holds.
    """

    leaf: Leaf
    kind: Kind
    outcome: Outcome
    reason: str = ""
    digest: str = ""
    tables: Sequence[Said] = ()
    forward: Quote | None = None

    @property
    def rows(self) -> int:
        return sum(len(said.table.lines) for said in self.tables)

    @property
    def refused(self) -> int:
        return sum(len(said.table.refused) for said in self.tables)


def read_leaf(leaf: Leaf, reading: Reading, depth: int = 0) -> Iterator[PartRead]:
    """The part, or the parts inside it when it is an archive or a mail; content that was not fetched is said so."""
    data = leaf.data
    reason = leaf.fault or file_types.unread_reason(leaf)
    size = max(leaf.size, len(data or b""))
    if leaf.superseded:
        yield PartRead(leaf, Kind.OTHER, Outcome.SUPERSEDED, leaf.superseded)
    elif reason:
        yield PartRead(leaf, Kind.OTHER, Outcome.REFUSED if leaf.fault else Outcome.SKIPPED, reason)
    elif size > reading.limits.part_bytes:
        yield PartRead(leaf, Kind.OTHER, Outcome.REFUSED, f"{size} bytes; the limit is {reading.limits.part_bytes}")
    elif data is None:
        yield PartRead(leaf, Kind.OTHER, Outcome.SKIPPED, "its content is not in this file: the mailbox keeps it apart")
    else:
        yield from _read_data(leaf, data, reading, depth)


def _read_data(leaf: Leaf, data: bytes, reading: Reading, depth: int) -> list[PartRead]:
    kind, digest = Kind.OTHER, hashlib.sha256(data).hexdigest()
    try:
        kind, reason = file_types.kind_of(data, leaf)
        if reason:
            return [PartRead(leaf, kind, Outcome.SKIPPED, reason, digest)]
        if kind in (Kind.ZIP, Kind.MAIL):
            return list(_inside(leaf, kind, data, reading, depth))
        if kind is Kind.XLSX:
            return [_part(leaf, digest, [(None, reading.reader.xlsx(data, _title(leaf)))], reading)]
        return [_text(leaf, data, digest, reading)]
    except Refused as error:
        return [PartRead(leaf, kind, Outcome.REFUSED, str(error), digest)]
    except Exception as error:  # noqa: BLE001  the seam of a part: whatever a library makes of a file, the mail goes on
        reason = f"the file could not be read: {type(error).__name__} in the reader; keep the mail and report it"
        return [PartRead(leaf, kind, Outcome.REFUSED, reason, digest)]


def _inside(leaf: Leaf, kind: Kind, data: bytes, reading: Reading, depth: int) -> Iterator[PartRead]:
    if depth >= MAX_ENCLOSING or (kind is Kind.ZIP and leaf.mime == ZIP_MEMBER):
        raise Refused("an archive within an archive is not opened" if kind is Kind.ZIP else "mails nested too deep")
    if kind is Kind.MAIL:
        enclosed = replace(leaf, mime="message/rfc822", data=None)
        inner: list[Leaf] = mime_tree.enclosed_leaves(data, enclosed, reading.limits)
    else:
        inner = [
            Leaf(f"{leaf.path}/{number}", ZIP_MEMBER, member.name, "", True, len(member.data), member.data,
                 enclosed=leaf.enclosed)
            for number, member in enumerate(archive.members(data, reading.limits))
        ]  # fmt: skip
    if not inner:
        raise Refused("empty")
    for part in inner:
        yield from read_leaf(part, reading, depth + 1)


def _text(leaf: Leaf, data: bytes, digest: str, reading: Reading) -> PartRead:
    """Of all decodings, the one of which most is understood."""
    parts = [_decoded(leaf, each.text, digest, reading) for each in readings(data, leaf.charset)]
    return reduce(lambda one, other: other if other[0] > one[0] else one, parts)[1]


def _decoded(leaf: Leaf, text: str, digest: str, reading: Reading) -> tuple[tuple[int, int, bool], PartRead]:
    if len(text) > reading.limits.text_chars:
        raise Refused(f"the text has {len(text)} characters; the limit is {reading.limits.text_chars}")
    html = leaf.mime == "text/html" or looks_like_html(text)
    segments = [Segment(text)]
    if not leaf.attached:
        segments = html_segments(text) if html else text_segments(text)
    reads = [(segment.quote, reading.reader.text(segment.text, html=html, title=_title(leaf))) for segment in segments]
    understood = [read.understood for _, read in reads]
    forward = None if leaf.attached else forwarded(text, html=html)
    part = replace(_part(leaf, digest, reads, reading), forward=forward)
    return (
        sum(each[0] for each in understood),
        sum(each[1] for each in understood),
        any(u[2] for u in understood),
    ), part


def _title(leaf: Leaf) -> str:
    return leaf.filename.rpartition(".")[0] if "." in leaf.filename else leaf.filename


def _part(leaf: Leaf, digest: str, reads: Sequence[tuple[Quote | None, FileRead]], reading: Reading) -> PartRead:
    found: list[Said] = []
    for quote, read in reads:
        for table in read.tables:
            place = f"part {leaf.path}, table {len(found) + 1}"
            found.append(Said(read_lines(table, reading, place), quote))
    forms = [read.form for _, read in reads if read.form is not Form.TEXT]
    kind = Kind(forms[0]) if forms else Kind.TEXT
    if found:
        reasons = [said.table.reason for said in found if said.table.reason]
        outcome = Outcome.REFUSED if len(reasons) == len(found) else Outcome.READ
        return PartRead(leaf, kind, outcome, "; ".join(reasons), digest, found)
    lacks = next((read.lacks for _, read in reads if read.lacks), [])
    reason = f"a table lacks the columns: {', '.join(lacks)}" if lacks else ""
    return PartRead(leaf, kind, Outcome.NO_TABLE, reason, digest)
