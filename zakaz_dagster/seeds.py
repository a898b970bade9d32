"""The hand-kept tables in `sql/seeds/*.csv`, and the city index made of one of them.

Belongs here: reading those files, for loaders and for the warehouse alike. Does not: putting them into ClickHouse.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import lru_cache

from zakaz_dagster.errors import Fatal
from zakaz_dagster.parsing.cities import CityIndex
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


@lru_cache(maxsize=1)
def city_index() -> CityIndex:
    """The index of `sql/seeds/city_aliases.csv`, read once per process."""
    try:
        return CityIndex(_once_each(seed("city_aliases")))
    except (KeyError, ValueError) as error:
        raise Fatal(
            f"sql/seeds/city_aliases.csv is not usable: {error}",
            source="seeds",
            expected="the columns alias,city and one city per spelling",
            next_step="correct that line",
        ) from error


def _once_each(rows: list[dict[str, str]]) -> dict[str, str]:
    repeated = [alias for alias, times in Counter(row["alias"] for row in rows).items() if times > 1]
    if repeated:
        raise ValueError(f"given twice: {', '.join(repeated)}")
    return {row["alias"]: row["city"] for row in rows}
