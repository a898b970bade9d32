"""Which days of the facts depend on something that has changed, beside the days that were loaded.

    advertising of day D   sales of D … D + attribution_window_days (`-- reaches:` of a build tells the ledger the same)
    a show                 the days with a UTM whose tag names its city and a day of its run, before or after the change
    the dictionaries       see `dictionaries`: they enter the days of what they read in another way
Pure rules, and the one query that the second needs. Belongs here: that. Does not: the ledger of what was built
(`warehouse.build_ledger`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from zakaz_dagster.warehouse.client import Warehouse

NAMED = """
SELECT DISTINCT date, CAST(tag_city AS String) AS city, assumeNotNull(tag_show_date) AS day FROM fact_utm_daily
WHERE tag_show_date IS NOT NULL AND tag_city IN {cities:Array(String)}
"""

RUNS = "SELECT DISTINCT CAST(city AS String) AS city, show_date, finish_date FROM {} FINAL"


class Run(NamedTuple):
    """A show in a city from its first to its last day, as the venue's calendar has them."""

    city: str
    first: date
    last: date


class Named(NamedTuple):
    """On the day `seen` of a sale or an ad a tag named this city and day."""

    seen: date
    city: str
    day: date


def days_naming(runs: Iterable[Run], tags: Iterable[Named]) -> set[date]:
    """Days with a tag that names one of these runs; a run that ends before it begins is its first day."""
    by_city: dict[str, list[Run]] = {}
    for run in runs:
        by_city.setdefault(run.city, []).append(run)
    return {
        tag.seen
        for tag in tags
        if any(run.first <= tag.day <= max(run.first, run.last) for run in by_city.get(tag.city, ()))
    }


def days_of_changed_shows(warehouse: Warehouse, before: Collection[Run], after: Collection[Run]) -> set[date]:
    """Days to build again when runs that were `before` are now `after`: added, moved, prolonged or removed."""
    changed = set(before) ^ set(after)
    if not changed:
        return set()
    found = warehouse.rows(NAMED, {"cities": sorted({run.city for run in changed})})
    return days_naming(changed, (Named(row["date"], row["city"], row["day"]) for row in found))


def runs(warehouse: Warehouse, shows: str = "dim_shows") -> set[Run]:
    """The runs of the catalogue as this table of shows has them."""
    return {Run(row["city"], row["show_date"], row["finish_date"]) for row in warehouse.rows(RUNS.format(shows))}
