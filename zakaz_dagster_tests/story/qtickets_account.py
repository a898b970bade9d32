"""The real QTickets client, loader and warehouse against the sandbox, as one handle for stories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from zakaz_dagster.ingest.catalogue import build_dimensions, replace_catalogue
from zakaz_dagster.ingest.days import Load, LoadReport, load_days
from zakaz_dagster.parsing.cities import city_key
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.qtickets.api import ApiConfig, QTicketsApi
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load

FACT = "fact_qtickets_sales_daily"
FIGURES = {
    "orders": "orders",
    "tickets_sold": "tickets_sold",
    "tickets_free": "tickets_free",
    "tickets_refunded": "tickets_refunded",
    "tickets_removed": "tickets_removed",
    "revenue_rub": "revenue",
    "refunds_rub": "refunds",
    "deduction_rub": "deduction",
}
BY_DAY_AND_CITY = f"""
SELECT date, city, {", ".join(f"sum({name}) AS {name}" for name in FIGURES)}
FROM {FACT} WHERE date BETWEEN {{first:Date}} AND {{last:Date}} AND sales_source = 'api' GROUP BY date, city
"""


@dataclass
class Account:
    """`load` reads, stores and builds; `held` and `told` are what we and the world say, by (day, city)."""

    warehouse: Warehouse
    sandbox: Any
    now: datetime
    token: str = ""
    base: str = "/qtickets/api/rest/v1"
    page_size: int = 200
    patience: float = 4.0  # seconds for one answer, retries included
    report: LoadReport = field(default_factory=LoadReport)  # of the latest load

    def source(self) -> QTicketsSource:
        config = ApiConfig(
            base_url=self.sandbox.url + self.base,
            token=self.token or self.sandbox.token,
            page_size=self.page_size,
            requests_per_second=10_000,
            timeout=self.patience + 1,
            deadline=self.patience,
        )
        return QTicketsSource(QTicketsApi(config), salt="story", now=lambda: self.now)

    def load(self, first: date, last: date, *, guard: float | None = 0.5) -> LoadReport:
        self.report = load_days(self.source(), DESCRIPTION, self.warehouse, first, last, Load("story", guard))
        self.follow_catalogue(first, last)
        return self.report

    def follow_catalogue(self, first: date, last: date) -> None:
        """The catalogue as it is now, and the facts of these days built by it; no order is read."""
        replace_catalogue(self.warehouse, self.source().catalogue(), run_id="story")
        build_dimensions(self.warehouse, "story")
        rebuild(self.warehouse, load("builds")[FACT], first, last)

    def held(self, first: date, last: date) -> dict[tuple[str, str], tuple[Decimal, ...]]:
        rows = self.warehouse.rows(BY_DAY_AND_CITY, {"first": first, "last": last})
        cells = {(str(row["date"]), row["city"]): tuple(Decimal(row[name]) for name in FIGURES) for row in rows}
        return {key: cell for key, cell in cells.items() if any(cell)}

    def told(self, first: date, last: date) -> dict[tuple[str, str], tuple[Decimal, ...]]:
        cells = {
            (day["day"], city_index().resolve(city["city"]) or city_key(city["city"])): _figures(city)
            for day in self.sandbox.truths(first, last)["days"]
            for city in day["sales"]["cities"]
        }
        return {key: cell for key, cell in cells.items() if any(cell)}

    def snapshot(self) -> list[tuple[str, ...]]:
        """Everything the tables say, without when and by which run it was loaded."""
        service = {"_loaded_at", "_ver", "_run_id"}
        tables = [*DESCRIPTION.tables, FACT]
        return sorted(
            (table, *(f"{name}={value}" for name, value in row.items() if name not in service))
            for table in tables
            for row in self.warehouse.rows(f"SELECT * FROM {table}" + ("" if table == FACT else " FINAL"))
        )


def _figures(city: Mapping[str, Any]) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(city[name])) for name in FIGURES.values())
