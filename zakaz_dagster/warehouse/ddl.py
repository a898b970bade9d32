"""CREATE statements taken apart: columns with types and comments, clauses, the SELECT of a view.

Works on token level, so the same parser reads our files and what the server prints, and the two can be compared.
Belongs here: text to structure. Does not: comparing (`drift`), the meaning of a SELECT (`lineage`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import sqlglot
from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]  # public, re-exported without __all__

from zakaz_dagster.errors import Fatal

AFTER_TYPE = {"COMMENT", "CODEC", "DEFAULT", "MATERIALIZED", "ALIAS", "TTL", "EPHEMERAL"}
BESIDE_COLUMNS = {"INDEX", "PROJECTION", "CONSTRAINT"}
# Words (one token each) that open a clause behind the columns.
CLAUSES = (
    "ENGINE",
    "PARTITION BY",
    "PRIMARY KEY",
    "ORDER BY",
    "SAMPLE BY",
    "TTL",
    "SETTINGS",
    "COMMENT",
    "DEFINER",
    "SQL SECURITY",
)


@dataclass(frozen=True)
class Column:
    """One column; `type` is in one canonical spelling, `extras` is what else stands there (CODEC, DEFAULT)."""

    name: str
    type: str
    comment: str = ""
    extras: str = ""


@dataclass(frozen=True)
class Ddl:
    """A CREATE TABLE or VIEW; `clauses` are canonical text by name (indices and the like too: `INDEX by_day`),
    `select` is the view's query as written.
    """

    name: str
    is_view: bool
    columns: tuple[Column, ...]
    clauses: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    select: str = ""


@lru_cache(maxsize=512)
def parse(sql: str) -> Ddl:
    """The structure of one CREATE TABLE or CREATE VIEW statement; kept, as the same are compared again and again."""
    tokens = sqlglot.tokenize(sql, dialect="clickhouse")
    kind = next((token.text.upper() for token in tokens[:6] if token.text.upper() in ("TABLE", "VIEW")), "")
    if not tokens or tokens[0].text.upper() != "CREATE" or not kind:
        raise Fatal("not a CREATE TABLE or CREATE VIEW statement", source="sql", expected="one such statement")
    name_at = _after_name(tokens)
    name = tokens[name_at].text
    rest = tokens[name_at + 1 :]
    columns: tuple[Column, ...] = ()
    others: dict[str, str] = {}
    opening = next((at for at, token in enumerate(rest) if token.token_type is TokenType.L_PAREN), None)
    as_at = next((at for at, token in enumerate(rest) if token.text.upper() == "AS"), len(rest))
    if opening is not None and opening < as_at and _is_column_list(rest, opening):
        closing = _closing(rest, opening)
        parts = list(_split(rest[opening + 1 : closing]))
        columns = tuple(_column(part) for part in parts if part[0].text.upper() not in BESIDE_COLUMNS)
        beside = [part for part in parts if part[0].text.upper() in BESIDE_COLUMNS]
        others = {f"{part[0].text.upper()} {part[1].text}": _tight(_text(part[2:])) for part in beside}
        rest = rest[closing + 1 :]
    select = ""
    comment = ""
    if kind == "VIEW":
        rest, select, comment = _view_tail(sql, rest)
    clauses = _clauses(rest) | others
    comment = clauses.pop("COMMENT", "") or comment
    return Ddl(name, kind == "VIEW", columns, clauses, comment, select)


@lru_cache(maxsize=512)
def canonical(sql: str) -> str:
    """One spelling of a piece of SQL: single spaces, unquoted names, no comments."""
    return _text(sqlglot.tokenize(sql, dialect="clickhouse"))


def without_database(sql: str, database: str) -> str:
    """Canonical text without the qualifier that the server puts before the names in a view."""
    tokens = sqlglot.tokenize(sql, dialect="clickhouse")
    kept: list[Token] = []
    skip = False
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if skip:
            skip = False
        elif token.text == database and following is not None and following.token_type is TokenType.DOT:
            skip = True
        else:
            kept.append(token)
    return _text(kept)


def _after_name(tokens: Sequence[Token]) -> int:
    """The index of the object's own name (a database before it, and ON CLUSTER after it, are passed over)."""
    at = next(at for at, token in enumerate(tokens) if token.text.upper() in ("TABLE", "VIEW")) + 1
    while tokens[at].text.upper() in ("IF", "NOT", "EXISTS"):
        at += 1
    while at + 2 < len(tokens) and tokens[at + 1].token_type is TokenType.DOT:
        at += 2
    return at


