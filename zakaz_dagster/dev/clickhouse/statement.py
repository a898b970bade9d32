"""Where a query ends, where the data of an INSERT begins, and which FORMAT was asked.

Belongs here: ClickHouse's tokens and just enough grammar to split a request. Does not: judging whether SQL is right;
the engine parses everything again.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from zakaz_dagster.dev.clickhouse.errors import INTO_OUTFILE_NOT_ALLOWED, NOT_IMPLEMENTED, SYNTAX_ERROR, ClickHouseError

_TOKEN = re.compile(
    rb"""
      (?P<skip>\s+ | --[^\n]* | \#[\ !][^\n]* | /\*.*?\*/)
    | (?P<quoted>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<other>[0-9][0-9A-Za-z_.]* | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x(?P<code>[0-9a-fA-F]{2})|(?P<letter>.))", re.DOTALL)
_READS = frozenset({b"SELECT", b"WITH", b"FROM", b"("})
_SELECTS = frozenset({b"SELECT", b"WITH", b"FROM"})
# What may stand between the target of an INSERT and its data; anything else is already data.
_CLAUSES = frozenset({b"(", b"SETTINGS", b"PARTITION"})
# After the name of a format, data begins behind blanks, an optional semicolon and at most one line end.
_GAP = re.compile(rb"[ \t\f]*;?[ \t\f]*\r?\n?")


class Kind(Enum):
    READ = "a query of any size"
    INSERT = "data follows the statement"
    OTHER = "neither; what it answers is short"


@dataclass(frozen=True, slots=True)
class Token:
    """A token outside of brackets. `word` is upper case; quoted text has none; a bracket is the token `(`."""

    word: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A request taken apart: `sql` is without FORMAT, `whole` with it, `data_at` where an INSERT's data begins."""

    kind: Kind
    first: str
    sql: str
    whole: str
    format: str = ""
    data_at: int = 0


_END = Token(b"", 0, 0)


def tokens(text: bytes) -> Iterator[Token]:
    """Tokens outside of brackets, lazily: nothing behind an INSERT's FORMAT is ever looked at."""
    depth = 0
    for match in _TOKEN.finditer(text):
        kind, raw = match.lastgroup, match.group()
        if kind in ("skip", "tag"):
            continue
        if raw in (b")", b"]", b"}"):
            depth -= 1
            continue
        opening = raw in (b"(", b"[", b"{")
        if depth <= 0:
            yield Token(b"" if kind == "quoted" else raw.upper(), match.start(), match.end())
        depth += opening


def lexemes(sql: str) -> Iterator[tuple[str, str]]:
    """Every token at any depth as (kind, text): "name" without its quotes, "string" likewise, "other"."""
    for match in _TOKEN.finditer(sql.encode()):
        kind, raw = match.lastgroup, match.group().decode("utf-8", "replace")
        if kind == "word":
            yield "name", raw
        elif kind == "tag" or (kind == "quoted" and raw[0] in "'$"):
            yield "string", _unescaped(raw[1:-1])
        elif kind == "quoted":
            yield "name", _unescaped(raw[1:-1])
        elif kind == "other":
            yield "other", raw


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found["code"], 16)) if found["code"] else found["letter"], text)


def parse(text: bytes) -> Statement:
    """Split `text`, which is all there is."""
    return parse_insert(text) or _without_data(text, list(tokens(text)))


def parse_insert(text: bytes) -> Statement | None:
    """The INSERT that `text` begins with, if its data is in the request; `text` may end anywhere behind its head."""
    stream = tokens(text)
    first = next(stream, None)
    if first is None or first.word != b"INSERT":
        return None
    behind = _behind_target(stream)
    if behind is None:
        return _with_data(text, len(text), len(text), b"")
    if behind.word not in _SELECTS | _CLAUSES | {b"FORMAT", b"VALUES", b";"}:
        return _with_data(text, behind.start, behind.start, b"")
    return _clauses(text, itertools.chain([behind], stream, [_END]))


