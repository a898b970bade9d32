"""A Direct report's TSV, from its bytes to a typed Arrow table, with the rows that could not be read beside it.

    title? · column names · data · "Total rows: N"?

Belongs here: framing, types, money, and every proof that the table is whole. Does not: our columns (`rows`), rows
that cannot be read (`odd_rows`).
Nothing in the text says how money is written, so the mode that was asked for is handed in and cross-checked.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.base import ODD_SHARE, Reject, refuse_changed_shape
from zakaz_dagster.sources.yandex_direct import money
from zakaz_dagster.sources.yandex_direct.money import MONEY
from zakaz_dagster.sources.yandex_direct.odd_rows import ANY_MONEY, EMPTY, fits, sift
from zakaz_dagster.sources.yandex_direct.records import SOURCE

BLOCK = 1 << 20
TAIL = 256
_NAME = pa.dictionary(pa.int32(), pa.string())
TYPES: dict[str, pa.DataType] = {
    "Date": pa.date32(),
    "CampaignId": pa.uint64(),
    "CampaignName": _NAME,
    "AdGroupId": pa.uint64(),
    "AdGroupName": _NAME,
    "AdId": pa.uint64(),
    "AdNetworkType": _NAME,
    "Impressions": pa.uint64(),
    "Clicks": pa.uint64(),
    "Cost": MONEY,
    "Conversions": pa.uint64(),
}
NO_MONEY = "column Cost: values that are no money"
_TOTAL = re.compile(rb"Total rows: (\d+)\s*$")
_ROW = re.compile(r"Row #\d+: ")


class Truncated(BadData):
    """The table does not hold as many rows as it says: it was cut off on its way."""


@dataclass(frozen=True)
class Report:
    """The rows that could be read, and those that were put aside."""

    table: pa.Table
    rejects: Sequence[Reject] = ()


@dataclass(frozen=True)
class Frame:
    """Where the data stands in the file, and what the lines around it say. `first_line` counts from 1."""

    columns: list[str]
    start: int
    end: int
    first_line: int
    total: int | None


def read_report(file: BinaryIO, *, micros: bool | None, summary: bool, odd_share: float = ODD_SHARE) -> Report:
    """The table with the vendor's column names, ids and figures typed, `Cost` in roubles, `--` as NULL.

    `micros` is the money mode that was asked for, None to tell it from the figures. `summary` says that the table must
    end with `Total rows`; without one it is not known to be whole. A row that cannot be read is put aside; raises
    Truncated when rows are missing, BadData or ShapeChanged when the table as a whole cannot be right.
    """
    frame = find_frame(file)
    if summary and frame.total is None:
        raise _broken("the table ends without its line `Total rows`", Truncated)
    _check_columns(frame.columns)
    report = _parse(file, frame, micros, odd_share)
    rows, odd = report.table.num_rows, len(report.rejects)
    # a line feed in a name makes several odd lines of one row, a blank line is none
    if frame.total is not None and not rows <= frame.total <= rows + odd:
        aside = f", {odd} of them odd" if odd else ""
        raise _broken(f"`Total rows: {frame.total}`, but {rows + odd} rows came{aside}", Truncated)
    return report


def find_frame(file: BinaryIO) -> Frame:
    """A title has no TAB while the line of column names has; whether it stands in quotes differs."""
    end, total = _find_end(file)
    file.seek(0)
    first, second = file.readline(), file.readline()
    if b"\t" not in first and b"\t" in second:
        columns, start, line = second, len(first) + len(second), 3
    else:
        columns, start, line = first, len(first), 2
    names = columns.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip("\r\n").split("\t")
    return Frame(names, start, max(start, end), line, total)


def _find_end(file: BinaryIO) -> tuple[int, int | None]:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - TAIL))
    tail = file.read().rstrip(b"\r\n")
    last = tail[tail.rfind(b"\n") + 1 :]
    match = _TOTAL.fullmatch(last)
    if match is None:
        return size, None
    return max(0, size - TAIL) + len(tail) - len(last), int(match[1])


def _check_columns(names: list[str]) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if len(names) < 2 or doubled:  # noqa: PLR2004  a table has a key and a figure at least
        raise ShapeChanged(
            f"the line of column names is {' '.join(names)[:80]!r}",
            source=SOURCE,
            expected="names of report fields, each once, separated by TAB",
            next_step="nothing was loaded; look at the saved answer",
        )


def _parse(file: BinaryIO, frame: Frame, micros: bool | None, odd_share: float) -> Report:
    """Blocks are typed as they are read; only typed columns stay in memory. Odd rows are looked for if that fails."""
    types = {name: TYPES.get(name, pa.string()) for name in frame.columns}
    if "Cost" in types:
        types["Cost"] = ANY_MONEY if micros is None else pa.int64() if micros else MONEY
    rejects: list[Reject] = []
    texts = partial(_typed, file, frame, dict.fromkeys(types, pa.string()))
    try:
        table = _typed(file, frame, types)
        words = "" if micros is not None or "Cost" not in types or fits(table["Cost"], ANY_MONEY).all() else NO_MONEY
    except pa.ArrowInvalid as error:
        words = _words(str(error), frame)
    if words:
        rows, rejects = sift(_lines(file, frame), frame.columns, frame.first_line, types, words)
        received = rows.num_rows + len(rejects)
        refuse_changed_shape(SOURCE, "the report", odd=rejects, received=received, share=odd_share)
        table = pa.table({name: _cast(rows[name], kind) for name, kind in types.items()})
        texts = partial(lambda: rows)
    if "Cost" not in types:
        return Report(table, rejects)
    cost = table["Cost"]
    if micros is None:
        cost = money.read_unknown(_dashes_to_null(cost.cast(pa.string())))
    elif micros:
        cost = money.from_micros(cost)
    else:
        money.refuse_hidden_micros(cost, lambda: texts()["Cost"])
    return Report(table.set_column(table.column_names.index("Cost"), "Cost", cost), rejects)


def _cast(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_string(kind):
        return texts
    return texts.dictionary_encode() if pa.types.is_dictionary(kind) else _dashes_to_null(texts).cast(kind)


def _dashes_to_null(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(texts, EMPTY), pa.scalar(None, pa.string()), texts)


def _typed(file: BinaryIO, frame: Frame, types: Mapping[str, pa.DataType]) -> pa.Table:
    schema = pa.schema(list(types.items()))
    if frame.start >= frame.end:
        return schema.empty_table()
    file.seek(frame.start)
    table = csv.read_csv(
        pa.PythonFile(_Window(file, frame.end - frame.start), mode="r"),
        read_options=csv.ReadOptions(column_names=frame.columns, block_size=BLOCK),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(column_types=types, null_values=[EMPTY], strings_can_be_null=False),
    )
    return table.cast(schema).unify_dictionaries()


def _lines(file: BinaryIO, frame: Frame) -> Iterable[bytes]:
    file.seek(frame.start)
    return io.BufferedReader(_Window(file, frame.end - frame.start))


def _words(error: str, frame: Frame) -> str:
    """The parser's words with the column's name; it counts rows from where its block begins."""
    named = re.sub(r"In CSV column #(\d+)", lambda match: f"column {frame.columns[int(match[1])]}", error)
    return _ROW.sub("", named)[:200]


class _Window(io.RawIOBase):
    """So many bytes of a file from where it stands."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def _broken(what: str, kind: type[BadData] = BadData) -> BadData:
    return kind(
        what,
        source=SOURCE,
        expected="a whole table of equal rows",
        next_step="nothing was changed; run it again, and if it stays send the request id to the vendor",
    )
