"""Tags read once: the UTM texts of some days into `dim_utm_tags`, where every fact finds what they say.

    staging, ad facts ─▶ texts that nobody read ─▶ parsing.tags ─▶ dim_utm_tags ─▶ fact_utm_daily

Called before the facts of the same days are built. It reads only what is new, and everything again when the rules or
the list of cities have changed, so it may run at any time and twice at once. Belongs here: keeping the dictionary
complete. Does not: the grammar (`parsing.tags`), or which show a tag means (`sql/builds/fact_utm_daily.sql`).
"""

from __future__ import annotations

import hashlib
import inspect
import time
from calendar import monthrange
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import pyarrow as pa

from zakaz_dagster.parsing import cities, tags, utm
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_table import append
from zakaz_dagster.warehouse.sql_files import load

TABLE = "dim_utm_tags"
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
    """Read the tags of all months that first..last touch (Moscow days), as facts are built by months."""
    last_day = monthrange(last.year, last.month)[1]
    days = {"first": str(first.replace(day=1)), "last": str(last.replace(day=last_day))}
    unread = load("builds")["utm_tags_unread"].sql
    texts = warehouse.tagged(statement="tags.unread").query(unread, {**days, "parser": parser_version()})
    if not texts.num_rows:
        return TagsRead()
    read = _read(texts)
    append(warehouse, TABLE, read, ver=time.time_ns(), run_id=run_id)
    return TagsRead(texts.num_rows, Counter(reason for reason in read["reason"].to_pylist() if reason))


@cache
def parser_version() -> str:
    """Changes with the rules of reading and with the spellings of cities."""
    rules = "".join(inspect.getsource(module) for module in (tags, utm, cities))
    spellings = sorted(city_index().spellings.items())
    return hashlib.sha256(f"{rules}\0{spellings}".encode()).hexdigest()[:12]


def _read(texts: pa.Table) -> pa.Table:
    """The texts with what each says; bytes that are no UTF-8 stay the key they are."""
    index = city_index()
    raw = zip(*(texts[name].cast(pa.binary()).to_pylist() for name in KEY), strict=True)
    said = [tags.tag_of(Utm(*(value.decode(errors="replace") for value in values)), index) for values in raw]
    columns = [pa.array(list(values), kind.type) for values, kind in zip(zip(*said, strict=True), _FIELDS, strict=True)]
    parser = pa.array([parser_version()] * len(said), pa.string())
    return pa.table(
        {
            **dict(zip(texts.column_names, texts.columns, strict=True)),
            **dict(zip(_FIELDS.names, columns, strict=True)),
            "parser": parser,
        }
    )
