"""RFC 822 source (a saved .eml, an attached mail, format=raw) to the tree of parts that the API would have given.

Belongs here: the standard library's message to records. Does not: the walk over the tree (`tree`), reading its content.
"""

from __future__ import annotations

import base64
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message

from zakaz_dagster.sources.gmail.limits import Refused
from zakaz_dagster.sources.gmail.records import Body, Header, Part

KEPT = ("content-type", "content-disposition", "subject", "date")
# What the standard library raises for mails it cannot make sense of.
_UNREADABLE = (MessageError, RecursionError, LookupError, ValueError, AttributeError, TypeError)


def part_of(raw: bytes) -> Part:
    """The top part of the mail with everything in it; transfer encodings are undone."""
    try:
        return _part(message_from_bytes(raw, policy=policy.default))
    except _UNREADABLE as error:
        raise Refused(f"the mail's source cannot be read ({type(error).__name__})") from None


def _part(message: Message) -> Part:
    children = (
        [child for child in message.get_payload() if isinstance(child, Message)] if message.is_multipart() else []
    )
    return Part(
        mime_type=message.get_content_type(),
        filename=message.get_filename() or "",
        headers=[Header(name, _header(message, name)) for name in KEPT],
        body=Body() if children else _body(message),
        parts=[_part(child) for child in children],
    )


def _body(message: Message) -> Body:
    payload = message.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return Body(len(data), base64.urlsafe_b64encode(data).decode())


def _header(message: Message, name: str) -> str:
    """A header's text; the library raises on some malformed ones, which are then as good as absent."""
    try:
        return str(message.get(name) or "")
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""
