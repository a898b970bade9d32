"""Bytes of a mail to text: strict UTF-8, then a byte-order mark, then what was declared, then CP1251.

Never CP1251 first: UTF-8 bytes decode "successfully" as CP1251. A declared character set may be wrong, so these are
candidates: the reader takes the first in which it recognises a header.
Belongs here: the order. Does not: recognising tables.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from zakaz_dagster.sources.gmail.limits import Refused

META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]{2,40})""", re.IGNORECASE)
HEAD = 4096
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
    for encoding in _encodings(data, declared):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
        if not _BINARY.search(text) and all(text != other.text for other in found):
            found.append(Text(text, encoding))
        if encoding.startswith("utf"):
            break
    if not found:
        raise Refused(f"undecodable: neither UTF-8, {declared or 'a declared encoding'} nor CP1251, or not text at all")
    return found


def _encodings(data: bytes, declared: str) -> Iterator[str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            yield encoding
            return
    yield from ("utf-8", *_named(declared))
    meta = META.search(data[:HEAD])
    if meta:
        yield from _named(meta[1].decode("ascii", "ignore"))
    yield from ("cp1251", "koi8-r", "cp866")


def _named(name: str) -> Iterator[str]:
    """A declared text encoding; codecs that are not character sets (zip, rot13) and UTF-16 without a mark are not."""
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name if name else ""
    except (LookupError, ValueError):
        return
    if found and not found.startswith("utf-16") and getattr(codecs.lookup(found), "_is_text_encoding", True):
        yield found
