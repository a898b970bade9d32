"""Reports that somebody exported by hand from Direct («Мастер отчётов», CSV), as the same table an API report makes.

Comma decimals, spaces between thousands, CP1251 or UTF-8, `;`, `,` or TAB, Russian or English column names, title lines
above the table and a total below it. Belongs here: that dialect. Does not: our columns (`rows`), spreadsheets.
A hand export is thousands of rows, not millions: cells are read one by one, and a row that cannot be read is put aside.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing.dates import parse_date
from zakaz_dagster.parsing.numbers import parse_count, parse_money
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.sources.yandex_direct.tsv import TYPES

ENCODINGS = ("utf-8-sig", "cp1251")
DELIMITERS = (";", "\t", ",")
MOST_TITLE_LINES = 30
TOTAL_WORDS = ("итого", "всего", "total")
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
NETWORKS = {"поиск": "SEARCH", "search": "SEARCH", "сети": "AD_NETWORK", "рся": "AD_NETWORK", "networks": "AD_NETWORK"}
_UNIT = re.compile(r"[,(]?\s*(?:руб(?:\.|лей)?|rub|₽)\.?\s*\)?|[,(]?\s*с\s+ндс\s*\)?")
_WITHOUT_VAT = re.compile(r"без\s+(?:учета\s+)?ндс")


@dataclass(frozen=True)
class Export:
    """The readable rows under the vendor's column names, the others, and the figures of a total line."""

    table: pa.Table
    rejects: Sequence[Reject]
    days: Sequence[date]
    encoding: str
    total: Mapping[str, Decimal | int] = field(default_factory=dict)


def read_export(raw: bytes) -> Export:
    """The whole file; its own total line, if it has one, must agree with the rows."""
    text, encoding = _decoded(raw)
    lines, delimiter, head, places = _find_table(text)
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    total: dict[str, Any] = {}
    for number, cells in lines:
        named = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
        if _is_total(cells):
            total = {name: value for name, value in _figures(named).items() if value is not None}
            continue
        try:
            rows.append(_row(named, stray=len(cells) - head))
        except Unreadable as error:
            rejects.append(Reject(str(error), f"line {number}", delimiter.join(cells)[:500]))
    _check_total(rows, rejects, total)
    days = sorted({row["Date"] for row in rows})
    schema = pa.schema([(name, TYPES[name]) for name in places])
    return Export(_table(rows, schema), rejects, days, encoding, total)


def _decoded(raw: bytes) -> tuple[str, str]:
    """UTF-8 first: CP1251 accepts almost any bytes. Excel's "Unicode text" is UTF-16 with a mark."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16"), "utf-16"
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise BadData("the file is neither UTF-8 nor CP1251", source=SOURCE, next_step="export it again as CSV")


def _find_table(text: str) -> tuple[Iterator[tuple[int, list[str]]], str, int, dict[str, int]]:
    """The lines below the column names, the delimiter, the number of columns, and where the known ones stand."""
    for delimiter in DELIMITERS:
        lines = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
        for number, cells in lines:
            places = _places(cells)
            if {"Date", "Cost"} <= set(places):
                return (
                    ((at, row) for at, row in lines if any(cell.strip() for cell in row)),
                    delimiter,
                    len(cells),
                    places,
                )
            if number > MOST_TITLE_LINES:
                break
    raise BadData(
        "no line of column names was found",
        source=SOURCE,
        expected="columns with the day and the cost («Дата», «Расход»), separated by ; , or TAB",
        next_step="export the report by days, with cost, and the ids of campaign, group and ad",
    )


def _places(cells: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        title = " ".join(cell.replace("\ufeff", "").lower().replace("ё", "е").split())
        if _WITHOUT_VAT.search(title) and title.startswith(TITLES["Cost"]):
            raise BadData(
                f"the column «{cell.strip()}» is without VAT",
                source=SOURCE,
                expected="cost with VAT, as everything else of Direct here",
                next_step="export the report again with VAT",
            )
        plain = " ".join(_UNIT.sub(" ", title).split()).strip(" ,")
        name = next((name for name, titles in TITLES.items() if title in titles or plain in titles), None)
        if name is not None:
            places.setdefault(name, place)
    return places


def _is_total(cells: Sequence[str]) -> bool:
    return any(cell.strip().lower().startswith(TOTAL_WORDS) for cell in cells[:2])


def _row(named: Mapping[str, str], *, stray: int) -> dict[str, Any]:
    if stray:
        raise Unreadable(" ".join(named.values()), f"a row of as many cells as there are names ({stray:+d})")
    day = parse_date(named["Date"])
    if day is None:
        raise Unreadable(named["Date"], "a date")
    network = named.get("AdNetworkType", "")
    texts = {
        name: "" if named.get(name, "") == "--" else named.get(name, "") for name in ("CampaignName", "AdGroupName")
    }
    return {
        "Date": day,
        **texts,
        "AdNetworkType": NETWORKS.get(network.lower(), network),
        **{name: _id(named.get(name, "")) for name in ("CampaignId", "AdGroupId", "AdId")},
        **_figures(named),
    }


def _id(text: str) -> int | None:
    """Ids of Direct are written M-123 or N-123 in places."""
    return parse_count(re.sub(r"^[MNМ]-(?=\d)", "", text))


def _figures(named: Mapping[str, str]) -> dict[str, Any]:
    readers: dict[str, Callable[[str], Any]] = {"Cost": parse_money}
    figures = ("Impressions", "Clicks", "Conversions", "Cost")
    return {name: readers.get(name, parse_count)(named[name]) for name in figures if name in named}


def _check_total(rows: Sequence[Mapping[str, Any]], rejects: Sequence[Reject], total: Mapping[str, Any]) -> None:
    """A file that was cut, or read with a wrong column, does not add up to its own last line."""
    for name, stated in total.items():
        found = sum((row[name] for row in rows if row.get(name) is not None), start=0)
        if found != stated and not rejects:
            raise BadData(
                f"the rows add up to {found} in {name}, the file's own total says {stated}",
                source=SOURCE,
                next_step="export the report again; nothing was loaded",
            )


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    columns = []
    for named in schema:
        plain = named.type.value_type if pa.types.is_dictionary(named.type) else named.type
        values = pa.array([row.get(named.name) for row in rows], plain)
        columns.append(values.dictionary_encode() if plain is not named.type else values)
    return pa.table(columns, names=schema.names)
