"""RFC 822 source (a saved .eml, an attached mail, format=raw) to the tree of parts that the API would have given.

Belongs here: the standard library's message to records. Does not: the walk over the tree (`mime_tree`), its content.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import EmailPolicy
from typing import Any

from zakaz_dagster.sources.gmail.records import Decoded, Header, Part
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

HEADER_CHARS = 1_000  # of one header; the library's parsers take minutes over long ones
KEPT = ("content-type", "content-disposition", "subject", "date")
ALL_KEPT = ("from", "authentication-results")  # however often they occur, the topmost first
DASHED_PER_PART = 20  # lines that begin like a boundary and are none: a signature, a rule drawn with hyphens
_BOUNDARY = re.compile(rb"boundary\s*=\s*\"?([^\"\r\n;]{1,200})", re.IGNORECASE)
_ENCODING = re.compile(r"(base64)|quoted.?printable", re.IGNORECASE)
_DASHED = re.compile(rb"(?:^|\n)--([^\r\n]{0,200})")
# What the standard library raises for mails it cannot make sense of.
_UNREADABLE = (MessageError, RecursionError, LookupError, ValueError, AttributeError, TypeError)


class _Bounded(EmailPolicy):
    """The default policy, which reads the beginning of a header only."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:HEADER_CHARS])


def part_of(raw: bytes, limits: Limits = LIMITS) -> Part:
    """The top part of the mail with everything in it; transfer encodings are undone."""
    _check(raw, limits)
    try:
        return _part(message_from_bytes(raw, policy=_Bounded()), limits)
    except _UNREADABLE as error:
        raise Refused(f"the mail's source cannot be read ({type(error).__name__})") from None


def _check(raw: bytes, limits: Limits) -> None:
    """Bounds before anything is parsed: what is refused later would cost time and memory first."""
    if len(raw) > limits.mail_bytes:
        raise Refused(f"the mail has {len(raw)} bytes; the limit is {limits.mail_bytes}")
    boundaries = {match[1].strip() for match in _BOUNDARY.finditer(raw)}
    parts = 0
    for dashed, match in enumerate(_DASHED.finditer(raw), start=1):
        parts += match[1].rstrip() in boundaries
        if max(parts, dashed // DASHED_PER_PART, len(boundaries)) > limits.parts:
            raise Refused(f"more than {limits.parts} parts")


def _part(message: Message, limits: Limits) -> Part:
    children = (
        [child for child in message.get_payload() if isinstance(child, Message)] if message.is_multipart() else []
    )
    return Part(
        mime_type=message.get_content_type(),
        filename=message.get_filename() or "",
        headers=[*(Header(name, _header(message, name)) for name in KEPT), *_all(message)],
        body=Decoded() if children else _body(message, limits),
        parts=[_part(child, limits) for child in children],
    )


def _all(message: Message) -> list[Header]:
    return [Header(name, str(value)) for name, value in message.raw_items() if name.lower() in ALL_KEPT]


def _body(message: Message, limits: Limits) -> Decoded:
    """The body's bytes; only its size where that is too much anyway (four letters of base64 are three bytes)."""
    source = message.get_payload()
    _name_encoding(message)
    if isinstance(source, str) and len(source) > limits.part_bytes * 3 // 2:
        return Decoded(size=len(source) * 3 // 4)
    payload = message.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return Decoded(size=len(data), content=data)


def _name_encoding(message: Message) -> None:
    """Write the transfer encoding as the library knows it: programs put a semicolon, quotes or a comment to it."""
    known = _ENCODING.search(str(message.get("content-transfer-encoding") or ""))
    if known:
        message.replace_header("content-transfer-encoding", "base64" if known[1] else "quoted-printable")


def _header(message: Message, name: str) -> str:
    """A header's text; the library raises on some malformed ones, which are then as good as absent."""
    try:
        return str(message.get(name) or "")
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""
