"""RFC 822 source (a saved .eml, an attached mail, format=raw) to the same leaves as Gmail's tree.

Belongs here: the walk over the standard library's message. Does not: reading the parts' content.
"""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message

from zakaz_dagster.sources.gmail.mail import HTML_TOLD, Enclosed, Leaf, Mail, charset_of, header_date, is_forward
from zakaz_dagster.sources.gmail.refused import LIMITS, Limits, Refused

MAX_DEPTH = 50
# What the standard library raises for mails it cannot make sense of.
_UNREADABLE = (MessageError, RecursionError, LookupError, ValueError, AttributeError, TypeError)


def mail_of(raw: bytes, message_id: str = "", limits: Limits = LIMITS) -> Mail:
    """The mail; its Date header stands for the moment of arrival, which only the mailbox knows."""
    message = _parsed(raw)
    leaves = _bounded(_leaves(message, "", None, ""), limits)
    return Mail(message_id, header_date(_header(message, "date")), is_forward(_header(message, "subject")), leaves)


def enclosed_leaves(raw: bytes, within: Leaf, limits: Limits = LIMITS) -> list[Leaf]:
    """The leaves of an attached mail, placed beneath the part that holds it."""
    message = _parsed(raw)
    enclosed = Enclosed(within.path, header_date(_header(message, "date")))
    return _bounded(_leaves(message, f"{within.path}.0", enclosed, ""), limits)


def _parsed(raw: bytes) -> Message:
    try:
        return message_from_bytes(raw, policy=policy.default)
    except _UNREADABLE as error:
        raise Refused(f"the mail's source cannot be read ({type(error).__name__})") from None


def _bounded(found: Iterator[Leaf], limits: Limits) -> list[Leaf]:
    leaves: list[Leaf] = []
    try:
        for leaf in found:
            leaves.append(leaf)
            if len(leaves) > limits.parts:
                raise Refused(f"more than {limits.parts} parts")
    except _UNREADABLE as error:
        raise Refused(f"the mail's source cannot be read ({type(error).__name__})") from None
    return leaves


def _leaves(part: Message, path: str, enclosed: Enclosed | None, superseded: str) -> Iterator[Leaf]:
    if path.count(".") > MAX_DEPTH:
        raise Refused(f"parts nested deeper than {MAX_DEPTH}")
    if not part.is_multipart():
        yield _leaf(part, path or "0", enclosed, superseded)
        return
    children = [child for child in part.get_payload() if isinstance(child, Message)]
    if part.get_content_type() == "message/rfc822" and children:
        enclosed = Enclosed(path, header_date(_header(children[0], "date")))
    told_in_html = part.get_content_type() == "multipart/alternative" and _has_html(part)
    for number, child in enumerate(children):
        told = told_in_html and child.get_content_type() == "text/plain"
        yield from _leaves(
            child, f"{path}.{number}" if path else str(number), enclosed, HTML_TOLD if told else superseded
        )


def _has_html(part: Message) -> bool:
    return any(each.get_content_type() == "text/html" for each in part.walk())


def _leaf(part: Message, path: str, enclosed: Enclosed | None, superseded: str) -> Leaf:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    filename = part.get_filename() or ""
    return Leaf(
        path=path,
        mime=part.get_content_type().lower(),
        filename=filename,
        charset=charset_of(_header(part, "content-type")),
        attached=part.get_content_disposition() == "attachment" or bool(filename),
        size=len(data),
        data=data,
        superseded=superseded,
        enclosed=enclosed,
    )


def _header(part: Message | EmailMessage, name: str) -> str:
    """A header's text; the library raises on some malformed ones, which are then as good as absent."""
    try:
        return str(part.get(name) or "")
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""
