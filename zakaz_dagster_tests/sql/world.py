"""Hand-written worlds: rows of staging and of the platforms, named by what matters in them, the rest filled in.

    world = World(wh)
    world.show(101, event=1, city="томск", on="2025-12-20")
    world.sale("2025-12-01", 1, 500, show=101, event=1, utm="yandex/cpc/500/511")
    world.build("2025-12-01", "2025-12-31")

Belongs here: putting rows and building facts. Does not: any expected figure.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import count

from zakaz_dagster.ingest.catalogue import build_dimensions
from zakaz_dagster.ingest.dictionaries import list_ads, read_tags
from zakaz_dagster.parsing.cities import city_key
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.putting import Rows

BUILDS = tuple(build_ledger.facts())  # in the order of what reads what
BY_MONEY = ("fact_sales_counted_daily", "fact_campaigns_daily", "fact_channels_daily")
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def tags(utm: str | tuple[str, ...]) -> dict[str, str]:
    """`source/medium/campaign/content/term`, as many as given."""
    parts = list(utm) if isinstance(utm, tuple) else utm.split("/") if utm else []
    return dict(zip(UTM, [*parts, *[""] * (5 - len(parts))], strict=True))


class World(Rows):
    """A world in a warehouse; `loaded_at` is when every row of it came. Rows wait until somebody looks (`wh`)."""

    def __init__(self, wh: Warehouse, loaded_at: str = "2025-12-31 12:00", first_line: int = 1) -> None:
        super().__init__(wh, loaded_at)
        self._lines = count(first_line)
        self.events: set[int] = set()

    def event(self, event: int, name: str, city: str, *, deleted: bool = False, ver: int = 1) -> None:
        """An event as the vendor names it; said again with a larger `ver`, it is another one now."""
        self.events.add(event)
        self.put(
            "stg_qtickets_events_raw",
            event_id=event,
            event_name=name,
            event_key=name_key(name),
            city_raw=city,
            city_key=city_key(city),
            is_active=1,
            is_deleted=int(deleted),
            _ver=ver,
        )

    def show(
        self,
        show: int,
        *,
        event: int,
        name: str = "",
        city: str = "",
        on: str,
        until: str = "",
        deleted: bool = False,
        ver: int = 1,
    ) -> None:
        """A show of an event; the event is made from name and city if it was not named before."""
        if event not in self.events:
            self.event(event, name, city)
        self.put(
            "stg_qtickets_shows_raw",
            show_id=show,
            event_id=event,
            show_date=day(on),
            finish_date=day(until or on),
            show_time="12:00",
            starts_at=at(on),
            is_active=1,
            is_deleted=int(deleted),
            _ver=ver,
        )

    def seats(self, show: int, total: int, sold: int, *, when: str, event: int = 0) -> None:
        self.put(
            "stg_qtickets_inventory_raw",
            snapshot_date=at(when).date(),
            snapshot_at=at(when),
            show_id=show,
            event_id=event,
            seats_capacity=total,
            seats_total=total,
            seats_sold=sold,
            seats_free=total - sold,
        )

    def sale(
        self,
        on: str,
        order: int,
        price: str | int,
        *,
        event: int,
        show: int,
        city: str = "",
        utm: str | tuple[str, ...] = "",
        first: bool = True,
        removed: str = "",
        taken_out: bool = False,
        refunded: tuple[str, str, str] | None = None,
        paid: str = "",
    ) -> None:
        """A ticket of the API; `refunded` is (day, roubles given back, roubles kept), `paid` a moment of its own,
        `taken_out` a ticket that was in the order only until it was paid.

        `city` makes the event, if it was not named before.
        """
        if city and event not in self.events:
            self.event(event, "", city)
        gone, back, kept = refunded or ("", "0", "0")
        self.put(
            "stg_qtickets_sales_raw",
            channel="api",
            sale_date=day(on),
            sold_at=at(paid or on),
            line_id=str(next(self._lines)),
            order_id=order,
            order_lines=int(first and not removed),
            event_id=event,
            show_id=show,
            tickets=1,
            price_rub=Decimal(str(price)),
            original_price_rub=Decimal(str(price)),
            is_free=int(Decimal(str(price)) == 0),
            is_removed=int(taken_out or bool(removed)),
            removed_date=day(removed) if removed else None,
            refund_date=day(gone) if gone else None,
            refunded_tickets=int(bool(gone)),
            refunded_rub=Decimal(back),
            deduction_rub=Decimal(kept),
            says_free=1,
            says_refunded_tickets=1,
            says_refunds=1,
            **tags(utm),
        )

    def mail(
        self,
        on: str,
        name: str,
        tickets: int,
        price: str | int,
        *,
        city: str,
        reported: str,
        refunded: tuple[int, str] = (0, "0"),
        says: str = "free refunded_tickets refunds",
        **more: object,
    ) -> None:
        """A line of a mailed report; `refunded` is tickets and roubles the mail counts as given back on that day, `says`
        the measures that its table has beside tickets and revenue.
        """
        self.put(
            "stg_qtickets_sales_raw",
            channel="mail",
            sale_date=day(on),
            sold_at=at(on),
            line_id=str(next(self._lines)),
            event_name=name,
            event_key=name_key(name),
            city_raw=city,
            city_key=city_key(city),
            tickets=tickets,
            price_rub=Decimal(str(price)),
            refund_date=day(on) if refunded != (0, "0") else None,
            refunded_tickets=refunded[0],
            refunded_rub=Decimal(refunded[1]),
            reported_at=at(reported),
            **{f"says_{name}": int(name in says.split()) for name in ("free", "refunded_tickets", "refunds")},
            **more,
        )

    def plan(
        self, on: str, tickets: int, revenue: str | int, *, event: int = 0, name: str = "", city: str = ""
    ) -> None:
        """A line of an uploaded plan."""
        self.put(
            "plan_sales",
            date=day(on),
            event_id=event,
            event_name=name,
            event_key=name_key(name),
            city_raw=city,
            city_key=city_key(city),
            plan_tickets=tickets,
            plan_revenue_rub=Decimal(str(revenue)),
        )

    def vk(self, on: str, plan: int, group: int, ad: int, spent: str, *, utm: str = "", **more: object) -> None:
        """A VK ad's day: `spent` without VAT; 20 % is added here to keep the sums in the head."""
        self.put(
            "fact_vk_ads_daily",
            **{
                "date": day(on),
                "account": "кабинет",
                "ad_plan_id": plan,
                "ad_plan_name": f"план {plan}",
                "ad_group_id": group,
                "ad_group_name": f"группа {group}",
                "ad_id": ad,
                "impressions": 1000,
                "clicks": 10,
                "conversions": 1,
                "spent_rub": Decimal(spent),
                "spend_rub": Decimal(spent) * Decimal("1.2"),
                "city": "не указано",
                **tags(utm),
                **more,
            },
        )

    def direct(self, on: str, campaign: int, group: int, ad: int, cost: str, *, utm: str = "", **more: object) -> None:
        self.put(
            "fact_direct_daily",
            **{
                "date": day(on),
                "account": "логин",
                "campaign_id": campaign,
                "campaign_name": f"кампания {campaign}",
                "ad_group_id": group,
                "ad_group_name": f"группа {group}",
                "ad_id": ad,
                "network": "SEARCH",
                "impressions": 500,
                "clicks": 20,
                "cost_rub": Decimal(cost),
                "spend_rub": Decimal(cost),
                "city": "не указано",
                **tags(utm),
                **more,
            },
        )

    def load(self, source: str, on: str, until: str, *, accepted: int = 1, ver: int = 1) -> None:
        self.put(
            "meta_day_loads",
            source=source,
            day=day(on),
            covered_until=at(until),
            received=accepted,
            accepted=accepted,
            totals="{}",
            _ver=ver,
        )

    def build(self, first: str, last: str, *facts: str) -> None:
        """The dimensions, and these facts (every one, if none is named) for these days, in order."""
        build_dimensions(self.wh, "test")
        builds = load("builds")
        list_ads(self.wh)
        read_tags(self.wh, day(first), day(last))
        for name in facts or BUILDS:
            rebuild(self.wh, builds[name], *self.span(name, day(first), day(last)), run_id="test")

    def span(self, fact: str, first: date, last: date) -> tuple[date, date]:
        """These days, and those on which money moved if the fact is made by them."""
        moved = self.wh.rows("SELECT DISTINCT date FROM fact_sales_attributed_daily") if fact in BY_MONEY else []
        days = [first, last, *(row["date"] for row in moved)]
        return min(days), max(days)


def rows(wh: Warehouse, query: str) -> list[tuple[object, ...]]:
    """The rows as tuples; dates as ISO text, so that expected rows read like a table."""
    return [tuple(_plain(value) for value in row.values()) for row in wh.rows(query)]


def unordered(found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Rows in one order of their own: the engine sorts Cyrillic by bytes, people by the alphabet."""
    return sorted(found, key=repr)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value
