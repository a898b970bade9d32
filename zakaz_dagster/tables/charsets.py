"""Bytes to text: a byte-order mark, else UTF-8, else what was declared, else CP1251, KOI8-R, CP866.

Never CP1251 first: UTF-8 bytes decode "successfully" as CP1251. A declared character set may be wrong, so these are
candidates: the reader takes the one in which it recognises most. A few broken bytes in UTF-8 or UTF-16 become
U+FFFD, and cost the lines in which they stand.
Belongs here: the order. Does not: recognising tables.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from zakaz_dagster.tables.limits import Refused

BROKEN = "\ufffd"
META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]{2,40})""", re.IGNORECASE)
HEAD = 4096
SOUND_PER_BROKEN = 10  # so many letters beyond ASCII must be right for each broken byte, or it is no UTF-8
ZEROS = 40  # one byte of so many, at least, is such a zero
# Bytes that no text has: what is left of them after decoding means a binary file.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Text:
    """A reading of the bytes, and the encoding that gave it."""

    text: str
    encoding: str


def readings(data: bytes, declared: str = "") -> list[Text]:
    """Every reading of the bytes worth trying, the likeliest first; refused when they are no text."""
    if not data.strip(b"\x00 \r\n\t"):
        return [Text("", "utf-8")]
    found: list[Text] = []
    for encoding, strict in _encodings(data, declared):
        try:
            text = data.decode(encoding, "strict" if strict else "replace")
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
        if _BINARY.search(text) or not (strict or _is_sound(text)) or any(text == other.text for other in found):
            continue
        found.append(Text(text, encoding))
        if strict and encoding.startswith("utf"):
            break
    if not found:
        raise Refused(f"undecodable: neither UTF-8, {declared or 'a declared encoding'} nor CP1251, or not text at all")
    return found


def _is_sound(text: str) -> bool:
    broken = text.count(BROKEN)
    letters = sum(not sign.isascii() for sign in text) - broken
    return letters >= broken * SOUND_PER_BROKEN


def _encodings(data: bytes, declared: str) -> Iterator[tuple[str, bool]]:
    """(encoding, whether every byte must be right)."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            yield from ((encoding, True), (encoding, False))
            return
    without_mark = _utf16(data[:HEAD])
    if without_mark:
        yield from ((without_mark, True), (without_mark, False))
    yield from (("utf-8", True), ("utf-8", False))
    meta = META.search(data[:HEAD])
    for name in (declared, meta[1].decode("ascii", "ignore") if meta else ""):
        yield from ((found, True) for found in _named(name))
    yield from ((encoding, True) for encoding in ("cp1251", "koi8-r", "cp866"))


def _utf16(head: bytes) -> str:
    """UTF-16 whose mark was lost: every ASCII character, a separator at least, has a zero byte beside it."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * ZEROS < len(head) or min(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _named(name: str) -> Iterator[str]:
    """A declared text encoding; codecs that are not character sets (zip, rot13) and UTF-16 without a mark are not."""
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name if name else ""
    except (LookupError, ValueError):
        return
    if found and not found.startswith("utf-16") and getattr(codecs.lookup(found), "_is_text_encoding", True):
        yield found