def _clauses(text: bytes, clauses: Iterator[Token]) -> Statement | None:
    for token, following in itertools.pairwise(clauses):
        if token.word in _SELECTS or _opens_select(text, token):
            return None
        if token.word == b"VALUES":
            return _with_data(text, token.start, token.end, b"Values")
        if token.word == b"FORMAT" and following.word.isalnum():
            gap = _GAP.match(text, following.end)
            name = text[following.start : following.end]
            return _with_data(text, token.start, gap.end() if gap else following.end, name)
    return _with_data(text, len(text.rstrip(b"; \t\r\n")), len(text), b"")


def _refuse_input(text: bytes) -> None:
    """The engine takes `INSERT ... SELECT ... FROM input(...)` with data and inserts nothing, without a word."""
    words = [match.group() for match in _TOKEN.finditer(text) if match.lastgroup in ("word", "other")]
    for before, word in itertools.pairwise(words):
        if word == b"(" and before.lower() == b"input":
            raise ClickHouseError.refuse(
                NOT_IMPLEMENTED,
                "input() is not supported by the embedded engine; insert into a table and select from it",
            )


def _behind_target(stream: Iterator[Token]) -> Token | None:
    """Skip `INTO [TABLE] [FUNCTION] name[.name]` or a function call; the first token behind it."""
    token = next(stream, None)
    while token is not None and token.word in (b"INTO", b"TABLE"):
        token = next(stream, None)
    function = token is not None and token.word == b"FUNCTION"
    if function:
        next(stream, None)
        next(stream, None)
        return next(stream, None)
    token = next(stream, None)
    while token is not None and token.word == b".":
        next(stream, None)
        token = next(stream, None)
    return token


def _opens_select(text: bytes, token: Token) -> bool:
    inner = next(tokens(text[token.end :]), None) if token.word == b"(" else None
    return inner is not None and inner.word in _SELECTS


def _with_data(text: bytes, sql_end: int, data_at: int, name: bytes) -> Statement:
    sql = _decoded(text[:sql_end])
    return Statement(Kind.INSERT, "INSERT", sql, sql, name.decode("ascii"), data_at)


def _without_data(text: bytes, found: list[Token]) -> Statement:
    while found and found[-1].word == b";":
        text = text[: found.pop().start]
    if not found:
        raise ClickHouseError.refuse(SYNTAX_ERROR, "Syntax error: failed at position 1 (end of query): Empty query")
    _refuse_foreign(found)
    if found[0].word == b"INSERT":
        _refuse_input(text)
    first, whole = found[0].word, _decoded(text)
    sql, name = _format_cut_out(text, found)
    reads = first in _READS and not any(token.word == b"INSERT" for token in found)
    return Statement(
        kind=Kind.READ if reads else Kind.OTHER,
        first=first.decode("latin-1"),
        sql=_decoded(sql),
        whole=whole,
        format=name.decode("latin-1"),
    )


def _refuse_foreign(found: list[Token]) -> None:
    """What a server does not do over HTTP, or the engine does wrong."""
    words = [token.word for token in found]
    if b";" in words:
        raise ClickHouseError.refuse(SYNTAX_ERROR, "Syntax error: multi-statements are not allowed")
    for before, word in itertools.pairwise(words):
        if (before, word) in ((b"INTO", b"OUTFILE"), (b"FROM", b"INFILE")):
            raise ClickHouseError.refuse(
                INTO_OUTFILE_NOT_ALLOWED, f"{before.decode()} {word.decode()} is a client's clause, not a server's"
            )


def _format_cut_out(text: bytes, found: list[Token]) -> tuple[bytes, bytes]:
    """The query without its closing `FORMAT name`, and the name; SETTINGS may stand behind it."""
    for index in range(len(found) - 2, 0, -1):
        closing = index + 2 == len(found) or found[index + 2].word == b"SETTINGS"
        name = found[index + 1]
        if found[index].word == b"FORMAT" and name.word.isalnum() and closing:
            return text[: found[index].start] + text[name.end :], text[name.start : name.end]
    return text, b""


def _decoded(sql: bytes) -> str:
    if b"\0" in sql:
        raise ClickHouseError.refuse(SYNTAX_ERROR, "Syntax error: the query contains a NUL byte")
    try:
        return sql.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ClickHouseError.refuse(
            SYNTAX_ERROR, f"Syntax error: the query is not UTF-8 at byte {error.start}; only data may be binary"
        ) from error
