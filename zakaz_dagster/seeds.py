"""The hand-kept tables in `sql/seeds/*.csv`, and the city index made of one of them.

Belongs here: reading those files, for loaders and for the warehouse alike. Does not: putting them into ClickHouse.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import lru_cache

from zakaz_dagster.errors import Fatal
from zakaz_dagster.parsing.cities import CityIndex, capitalised
from zakaz_dagster.paths import SQL_ROOT

FOLDER = SQL_ROOT / "seeds"


def seed(name: str) -> list[dict[str, str]]:
    """The rows of one seed, in the file's order, as text."""
    path = FOLDER / f"{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = csv.reader(file, strict=True)
        return [dict(zip(header, line, strict=True)) for line in lines]
    # A missing file is an OSError; no header, a ragged line or another encoding a ValueError.
    except (OSError, ValueError, csv.Error) as error:
        raise Fatal(
            f"cannot read sql/seeds/{path.name}: {error}",
            source="seeds",
            expected="a UTF-8 CSV file with a header line",
            next_step=f"restore or correct sql/seeds/{path.name}",
        ) from error


def content(name: str) -> list[dict[str, str]]:
    """What the table seeded by this file holds: its rows, completed where the editor may leave something out."""
    return city_aliases() if name == "city_aliases" else seed(name)


def city_aliases() -> list[dict[str, str]]:
    """Every spelling of a city in normal form with the city's key and its name for people, each city's own included.

    An editor may write spellings in any case and leave `display` empty in all lines of a city but one, or in all.
    """
    rows = seed("city_aliases")
    try:
        return _complete(_once_each(rows), rows)
    except (KeyError, ValueError) as error:
        raise Fatal(
            f"sql/seeds/city_aliases.csv is not usable: {error}",
            source="seeds",
            expected="the columns alias,city,display and one city per spelling",
            next_step="correct that line",
        ) from error


@lru_cache(maxsize=1)
def city_index() -> CityIndex:
    """The index of `sql/seeds/city_aliases.csv`, read once per process."""
    return CityIndex({row["alias"]: row["city"] for row in city_aliases()})


def _complete(cities: dict[str, str], rows: list[dict[str, str]]) -> list[dict[str, str]]:
    spellings = CityIndex(cities).spellings
    displays = dict.fromkeys(spellings.values(), "")
    for row in rows:
        city, display = row["city"].strip().lower(), (row.get("display") or "").strip()
        if displays[city] not in ("", display or displays[city]):
            raise ValueError(f"{city!r} is displayed as {displays[city]!r} and as {display!r}")
        displays[city] = display or displays[city]
    return [
        {"alias": spelling, "city": city, "display": displays[city] or capitalised(city)}
        for spelling, city in sorted(spellings.items())
    ]


def _once_each(rows: list[dict[str, str]]) -> dict[str, str]:
    repeated = [alias for alias, times in Counter(row["alias"] for row in rows).items() if times > 1]
    if repeated:
        raise ValueError(f"given twice: {', '.join(repeated)}")
    return {row["alias"]: row["city"].strip().lower() for row in rows}
