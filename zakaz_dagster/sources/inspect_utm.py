"""`zakaz inspect utm`: what the loader makes of links and tags, one a line.

Belongs here: lines to rows. Does not: the grammar (`parsing.tags`) or the spellings (`sql/seeds/city_aliases.csv`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import FIELDS, Utm
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection

_TUPLE = range(2, len(FIELDS))  # slashes in vk/tomsk/afisha_family … source/medium/campaign/content/term


def utm(raw: bytes, _options: Mapping[str, str]) -> Inspection:
    """One row per line: the five tags, the city and show date they name, and why not, if not.

    No line is rejected: an order or a cost with an unreadable tag is still loaded, without a show.
    """
    cities = city_index()
    rows = [_row(line, cities) for text in _decode(raw).splitlines() if (line := text.strip())]
    reasons = Counter(str(row["reason"]) for row in rows if row["reason"])
    totals = {
        "lines": len(rows),
        "whole_tags": sum(not row["reason"] for row in rows),
        "with_city": sum(bool(row["utm_city"]) for row in rows),
        **{reason: reasons[reason] for reason in sorted(reasons)},
    }
    return Inspection(rows=rows, rejects=[], totals=totals)


def _row(line: str, cities: CityIndex) -> dict[str, object]:
    read = _read(line)
    tag = tag_of(read, cities)
    return {
        **dict(zip(FIELDS, read, strict=True)),
        "utm_city": tag.city,
        "utm_day": tag.day,
        "utm_month": tag.month,
        "utm_year": tag.year,
        "reason": tag.reason,
        "raw_city": tag.raw_city,
        "city_from": tag.city_from,
        "date_from": tag.date_from,
    }


def _read(line: str) -> Utm:
    """A link, a query, a tuple source/medium/campaign…, or the content alone."""
    if "?" in line or "://" in line:
        return Utm.from_url(line)
    if "=" in line:
        return Utm.from_query(line)
    if line.count("/") in _TUPLE:
        return Utm(*line.split("/"))
    return Utm(content=line)


def _decode(raw: bytes) -> str:
    """UTF-8, or what Windows editors save: CP1251 never comes out as valid UTF-8 but for tiny texts."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace")
