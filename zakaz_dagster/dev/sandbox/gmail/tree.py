"""A MIME message as the API shows it: parts with decoded bodies, attachments apart under ids that do not last.

Text bodies come as UTF-8 while their headers keep the original character set; attachments are untouched bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

AttachmentId = Callable[[str, bytes], str]  # place and content to an id


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def payload(
    message: EmailMessage, attachment_id: AttachmentId, inline_up_to: int = 0, proof: str = ""
) -> dict[str, Any]:
    """The tree of format=full; attachments of at most `inline_up_to` bytes come with their data.

    `proof` is what the receiving server says of the sender; it stands above all other headers.
    """
    parsed = message_from_bytes(message.as_bytes(), policy=policy.default)
    top = _part(parsed, "", "", attachment_id, inline_up_to)
    return {**top, "headers": [{"name": "Authentication-Results", "value": proof}, *top["headers"]]}


def headers_only(message: EmailMessage, names: list[str]) -> dict[str, Any]:
    """The payload of format=metadata."""
    wanted = {name.lower() for name in names}
    shown = [header for header in _headers(message) if not wanted or header["name"].lower() in wanted]
    return {"mimeType": message.get_content_type(), "headers": shown}


def _part(part: Message, place: str, part_id: str, attachment_id: AttachmentId, inline: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "partId": part_id,
        "mimeType": part.get_content_type(),
        "filename": part.get_filename() or "",
        "headers": _headers(part),
    }
    if not part.is_multipart():
        return {**shown, "body": _body(part, place, attachment_id, inline)}
    nested = [child for child in part.get_payload() if isinstance(child, Message)]
    children = [
        _part(child, f"{place}.{number}", f"{part_id}.{number}" if part_id else str(number), attachment_id, inline)
        for number, child in enumerate(nested)
    ]
    body: dict[str, Any] = {"size": 0}
    if part.get_content_type() == "message/rfc822":
        source = nested[0].as_bytes()
        body = {"attachmentId": attachment_id(place, source), "size": len(source)}
    return {**shown, "body": body, "parts": children}


def _body(part: Message, place: str, attachment_id: AttachmentId, inline: int) -> dict[str, Any]:
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    attached = part.get_content_disposition() == "attachment" or bool(part.get_filename())
    if attached and len(data) > inline:
        return {"attachmentId": attachment_id(place, data), "size": len(data)}
    if not attached and part.get_content_maintype() == "text":
        data = data.decode(part.get_content_charset() or "utf-8", "replace").encode()
    return {"size": len(data), "data": base64url(data)}


def _headers(part: Message) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in part.items()]
