"""A tree of parts to leaves: containers walked, the same content taken once, enclosed mails marked.

Transfer encodings are already undone in `data`, whatever the headers say. Belongs here: the walk, one for the API's
tree and for a mail's source. Does not: fetching attachments, reading their content.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from zakaz_dagster.sources.gmail import eml
from zakaz_dagster.sources.gmail.mail import (
    SAME_AS_HTML,
    Enclosed,
    Leaf,
    Mail,
    charset_of,
    header_date,
    is_forward,
)
from zakaz_dagster.sources.gmail.records import Decoded, Message, Part
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

MAX_DEPTH = 50
MOST_BYTES = 2**40  # of one part; what is stated beyond is no size, and refused like it


def top_of(message: Message, limits: Limits = LIMITS) -> Part:
    """The top part of an answer with format=full, or format=raw."""
    return message.payload or eml.part_of(from_base64url(message.raw), limits)


def mail_of_part(top: Part, message_id: str, received_at: datetime | None = None, limits: Limits = LIMITS) -> Mail:
    """The mail under these headers."""
    leaves = _bounded(_leaves(top, "", None, ""), limits)
    return Mail(message_id, received_at or header_date(top.header("date")), is_forward(top.header("subject")), leaves)


def enclosed_leaves(raw: bytes, within: Leaf, limits: Limits = LIMITS) -> list[Leaf]:
    """The leaves of an attached mail, placed beneath the part that holds it."""
    top = eml.part_of(raw, limits)
    enclosed = Enclosed(within.path, header_date(top.header("date")))
    return _bounded(_leaves(top, f"{within.path}.0", enclosed, ""), limits)


def _bounded(found: Iterator[Leaf], limits: Limits) -> list[Leaf]:
    leaves = list(islice(found, limits.parts + 1))
    if len(leaves) > limits.parts:
        raise Refused(f"more than {limits.parts} parts")
    return leaves


def from_base64url(text: str) -> bytes:
    """Gmail's base64url, whose padding may be absent."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused("broken base64") from None


def _leaves(part: Part, path: str, enclosed: Enclosed | None, superseded: str) -> Iterator[Leaf]:
    if path.count(".") > MAX_DEPTH:
        raise Refused(f"parts nested deeper than {MAX_DEPTH}")
    if not part.parts:
        yield _leaf(part, path or "0", enclosed, superseded)
        return
    if part.mime_type == "message/rfc822":
        dates = (header_date(each.header("date")) for each in (part.parts[0], part))
        enclosed = Enclosed(path, next((date for date in dates if date), None))
    has_html = part.mime_type == "multipart/alternative" and _has_html(part)
    for number, child in enumerate(part.parts):
        is_repeated = has_html and child.mime_type == "text/plain"
        yield from _leaves(
            child, f"{path}.{number}" if path else str(number), enclosed, SAME_AS_HTML if is_repeated else superseded
        )


def _has_html(part: Part) -> bool:
    return part.mime_type == "text/html" or any(_has_html(child) for child in part.parts)


def _leaf(part: Part, path: str, enclosed: Enclosed | None, superseded: str) -> Leaf:
    data: bytes | None = None
    fault = ""
    if isinstance(part.body, Decoded):
        data = part.body.content
    elif part.body.data or not part.body.attachment_id:
        try:
            data = from_base64url(part.body.data)
        except Refused as error:
            fault = str(error)
    disposition = part.header("content-disposition").strip().lower()
    return Leaf(
        path=path,
        mime=part.mime_type.lower(),
        filename=part.filename,
        charset=charset_of(part.header("content-type")),
        attached=disposition.startswith("attachment") or bool(part.filename),
        size=min(max(part.body.size, 0), MOST_BYTES) or len(data or b""),
        data=data,
        attachment_id="" if data else part.body.attachment_id,
        superseded=superseded,
        fault=fault,
        enclosed=enclosed,
    )
