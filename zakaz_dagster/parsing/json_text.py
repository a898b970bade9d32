"""JSON as vendors send it: whether a body is one, and what can be read of it where a text in it is broken.

Bytes that are no UTF-8 and lone surrogates stand in names; they cost a character and never the body. A mark before the
body is none of it.
Belongs here: bodies. Does not: shapes (`sources.base`), what is done about a body that is none.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

# Whatever the text is: another shape, wrong UTF-8, nested too deep, a number out of range.
UNDECODABLE = (msgspec.DecodeError, ValueError, RecursionError, OverflowError)


BROKEN = "\ufffd"


def is_json(body: bytes) -> bool:
    """Whether the body is one whole JSON value; one that is nested too deep is for its reader to refuse."""
    return _is_read(body) or mended(body) is not body


def mended(body: bytes) -> bytes:
    """The body with what no text can hold replaced, if it is JSON at all; `NaN` and `Infinity` are no values."""
    text = body.decode("utf-8-sig", "replace")
    if _is_read(body) and (BROKEN not in text or text.encode() == body):
        return body
    try:
        found = json.loads(text, parse_constant=lambda _: None)
        return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):  # no JSON at all: whoever decodes it says so
        return body


def anything_in(body: bytes) -> Any:
    """What the body holds; None when it is no JSON."""
    try:
        return msgspec.json.decode(mended(body))
    except UNDECODABLE:
        return None


def _is_read(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)  # walks the text, makes nothing of it
    except (msgspec.DecodeError, ValueError):
        return False
    except RecursionError:
        return True
    return True
