"""Structure-aware damage, drawn by hypothesis: to a JSON tree, to the cells of a table, to what holds them, to bytes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

Path = tuple[Any, ...]
Row = list[str]

DEEP = "(nested a hundred thousand times)"
NESTED = b"[" * 100_000 + b"]" * 100_000
HUGE = "(a number of a hundred thousand digits)"
DIGITS = b"1" + b"0" * 100_000
HOSTILE = (
    "", " ", "\x00", "\ud800", "\udcff\ud83d", "\u202eкупить", "\u2067", "\ufeff", "\u2028", "\r\n", "<script>alert(1)</script>", "=1+1",
    "[/bold]", "[red]", "{{7*7}}", "%d0%ff", "%00", "NaN", "Infinity", "-0", "1e309", "9" * 400, "0x10", "٣٤", "１２", "½", "−5", "1,000",
    "1.000.000,5", "12 345", "1_000", "2026-02-30", "0000-00-00T00:00:00", "9999-12-31T23:59:59+14:00", "2026-01-01T00:00:00+99:99",
    "-0001-01-01", "20261122", "Mars/Phobos", "../../etc/passwd", "x" * 70_000, "\U0001f9d9\u200d\u2640\ufe0f", "a\u0301" * 50, "'; DROP TABLE x; --",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, float("inf"), float("nan"), [], {}, [None],
    {"": None}, [[]], {"id": {"id": []}}, HUGE, *HOSTILE,
)  # fmt: skip
ENCODINGS = ("cp1251", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r", "cp866", "utf-8-sig", "utf-7")
FOREIGN = (
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf0\x9f",
    b"\r",
    b"\t",
    b"\n\n",
    b'"',
    b"<",
    b"&#0;",
    b"&#xD800;",
    b"\\ud800",
    b"\x1b[2J",
)
HEADERS = (
    b"Content-Type: text/html; charset=utf-7", b'Content-Type: multipart/mixed; boundary=""', b"Content-Type: multipart/mixed",
    b"Content-Type: ;;;", b"Content-Type: text/html; charset*=utf-8''%ff", b"Content-Type: message/rfc822", b"Content-Type: text/plain; charset=rot13",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: x-uuencode", b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Disposition: attachment; filename*0*=utf-8''%d0; filename*2=x", b'Content-Disposition: attachment; filename="=?utf-8?b?////?="',
    b"Date: Thu, 99 Foo 99999 99:99:99 +9999", b"Date: ", b"Subject: =?utf-8?q?=FF?= =?x?y?z?=", b"Subject: \xff\xfe\x00", b"From: <<<>>>,,@",
    b'From: "a@b" <c@d>, e@f', b"Authentication-Results: (((", b"Received: " + b"x" * 5_000, b"X: " + b"=?utf-8?b?" * 300, b": no name", b"no colon",
)  # fmt: skip


def places(tree: Any, at: Path = ()) -> Iterator[Path]:
    """Every place of a JSON tree, the root excluded."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


@lru_cache(256)
def _places(raw: bytes) -> tuple[Path, ...]:
    return tuple(places(json.loads(raw)))


def one_of(draw: st.DrawFn, choices: Any) -> Any:
    """Cheaper than a strategy of its own for each collection."""
    return choices[draw(st.integers(0, len(choices) - 1))]


@st.composite
def json_bodies(draw: st.DrawFn, raw: bytes) -> bytes:
    """The tree with one to four of its places dropped, replaced, repeated or renamed; sometimes its bytes, too."""
    tree, all_places = json.loads(raw), _places(raw)
    for _ in range(draw(st.integers(1, 4)) if all_places else 0):
        *way, last = one_of(draw, all_places)
        holder = tree
        for key in way:
            holder = _inside(holder, key)
        if _inside(holder, last) is None:
            continue  # damaged away before, or null
        _damage(draw, holder, last)
    text = dumped(tree, escaped=draw(st.booleans()))
    return draw(broken_bytes(text)) if draw(st.integers(0, 5)) == 0 else text


def _inside(holder: Any, key: Any) -> Any:
    if isinstance(holder, dict):
        return holder.get(key)
    return holder[key] if isinstance(holder, list) and isinstance(key, int) and key < len(holder) else None


def _damage(draw: st.DrawFn, holder: Any, last: Any) -> None:
    act = one_of(draw, ("drop", "replace", "replace", "replace", "replace", "repeat", "rename", "deep"))
    if act == "drop":
        del holder[last]
    elif act == "repeat" and isinstance(holder, list):
        holder.extend([holder[last]] * one_of(draw, (1, 50)))
    elif act == "rename" and isinstance(holder, dict):
        holder[one_of(draw, HOSTILE)[:50]] = holder.pop(last)
    elif act == "deep":
        holder[last] = DEEP if draw(st.integers(0, 9)) == 0 else {"a": [{"b": {"c": [holder[last]]}}]}
    else:
        holder[last] = deepcopy(one_of(draw, OTHERS))  # it may be damaged itself, by the next act


