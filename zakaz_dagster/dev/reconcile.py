"""The demo's last question: our tables beside the made-up world's own books, cell by cell.

Belongs here: the comparison. Does not: printing, or anything production needs.
"""

from __future__ import annotations

import json
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from zakaz_dagster.parsing.cities import city_key
from zakaz_dagster.seeds import city_index
from zakaz_dagster.warehouse.client import Warehouse

Key = tuple[str, ...]
Cells = dict[Key, Decimal]


@dataclass(frozen=True)
class Book:
    """`sql` gives key columns and one `figure`; `told` gives the same cells out of one day of the world's truth."""

    name: str
    sql: str
    told: Callable[[Mapping[str, Any]], Iterator[tuple[Key, str]]]


SALES = """
SELECT toString(date) AS day, city, measure.1 AS name, toDecimal64(sum(measure.2), 2) AS figure
FROM fact_qtickets_sales_daily
ARRAY JOIN [('tickets_sold', toDecimal64(tickets_sold, 2)), ('tickets_free', toDecimal64(tickets_free, 2)),
            ('tickets_refunded', toDecimal64(tickets_refunded, 2)),
            ('tickets_removed', toDecimal64(tickets_removed, 2)),
            ('revenue', revenue_rub), ('refunds', refunds_rub)] AS measure
WHERE date BETWEEN {first:Date} AND {last:Date} AND sales_source = 'api'
GROUP BY day, city, name
"""
VK = """
SELECT toString(date) AS day, toString(ad_group_id) AS ad_group, sum(spent_rub) AS figure
FROM fact_vk_ads_daily FINAL WHERE date BETWEEN {first:Date} AND {last:Date} GROUP BY day, ad_group
"""
DIRECT = """
SELECT toString(date) AS day, account, toString(campaign_id) AS campaign, sum(cost_rub) AS figure
FROM fact_direct_daily FINAL WHERE date BETWEEN {first:Date} AND {last:Date} GROUP BY day, account, campaign
"""
SALES_FIGURES = ("tickets_sold", "tickets_free", "tickets_refunded", "tickets_removed", "revenue", "refunds")


def _sales(day: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    for city in day["sales"]["cities"]:
        key = city_index().resolve(city["city"]) or city_key(city["city"])
        for name in SALES_FIGURES:
            yield (day["day"], key, name), str(city[name])


def _vk(day: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    for group in day["vk"]["groups"]:
        yield (day["day"], str(group["id"])), group["spend"]


def _direct(day: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    for ad in day["direct"]["ads"]:
        yield (day["day"], ad["login"], str(ad["campaign_id"])), ad["spend"]


BOOKS = (
    Book("sales by day and city", SALES, _sales),
    Book("VK spend by day and ad group", VK, _vk),
    Book("Direct spend by day, login and campaign", DIRECT, _direct),
)


def compare(warehouse: Warehouse, sandbox: str, first: date, last: date) -> Iterator[tuple[str, int, list[str]]]:
    """(book, cells compared, differences in words) for each book."""
    truth = _get(f"{sandbox}/world/truth?first={first}&last={last}")["days"]
    for book in BOOKS:
        told = _summed(pair for day in truth for pair in book.told(day))
        rows = warehouse.rows(book.sql, {"first": first, "last": last})
        held = _summed((tuple(str(value) for value in list(row.values())[:-1]), str(row["figure"])) for row in rows)
        wrong = [
            f"{' '.join(key)}: loaded {held.get(key, 0)}, expected {told.get(key, 0)}"
            for key in sorted(held.keys() | told.keys())
            if held.get(key, Decimal(0)) != told.get(key, Decimal(0))
        ]
        yield book.name, len(told), wrong


def _summed(pairs: Iterable[tuple[Key, str]]) -> Cells:
    cells: Cells = defaultdict(Decimal)
    for key, value in pairs:
        cells[key] += Decimal(value)
    return {key: value for key, value in cells.items() if value}


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=120) as answer:  # noqa: S310  our own sandbox on loopback
        return json.loads(answer.read())
