"""What facts look up, brought up to date before they are built: tags that were read, ads that the platforms list.

    UTM of sales and ads ─▶ texts that nobody read ─▶ parsing.tags ─▶ dim_utm_tags ─▶ fact_utm_daily
    ad objects of VK and Direct ───────────────────────────────────▶ dim_ads ──────▶ fact_utm_matches_daily

Each may run at any time and twice at once. Days that were built from other rows are entered as owed, so they follow.
Belongs here: keeping both complete. Does not: the grammar (`parsing.tags`), which show a tag means (`sql/builds`).
"""

from __future__ import annotations

import hashlib
import inspect
import time
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import pyarrow as pa

from zakaz_dagster.ingest.changes import BATCH
from zakaz_dagster.ingest.owing import Touched, rebuild_and_owe
from zakaz_dagster.parsing import cities, tags, utm
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_table import append
from zakaz_dagster.warehouse.sql_files import load

TAGS, ADS = "dim_utm_tags", "dim_ads"
UNSETTLED = "days not owed yet"  # instead of the parser's version
KEY = ("utm_source", "utm_medium", "utm_campaign", "utm_content")
_FIELDS = pa.schema(  # in the order of ShowTag
    [
        ("city", pa.string()),
        ("day", pa.uint8()),
        ("month", pa.uint8()),
        ("year", pa.uint16()),
        ("reason", pa.string()),
        ("city_raw", pa.string()),
        ("city_from", pa.string()),
        ("date_from", pa.string()),
    ]
)


@dataclass(frozen=True)
class TagsRead:
    """How many texts were read, and of those that are no whole tag how many for each reason."""

    texts: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


def read_tags(warehouse: Warehouse, first: date, last: date, *, run_id: str = "") -> TagsRead:
    """Read the tags of all months that the Moscow days first..last touch, as facts are built by months.

    Only new texts are read; every text again when the rules or the spellings of cities have changed.
    """
    builds, ver = load("builds"), time.time_ns()
    last_day = monthrange(last.year, last.month)[1]
    asked = {"first": first.replace(day=1), "last": last.replace(day=last_day), "parser": parser_version()}
    texts = warehouse.tagged(statement="tags.unread").query(builds["utm_tags_unread"].sql, asked)
    if not texts.num_rows:
        return TagsRead()
    read = _read(texts)
    # Until their days are owed they count as unread: what breaks off before that reads them again.
    append(warehouse, TAGS, _by(read, UNSETTLED), ver=ver, run_id=run_id)
    changed = [row["date"] for row in warehouse.rows(builds["utm_days_changed"].sql, {"ver": ver})]
    build_ledger.owe(warehouse, TAGS, changed, "a tag is read in another way", run_id=run_id)
    append(warehouse, TAGS, _by(read, parser_version()), ver=ver + 1, run_id=run_id)
    return TagsRead(texts.num_rows, Counter(reason for reason in read["reason"].to_pylist() if reason))


@cache
def parser_version() -> str:
    """Changes with the rules of reading and with the spellings of cities."""
    rules = "".join(inspect.getsource(module) for module in (tags, utm, cities))
    spellings = sorted(city_index().spellings.items())
    return hashlib.sha256(f"{rules}\0{spellings}".encode()).hexdigest()[:12]


def list_ads(warehouse: Warehouse, *, run_id: str = "") -> int:
    """Bring `dim_ads` up to date with the ad objects that were loaded; returns how many ads it has."""

    def touched(side: str) -> Iterator[Touched]:
        moved = _numbers(warehouse, ADS) ^ _numbers(warehouse, side)
        yield Touched(_days_naming(warehouse, moved), "an ad was listed, moved or taken off the list")

    return rebuild_and_owe(warehouse, ADS, touched, run_id=run_id)


def _numbers(warehouse: Warehouse, table: str) -> set[tuple[int, ...]]:
    """Ads as (ad, group, campaign): what a sale may name, and what it would be owed to."""
    found = warehouse.query(f"SELECT ad_id, ad_group_id, campaign_id FROM {table} FINAL")  # noqa: S608
    return set(zip(*(column.to_pylist() for column in found.columns), strict=True))


def _days_naming(warehouse: Warehouse, ads: Iterable[tuple[int, ...]]) -> set[date]:
    """Days with a sale whose UTM has one of their numbers."""
    query = load("builds")["utm_days_naming_ads"].sql
    numbers = sorted({str(number) for ids in ads for number in ids if number})
    return {
        row["date"]
        for first in range(0, len(numbers), BATCH)
        for row in warehouse.rows(query, {"numbers": numbers[first : first + BATCH]})
    }


def _read(texts: pa.Table) -> pa.Table:
    """The texts with what each says; bytes that are no UTF-8 stay the key they are."""
    index = city_index()
    raw = zip(*(texts[name].cast(pa.binary()).to_pylist() for name in KEY), strict=True)
    said = [tags.tag_of(Utm(*(value.decode(errors="replace") for value in values)), index) for values in raw]
    columns = [pa.array(list(values), kind.type) for values, kind in zip(zip(*said, strict=True), _FIELDS, strict=True)]
    named = [*zip(texts.column_names, texts.columns, strict=True), *zip(_FIELDS.names, columns, strict=True)]
    return pa.table(dict(named))


def _by(read: pa.Table, parser: str) -> pa.Table:
    return read.append_column("parser", pa.array([parser] * read.num_rows, pa.string()))
