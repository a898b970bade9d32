"""A report that somebody exported by hand from Direct («Мастер отчётов»), as the same table an API report makes.

Comma decimals, spaces between thousands, CP1251 or UTF-8, any delimiter, Russian or English column names, title lines
above the table and totals in it: as `tables` reads them. Belongs here: that vocabulary. Does not: our columns (`rows`).
A hand export is thousands of rows, not millions: cells are read one by one, and a row that cannot be read is put aside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing.dates import parse_date
from zakaz_dagster.parsing.numbers import Measure, parse_count
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.sources.yandex_direct.tsv import TYPES
from zakaz_dagster.tables.charsets import readings
from zakaz_dagster.tables.files import FileRead, Reader
from zakaz_dagster.tables.headers import TableKind, Vocabulary
from zakaz_dagster.tables.limits import Limits, Refused
from zakaz_dagster.tables.reader import Line, Rules

TITLES: Mapping[str, tuple[str, ...]] = {
    "Date": ("дата", "день", "date", "day"),
    "CampaignId": ("№ кампании", "id кампании", "номер кампании", "campaignid", "campaign id"),
    "CampaignName": ("кампания", "название кампании", "campaignname", "campaign", "campaign name"),
    "AdGroupId": ("№ группы", "id группы", "номер группы", "id группы объявлений", "adgroupid", "ad group id"),
    "AdGroupName": ("группа", "название группы", "группа объявлений", "adgroupname", "ad group"),
    "AdId": ("№ объявления", "id объявления", "номер объявления", "adid", "ad id"),
    "AdNetworkType": ("тип площадки", "тип сети", "место показа", "adnetworktype", "network"),
    "Impressions": ("показы", "impressions"),
    "Clicks": ("клики", "clicks"),
    "Cost": ("расход", "расходы", "стоимость", "cost"),
    "Conversions": ("конверсии", "достижения целей", "conversions"),
}
IDS = ("CampaignId", "AdGroupId", "AdId")
NAMES = ("CampaignName", "AdGroupName")
EXPORT = TableKind(
    needed=("Date", "Cost"),
    naming=(),
    date="Date",
    measures={**dict.fromkeys(("Impressions", "Clicks", "Conversions"), Measure.COUNT), "Cost": Measure.MONEY},
    texts=NAMES,
    ids=IDS,
    others=("AdNetworkType",),
)
NETWORKS = {"поиск": "SEARCH", "search": "SEARCH", "сети": "AD_NETWORK", "рся": "AD_NETWORK", "networks": "AD_NETWORK"}
LIMITS = Limits(rows=200_000, cells=4_000_000, text_chars=40_000_000, part_bytes=80_000_000)
_WITHOUT_VAT = re.compile(r"(?:расход|стоимость)[^;\t\n]{0,20}без\s+(?:уч[её]та\s+)?ндс", re.IGNORECASE)


@dataclass(frozen=True)
class Export:
    """The readable rows under the vendor's column names, and the others."""

    table: pa.Table
    rejects: Sequence[Reject]


def read_export(raw: bytes) -> Export:
    """The whole file; totals in it must agree with its rows. Raises BadData for a file that cannot be right."""
    headers = [{"header": title, "column": name} for name, titles in TITLES.items() for title in titles]
    rules = Rules(names=lambda cells: any(cells.get(name) for name in (*IDS, *NAMES)))
    try:
        read = Reader(Vocabulary(EXPORT, headers), rules, LIMITS).file(raw)
    except Refused as error:
        raise _wrong(str(error), "a report exported as CSV") from None
    if len(read.tables) != 1 or read.tables[0].reason:
        raise _unusable(read, raw)
    (table,) = read.tables
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for line in table.lines:
        try:
            rows.append(_row(line))
        except Unreadable as error:
            rejects.append(Reject(str(error), f"line {line.number}", ";".join(line.cells.values())[:500]))
    schema = pa.schema([(name, TYPES[name]) for name in TITLES if name in table.roles])
    return Export(_table(rows, schema), rejects)


def _unusable(read: FileRead, raw: bytes) -> BadData:
    if len(read.tables) > 1:
        return _wrong(f"{len(read.tables)} tables in one file", "one report a file")
    if read.tables:
        return _wrong(read.tables[0].reason, "rows that add up to the file's own total")
    without_vat = _WITHOUT_VAT.search(_text(raw))
    if without_vat:
        return _wrong(
            f"the column «{without_vat[0]}» is without VAT", "cost with VAT, as everything else of Direct here"
        )
    lacks = ", ".join(f"«{TITLES[name][0].capitalize()}»" for name in read.lacks)
    return _wrong(
        "no line of column names was found" + (f": the likeliest table lacks {lacks}" if lacks else ""),
        "columns with the day and the cost («Дата», «Расход»), separated by ; , or TAB",
    )


def _text(raw: bytes) -> str:
    """What can be read of a file that has no table; a workbook has no text."""
    try:
        return readings(raw)[0].text
    except Refused:
        return ""


def _wrong(what: str, expected: str) -> BadData:
    step = (
        "export the report again by days, with cost with VAT, and the ids of campaign, group and ad; nothing was loaded"
    )
    return BadData(what, source=SOURCE, expected=expected, next_step=step)


def _row(line: Line) -> dict[str, Any]:
    day = parse_date(line.cells["Date"])
    if day is None:
        raise Unreadable(line.cells["Date"], "a date")
    if line.faults:
        raise Unreadable("; ".join(line.faults), "a row of the report")
    below = next((name for name, value in line.figures.items() if name != "Cost" and (value or 0) < 0), "")
    if below:
        raise Unreadable(line.cells[below], "a number of zero or more")
    network = line.cells.get("AdNetworkType", "")
    return {
        "Date": day,
        **{name: line.cells.get(name, "") for name in NAMES},
        "AdNetworkType": NETWORKS.get(network.lower(), network),
        **{name: _id(line.cells.get(name, "")) for name in IDS},
        **{name: value if name == "Cost" or value is None else int(value) for name, value in line.figures.items()},
    }


def _id(text: str) -> int | None:
    """Ids of Direct are written M-123 or N-123 in places."""
    return parse_count(re.sub(r"^[MNМ]-(?=\d)", "", text))


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    columns = []
    for named in schema:
        plain = named.type.value_type if pa.types.is_dictionary(named.type) else named.type
        values = pa.array([row.get(named.name) for row in rows], plain)
        columns.append(values.dictionary_encode() if plain is not named.type else values)
    return pa.table(columns, names=schema.names)
