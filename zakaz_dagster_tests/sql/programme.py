"""Shows of one programme that end seven days after the data day, and their finished like: a stage for decisions.

Belongs here: rows for the tables that decisions read, and reading v_decisions. Does not: what is expected (tests).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from zakaz_dagster import timezone
from zakaz_dagster.dev.sandbox.world.histories import History
from zakaz_dagster.warehouse import forecast
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests.sql.world import World

TOMSK = [(100, 160, 5), (80, 110, 3), (120, 210, 8), (95, 150, 5), (60, 95, 3)]
Row = dict[str, Any]
D = timezone.today() - timedelta(days=1)  # the data day
FILLED = (
    "dim_shows", "dim_events", "fact_inventory_daily", "fact_marketing_daily", "fact_sales_attributed_daily",
    "fact_qtickets_sales_daily", *forecast.TABLES,
)  # fmt: skip


class Programme:
    """Shows of one programme that end seven days after the data day, and their finished like."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers = iter(range(1, 1000))
        self.enabled = 1

    def finished(self, points: list[tuple[int, int, int]]) -> None:
        """Shows that had, at seven days to go, sold so many at such a pace, and ended so."""
        for number, (sold, final, pace) in enumerate(points):
            end = D - timedelta(1 + number)
            curve = {end - timedelta(37): sold - 7 * pace, end - timedelta(7): 7 * pace, end: final - sold}
            self.stop("кемерово", end, curve)

    def stop(self, city: str, end: date, curve: dict[date, int], *, left: int | None = None, **about: Any) -> str:
        """A show day with its curve at 900 RUB a ticket; `about`: spend and tickets attributed in seven days."""
        number = next(self.numbers)
        opened, deleted = min(curve), about.get("deleted", False)
        key = f"{number}|{city}|{end}"
        self.world.put(
            "dim_shows", show_id=number, event_id=number, event_name="Спектакль «Тест»", city=city, show_date=end,
            finish_date=end, is_deleted=int(deleted),
        )  # fmt: skip
        self.world.put("dim_events", event_id=number, event_name="Спектакль «Тест»", city=city)
        self.world.put(
            "forecast_shows", show_key=key, event_id=number, city=city, show_date=end, show_id=number,
            event_name="Спектакль «Тест»", programme="тест", opened_on=opened, finish_on=end, sold_out_on=None,
            is_cancelled=int(deleted),
        )  # fmt: skip
        for day, paid in curve.items():
            self.world.put("forecast_curve", show_key=key, day=day, paid=paid, net_rub=900.0 * paid)
        if end > D and not deleted:
            room = dict.fromkeys(("tickets_left", "tickets_left_lo", "tickets_left_hi"), left)
            self.world.put("forecast_asked", show_key=key, as_of=D, kappa=1.0, **room)
        if left is not None:
            sold = sum(paid for day, paid in curve.items() if day <= D)
            self.world.put(
                "fact_inventory_daily", snapshot_date=D, show_id=number, event_id=number, seats_capacity=sold + left,
                seats_total=sold + left, seats_free=left, seats_sold=sold,
            )  # fmt: skip
        self.advertise(number, city, end, about.get("spend", 0), about.get("attributed", 0), about.get("weak", 0))
        return key

    def sell(self, key: str, days: dict[int, tuple[int, int]]) -> History:
        """Tickets of that show day (so many, of them free) so many days back, and its true history."""
        number, history = int(key.partition("|")[0]), History(Any, D, D, 0)  # type: ignore[arg-type]
        for back, (sold, free) in days.items():
            day = D - timedelta(back - 1)
            self.world.put(
                "fact_qtickets_sales_daily", sales_source="api", show_id=number, event_id=number, city="томск",
                sale_date=day, date=day, tickets_sold=sold, tickets_free=free,
            )  # fmt: skip
            history.paid[day], history.free[day] = sold - free, free
        return history

    def advertise(self, show: int, city: str, end: date | None, spend: int, attributed: int, weak: int = 0) -> None:
        if spend:
            self.world.put("fact_marketing_daily", date=D, city=city, show_date=end, spend_rub=spend, source="vk_ads")
        for level, tickets in (("ad", attributed), ("city", weak)):
            if tickets:
                self.world.put(
                    "fact_sales_attributed_daily", sale_date=D, date=D, sales_source="api", event_id=show, show_id=show,
                    city=city, match_level=level, tickets_sold=tickets, revenue_rub=900 * tickets,
                )  # fmt: skip

    def decide(self, where: str = "1") -> dict[str, Row]:
        wh = self.world.wh
        setting(wh, "decisions_enabled", self.enabled)
        if not forecast.is_written(wh, D):
            forecast.add(wh, D, run_id="test")
        rows = wh.rows(f"SELECT * FROM v_decisions WHERE {where}", settings={"join_use_nulls": 1})
        return {row["city"] if row["event_id"] else row["event_name"]: row for row in rows}


def setting(wh: Warehouse, key: str, value: float) -> None:
    """Added to those of the seed; of two rows with one key the later counts."""
    values = {"key": key, "value": value}
    wh.command("INSERT INTO dim_settings SELECT {key:String}, {value:Float64}, '', '', 2", values)


def curve(sold: int = 90, week: int = 28) -> dict[date, int]:
    return {D - timedelta(30): sold - week, D: week}