def dumped(tree: Any, *, escaped: bool = False) -> bytes:
    """The tree as JSON; a lone surrogate comes as its escape, or as bytes that are no UTF-8."""
    text = json.dumps(tree, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    return text.replace(f'"{DEEP}"'.encode(), NESTED).replace(f'"{HUGE}"'.encode(), DIGITS)


@st.composite
def broken_bytes(draw: st.DrawFn, body: bytes) -> bytes:
    """The bytes cut, flipped, re-encoded, repeated, or with foreign bytes between them."""
    act = one_of(draw, ("cut", "flip", "insert", "encode", "repeat", "swap"))
    at = draw(st.integers(0, max(0, len(body) - 1)))
    if act == "cut":
        return body[:at]
    if act == "flip" and body:
        return body[:at] + bytes([body[at] ^ draw(st.integers(1, 255))]) + body[at + 1 :]
    if act == "insert":
        return body[:at] + one_of(draw, FOREIGN) + body[at:]
    if act == "encode":
        return body.decode("utf-8", "replace").encode(one_of(draw, ENCODINGS), "replace")
    if act == "repeat":
        return body * one_of(draw, (2, 7))
    end = draw(st.integers(at, len(body)))
    return body[end:] + body[at:end] + body[:at]


@st.composite
def tables(draw: st.DrawFn, rows: list[Row], written: Callable[[list[Row]], bytes]) -> bytes:
    """The table with cells replaced, rows and columns dropped, repeated or moved; sometimes its bytes, too."""
    made = [list(row) for row in rows]
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(made) - 1))
        cell = draw(st.integers(0, max(0, len(made[at]) - 1)))
        act = one_of(draw, ("cell", "cell", "cell", "row", "again", "column", "short", "move"))
        if act == "cell" and made[at]:
            made[at][cell] = str(one_of(draw, OTHERS))
        elif act == "row" and len(made) > 1:
            del made[at]
        elif act == "again":
            made.insert(draw(st.integers(0, len(made))), list(made[at]))
        elif act == "column":
            for row in made:
                row[cell : cell + 1] = []
        elif act == "short":
            made[at] = made[at][:cell]
        else:
            made.insert(draw(st.integers(0, len(made) - 1)), made.pop(at))
    try:
        text = written(made)
    except ValueError:  # no lone surrogate is written as XML
        text = written(rows)
    return draw(broken_bytes(text)) if draw(st.integers(0, 4)) == 0 else text


_TEXT = re.compile(rb'>([^<]{0,200})<|="([^"]{0,200})"')


@st.composite
def packages(draw: st.DrawFn, body: bytes) -> bytes:
    """A zip whose members lost, gained or changed something: a text or an attribute of the XML in one of them."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        members = [(info.filename, package.read(info)) for info in package.infolist()]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(members) - 1))
        name, content = members[at]
        act = one_of(draw, ("text", "text", "text", "drop", "again", "name", "bytes"))
        found = list(_TEXT.finditer(content))
        if act == "text" and found:
            match = one_of(draw, found)
            start, end = match.span(1 if match[1] is not None else 2)
            new = str(one_of(draw, OTHERS)).encode("utf-8", "surrogatepass")
            members[at] = (name, content[:start] + new + content[end:])
        elif act == "drop" and len(members) > 1:
            del members[at]
        elif act == "again":
            members.append((f"{at}/{name}", content))
        elif act == "name":
            members[at] = (one_of(draw, ("", "../x", "a\\b", "/etc/passwd", "x.csv", "\udcff.xlsx")), content)
        else:
            members[at] = (name, draw(broken_bytes(content)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in members:
            package.writestr(zipfile.ZipInfo(name.encode("utf-8", "replace").decode() or "x"), content)
    return out.getvalue()


@st.composite
def mails(draw: st.DrawFn, body: bytes) -> bytes:
    """A mail's source with header lines dropped, repeated, moved or made hostile, boundaries lost or doubled."""
    lines = body.split(b"\n")
    marks = [at for at, line in enumerate(lines) if b": " in line[:40] or line.startswith(b"--")] or [0]
    for _ in range(draw(st.integers(1, 4))):
        at = min(one_of(draw, marks), len(lines) - 1)
        act = one_of(draw, ("header", "header", "drop", "again", "blank", "fold"))
        if act == "drop" and len(lines) > 1:
            del lines[at]
        elif act == "again":
            lines.insert(draw(st.integers(0, len(lines))), lines[at])
        elif act == "blank":
            lines.insert(at, b"")
        elif act == "fold":
            lines[at] = lines[at] + b"\n " * 40
        else:
            lines.insert(at, one_of(draw, HEADERS)) if draw(st.booleans()) else lines.__setitem__(
                at, one_of(draw, HEADERS)
            )
    text = b"\n".join(lines)
    return draw(broken_bytes(text)) if draw(st.integers(0, 4)) == 0 else text