def _is_column_list(rest: Sequence[Token], opening: int) -> bool:
    """The first parenthesis is the column list unless a clause came before it."""
    return all(token.text.upper() not in ("ENGINE", "DEFINER", "COMMENT", "SETTINGS") for token in rest[:opening])


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += _step(tokens[at])
        if depth == 0:
            return at
    raise Fatal("a parenthesis is not closed", source="sql", expected="a complete CREATE statement")


def _step(token: Token) -> int:
    return {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    part: list[Token] = []
    depth = 0
    for token in tokens:
        depth += _step(token)
        if token.token_type is TokenType.COMMA and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _column(tokens: list[Token]) -> Column:
    depth, end = 0, len(tokens)
    for at, token in enumerate(tokens[1:], 1):
        if depth == 0 and token.text.upper() in AFTER_TYPE:
            end = at
            break
        depth += _step(token)
    rest, comment = tokens[end:], ""
    for at, token in enumerate(rest[:-1]):
        if token.text.upper() == "COMMENT" and rest[at + 1].token_type is TokenType.STRING:
            comment = rest[at + 1].text
            rest = [*rest[:at], *rest[at + 2 :]]
            break
    return Column(tokens[0].text, _tight(_text(tokens[1:end])), comment, _tight(_text(rest)))


def _view_tail(sql: str, rest: Sequence[Token]) -> tuple[list[Token], str, str]:
    """What stands before AS, the query's text after it without its parentheses, and a comment behind the query."""
    at = next((at for at, token in enumerate(rest) if token.text.upper() == "AS"), None)
    if at is None:
        raise Fatal("a view without AS", source="sql", expected="CREATE OR REPLACE VIEW … AS SELECT …")
    query = list(rest[at + 1 :])
    comment = ""
    if len(query) > 1 and query[-2].text.upper() == "COMMENT" and query[-1].token_type is TokenType.STRING:
        comment = query[-1].text
        query = query[:-2]
    if query and query[0].token_type is TokenType.L_PAREN and _closing(query, 0) == len(query) - 1:
        query = query[1:-1]
    return list(rest[:at]), sql[query[0].start : query[-1].end + 1], comment


def _clauses(tokens: Sequence[Token]) -> dict[str, str]:
    found: dict[str, str] = {}
    starts = [(at, clause) for at in range(len(tokens)) if (clause := _clause_at(tokens, at))]
    ends = [*(at for at, _ in starts[1:]), len(tokens)]
    for (at, clause), end in zip(starts, ends, strict=False):
        body = tokens[at + 1 : end]
        found[clause] = body[0].text if clause == "COMMENT" else _tight(_text(body).removeprefix("= "))
    return found


def _clause_at(tokens: Sequence[Token], at: int) -> str:
    if sum(_step(token) for token in tokens[:at]):
        return ""
    word = tokens[at].text.upper()
    if word == "DEFINER" and at and tokens[at - 1].text.upper() == "SQL SECURITY":
        return ""  # the value of SQL SECURITY, not the clause of that name
    return word if word in CLAUSES else ""


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(f"'{token.text}'" if token.token_type is TokenType.STRING else token.text for token in tokens)


def _tight(text: str) -> str:
    """`Decimal ( 18 , 2 )` as people write it."""
    return text.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(" ,", ",")
