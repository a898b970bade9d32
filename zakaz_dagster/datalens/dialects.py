"""A formula written out: for DataLens, for ClickHouse, for the preview's script. Division by zero is NULL in all three.

Belongs here: one function per language, which agree. Does not: parsing (`formulas`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from zakaz_dagster.datalens.formulas import AGGREGATES, Call, Name, Node, Null, Number, Operation, Text

Json: TypeAlias = list["str | float | Json"]
Write: TypeAlias = Callable[[Node], str]
STARTS = {"week": "toStartOfWeek({}, 1)", "month": "toStartOfMonth({})"}


def datalens(node: Node, title: Callable[[str], str]) -> str:
    """As DataLens reads it: fields by title, and every division guarded, because there it would give infinity."""

    def write(part: Node) -> str:
        match part:
            case Name(name):
                return f"[{title(name)}]"
            case Operation("/", left, right):
                return f"IF({write(right)} != 0, {write(left)} / {write(right)}, NULL)"
            case Operation(sign, left, right):
                return f"({write(left)} {sign} {write(right)})"
            case Call(function, arguments):
                return f"{function}({', '.join(map(write, arguments))})"
            case Number() | Text() | Null():
                return _constant(part, '"')

    return write(node)


def clickhouse(node: Node, table: str = "t1") -> str:
    """As ClickHouse reads it; the formula is expanded, so that every name is a column of `table`."""

    def write(part: Node) -> str:
        match part:
            case Name(name):
                return f"{table}.{name}"
            case Operation("/", left, right):
                return f"({write(left)} / nullIf({write(right)}, 0))"
            case Operation(sign, left, right):
                return f"({write(left)} {sign} {write(right)})"
            case Call(function, arguments):
                return _call(function, arguments, write)
            case Number() | Text() | Null():
                return _constant(part, "'")

    return write(node)


def script(node: Node) -> Json:
    """As nested lists for the preview's script, which has an evaluator and no `eval`."""
    match node:
        case Name(name):
            return ["name", name]
        case Operation(sign, left, right):
            return [sign, script(left), script(right)]
        case Call(function, (Name(name), *_)) if function in AGGREGATES:
            return [function.lower(), name]
        case Call(function, arguments):
            return [function.lower(), *map(script, arguments)]
        case Number(value):
            return ["number", float(value)]
        case Text() | Null():
            return ["text", node.value] if isinstance(node, Text) else ["null"]


def _constant(node: Number | Text | Null, quote: str) -> str:
    match node:
        case Number(value):
            return value
        case Text(value):
            return f"{quote}{value}{quote}"
        case Null():
            return "NULL"


def _call(function: str, arguments: Sequence[Node], write: Write) -> str:
    match function, arguments:
        case "DATETRUNC", (column, Text(unit)):
            return STARTS[unit].format(write(column))
        case _:
            return f"{function.lower()}({', '.join(map(write, arguments))})"
