"""The formula language of the dashboard specification: a small subset of DataLens' own, parsed into a tree.

    IF(SUM([spend_rub]) > 0, SUM([organiser_income_rub]) / SUM([spend_rub]), NULL)

Columns stand in brackets by their name in the view. A bracketed name outside SUM, MIN and MAX is another formula.
Belongs here: text to tree and questions about a tree. Does not: writing it out in a language (`dialects`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from zakaz_dagster.errors import Fatal

AGGREGATES = ("SUM", "MIN", "MAX")
TRUNCATIONS = ("week", "month")
ARGUMENTS = {"SUM": 1, "MIN": 1, "MAX": 1, "IF": 3, "ROUND": 2, "DATETRUNC": 2}
BINDING = {"<": 1, "<=": 1, ">": 1, ">=": 1, "=": 1, "!=": 1, "+": 2, "-": 2, "*": 3, "/": 3}
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<field>\[[a-z_][a-z0-9_]*\])|(?P<text>\"[^\"'\\]*\")"
    r"|(?P<word>[A-Z]+)|(?P<sign><=|>=|!=|[-+*/<>=(),]))"
)


@dataclass(frozen=True)
class Number:
    value: str


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Null:
    pass


@dataclass(frozen=True)
class Name:
    """A bracketed name: a column inside an aggregate or a truncation, another formula elsewhere."""

    name: str


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    sign: str
    left: Node
    right: Node


Node = Number | Text | Null | Name | Call | Operation


def parse(text: str) -> Node:
    """The tree of a formula; anything outside the subset is refused with the place where it stands."""
    return _Parser(text).whole()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    below = node.arguments if isinstance(node, Call) else ()
    for child in (node.left, node.right) if isinstance(node, Operation) else below:
        yield from walk(child)


def is_measure(node: Node) -> bool:
    """True when the formula aggregates; a truncated date is a dimension."""
    return not any(isinstance(part, Call) and part.function == "DATETRUNC" for part in walk(node))


def columns(node: Node) -> dict[str, set[str]]:
    """Which columns the formula reads, each with the aggregates it is read through ('' for a truncation)."""
    found: dict[str, set[str]] = {}
    for part in walk(node):
        if (
            isinstance(part, Call)
            and isinstance(part.arguments[0], Name)
            and part.function in (*AGGREGATES, "DATETRUNC")
        ):
            through = part.function if part.function in AGGREGATES else ""
            found.setdefault(part.arguments[0].name, set()).add(through)
    return found


def expanded(node: Node, others: Mapping[str, Node], seen: tuple[str, ...] = ()) -> Node:
    """The formula with every reference to another one replaced by that one's tree."""
    if isinstance(node, Name):
        if node.name not in others or node.name in seen:
            what = (
                "refers to itself" if node.name in seen else "is no formula; a column needs SUM, MIN or MAX around it"
            )
            raise Fatal(f"[{node.name}] {what}", source="dashboard")
        return expanded(others[node.name], others, (*seen, node.name))
    if isinstance(node, Operation):
        return Operation(node.sign, expanded(node.left, others, seen), expanded(node.right, others, seen))
    if isinstance(node, Call) and node.function not in (*AGGREGATES, "DATETRUNC"):
        return Call(node.function, tuple(expanded(part, others, seen) for part in node.arguments))
    return node


class _Parser:
    """Precedence climbing over the tokens of one formula."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                self.refuse(f"unexpected {text[at:].strip()[:12]!r}")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        self.at = 0

    def refuse(self, what: str) -> NoReturn:
        raise Fatal(f"{what} in formula {self.text!r}", source="dashboard", expected="numbers, [columns], functions")

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, sign: str = "") -> tuple[str, str]:
        token = self.peek()
        if sign and token != ("sign", sign):
            self.refuse(f"{token[1] or 'the end'!r} where {sign!r} belongs")
        self.at += 1
        return token

    def whole(self) -> Node:
        node = self.expression(0)
        if self.peek()[0] != "end":
            self.refuse(f"{self.peek()[1]!r} after the end")
        return node

    def expression(self, least: int) -> Node:
        left = self.operand()
        while self.peek()[0] == "sign" and BINDING.get(self.peek()[1], -1) >= max(least, 1):
            sign = self.take()[1]
            left = Operation(sign, left, self.expression(BINDING[sign] + 1))
        return left

    def operand(self) -> Node:
        kind, value = self.take()
        if kind == "number":
            return Number(value)
        if kind == "text":
            return Text(value[1:-1])
        if kind == "field":
            return Name(value[1:-1])
        if kind == "word":
            return Null() if value == "NULL" else self.call(value)
        if (kind, value) != ("sign", "("):
            self.refuse(f"{value or 'the end'!r} where a value belongs")
        inner = self.expression(0)
        self.take(")")
        return inner

    def call(self, function: str) -> Node:
        if function not in ARGUMENTS:
            self.refuse(f"unknown function {function}")
        self.take("(")
        arguments = [self.expression(0)]
        while self.peek() == ("sign", ","):
            self.take()
            arguments.append(self.expression(0))
        self.take(")")
        if len(arguments) != ARGUMENTS[function]:
            self.refuse(f"{function} takes {ARGUMENTS[function]} arguments, not {len(arguments)}")
        self.check(function, arguments)
        return Call(function, tuple(arguments))

    def check(self, function: str, arguments: list[Node]) -> None:
        if function in (*AGGREGATES, "DATETRUNC") and not isinstance(arguments[0], Name):
            self.refuse(f"{function} of something that is not a column")
        if function == "DATETRUNC" and arguments[1] not in [Text(unit) for unit in TRUNCATIONS]:
            self.refuse(f"DATETRUNC to something other than {' or '.join(TRUNCATIONS)}")
        if function == "ROUND" and not isinstance(arguments[1], Number):
            self.refuse("ROUND to something that is not a number of digits")
