"""Looking for values in whatever was written: plain, escaped, encoded, packed.

Belongs here: the forms of a value and the unpacking of files. It shares nothing with `redaction`, whose work it proves.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_plus

LONGEST_DIGITS = 12  # fewer digits in hexadecimal meet other numbers


@lru_cache(1000)
def forms(value: str) -> frozenset[bytes]:
    """How programs write a value; in small letters, as the places are searched."""
    texts = {
        value,
        json.dumps(value)[1:-1],
        repr(value.encode())[2:-1],
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
    }
    for _ in range(2):  # JSON within JSON, with or without a backslash before each slash
        texts |= {json.dumps(text)[1:-1] for text in texts}
        texts |= {text.replace("/", "\\/") for text in texts}
    raw = value.encode()
    if len(raw) * 2 > LONGEST_DIGITS:
        texts.add(raw.hex())
        texts |= {_core(raw, shift) for shift in range(3)}
    texts |= {text.replace("+", "-").replace("/", "_") for text in texts if text != value}
    return frozenset(text.lower().encode() for text in texts)


def _core(raw: bytes, shift: int) -> str:
    """The characters of the base64 of any text around these bytes that depend on them alone."""
    first = -(-8 * shift // 6)
    return base64.b64encode(b"\0" * shift + raw).decode()[first : 8 * (shift + len(raw)) // 6]


def found(content: bytes, values: Iterable[str]) -> list[str]:
    """Those of the values that stand in the content in any form and any letters."""
    lowered = content.decode("utf-8", "replace").lower().encode()
    return [value for value in values if any(form in lowered for form in forms(value))]


def around(content: bytes, value: str) -> str:
    """The first place of a value with what stands before and after it."""
    lowered = content.decode("utf-8", "replace").lower().encode()
    at = min(place for form in forms(value) if (place := lowered.find(form)) >= 0)
    return lowered[max(at - 200, 0) : at + 100].decode("utf-8", "replace")


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below, by its path; what is packed is unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield from unpacked(str(path.relative_to(folder)), path.read_bytes())


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The content itself, and what it holds where it is an archive or a mail."""
    yield name, content
    if name.endswith(".tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar.getmembers():
                if inner := tar.extractfile(member):
                    yield f"{name}!{member.name}", inner.read()
    elif name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inside in archive.namelist():
                yield from unpacked(f"{name}!{inside}", archive.read(inside))
    elif name.endswith(".gz"):
        yield f"{name}!", gzip.decompress(content)
    elif name.endswith(".eml"):
        for part in message_from_bytes(content, policy=policy.default).walk():
            if not part.is_multipart():
                yield f"{name}!{part.get_content_type()}", bytes(part.get_payload(decode=True) or b"")
