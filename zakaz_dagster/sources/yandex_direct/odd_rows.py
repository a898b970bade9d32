"""Rows of a report that cannot be read: found one by one, only once it is known that there are some.

A TAB or a line break in a name makes other cells than there are columns; a cell may hold something else than its
column's type. Such a row is put aside. A broken character or a carriage return in a name is repaired: it is no figure.
Belongs here: telling such rows from the others. Does not: typing the others (`tsv`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from tempfile import SpooledTemporaryFile
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from zakaz_dagster.errors import BadData
from zakaz_dagster.redaction import scrub
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.yandex_direct.records import SOURCE

EMPTY = "--"
PAYLOAD = 500  # characters of a row that are kept
IN_MEMORY = 16_000_000  # bytes
ANY_MONEY = pa.large_string()  # stands for a column of money whose way of writing is not known
_DATE = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
_PATTERNS = {
    pa.date32(): rf"{_DATE}|^{EMPTY}$",
    pa.uint64(): rf"^\d{{1,19}}$|^{EMPTY}$",
    pa.int64(): rf"^-?\d{{1,18}}$|^{EMPTY}$",
    pa.decimal128(18, 2): rf"^-?\d{{1,15}}(\.\d{{1,2}})?$|^{EMPTY}$",
    ANY_MONEY: rf"^-?(\d{{1,15}}(\.\d{{1,2}})?|\d{{16,18}})$|^{EMPTY}$",
}


def sift(
    lines: Iterable[bytes], columns: list[str], first_line: int, types: Mapping[str, pa.DataType], words: str
) -> tuple[pa.Table, list[Reject]]:
    """The readable rows with every cell as text, and the others. `words` are the parser's, for a table without rows."""
    rejects: list[Reject] = []
    numbers: list[int] = []
    with SpooledTemporaryFile(max_size=IN_MEMORY) as clean:
        for number, line in enumerate(lines, first_line):
            text = _repaired(line.rstrip(b"\r\n"))
            cells = text.count(b"\t") + 1
            if cells == len(columns):
                clean.write(text + b"\n")
                numbers.append(number)
            else:
                rejects.append(_reject(f"{cells} cells instead of {len(columns)}", number, text.decode()))
        if not numbers:
            rows = pa.schema([(name, pa.string()) for name in columns]).empty_table()
        else:
            clean.seek(0)
            rows = csv.read_csv(
                cast("Any", clean),
                read_options=csv.ReadOptions(column_names=columns),
                parse_options=csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
                ),
            )
    good = np.ones(rows.num_rows, bool)
    for name, kind in types.items():
        fit = fits(rows[name], kind)
        if len(fit) and not fit.any():  # no dirt: the column is written in another way
            raise BadData(words, source=SOURCE, expected="a whole table of equal rows", next_step="nothing was changed")
        rejects += [
            _reject(f"{name} is {rows[name][place].as_py()!r}", numbers[place], _line(rows, place))
            for place in np.flatnonzero(good & ~fit).tolist()
        ]
        good &= fit
    return rows.filter(pa.array(good)), sorted(rejects, key=lambda reject: int(reject.where.removeprefix("line ")))


def day_of(reject: Reject) -> str:
    """What a row that was put aside begins with, which is its day if that can be read."""
    return reject.payload[: len("2026-01-01")]


def _repaired(line: bytes) -> bytes:
    plain = line.replace(b"\r", b" ")
    return plain if plain.isascii() else plain.decode("utf-8", "replace").encode()


def fits(column: pa.ChunkedArray, kind: pa.DataType) -> Any:
    """A mask of the texts that can be read as this type; `--` can always be."""
    if kind not in _PATTERNS:
        return np.ones(len(column), bool)
    found = np.asarray(pc.match_substring_regex(column, _PATTERNS[kind]))
    if kind == pa.date32():
        impossible = [text for text in pc.unique(column).to_pylist() if re.match(_DATE, text) and not _is_date(text)]
        found &= ~np.asarray(pc.is_in(column, pa.array(impossible, pa.string())))
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _line(rows: pa.Table, place: int) -> str:
    return "\t".join(str(column[place].as_py()) for column in rows.columns)


def _reject(reason: str, number: int, text: str) -> Reject:
    return Reject(reason, f"line {number}", scrub(text)[:PAYLOAD])
