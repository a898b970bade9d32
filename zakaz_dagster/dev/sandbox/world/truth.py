"""The right answers: totals of any days straight from the world's records, as of a moment.

Sale figures stand on the sale day, refunds and removals on their own days. Shares nothing with the platform's SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date

from zakaz_dagster.dev.sandbox.world.ads import Stat, total
from zakaz_dagster.dev.sandbox.world.direct import DirectAds
from zakaz_dagster.dev.sandbox.world.histories import History
from zakaz_dagster.dev.sandbox.world.lifecycle import Order
from zakaz_dagster.dev.sandbox.world.moments import day_of
from zakaz_dagster.dev.sandbox.world.tours import Tours
from zakaz_dagster.dev.sandbox.world.vk import VkAds

Json = dict[str, object]


@dataclass(slots=True)
class Sales:
    """Figures of one (day, show) or of any sum of them; money in kopecks."""

    orders: int = 0
    tickets_sold: int = 0
    tickets_free: int = 0
    tickets_refunded: int = 0
    tickets_removed: int = 0
    revenue: int = 0
    refunds: int = 0
    deduction: int = 0

    def add(self, other: Sales) -> None:
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    def json(self) -> Json:
        figures: Json = {item.name: getattr(self, item.name) for item in fields(self)}
        figures |= {name: money(getattr(self, name)) for name in ("revenue", "refunds", "deduction")}
        figures["net"] = money(self.revenue - self.refunds)
        return figures


def money(kopecks: int) -> str:
    """Roubles as text with two decimals."""
    sign, rest = ("-", -kopecks) if kopecks < 0 else ("", kopecks)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


Cells = dict[tuple[date, int], Sales]


def sales(orders: Iterable[Order], now: int, uncounted: Callable[[Order], frozenset[int]] | None = None) -> Cells:
    """Figures per (day, show) of everything that happened to these orders by now, without the tickets `uncounted`."""
    cells: Cells = {}
    for order in orders:
        left_out = uncounted(order) if uncounted else frozenset[int]()
        if order.created <= now:
            _count(order, now, lambda day, show: cells.setdefault((day, show), Sales()), left_out)
    return cells


def _count(order: Order, now: int, cell: Callable[[date, int], Sales], uncounted: frozenset[int]) -> None:
    state = order.state(now)
    counted = False
    for index, ticket in enumerate(order.tickets):
        if index in uncounted:
            continue
        seen = state.tickets[index]
        if state.sold(index) and state.payed_at is not None:
            sale = cell(day_of(state.payed_at), ticket.show_id)
            sale.orders += not counted
            sale.tickets_sold += 1
            sale.tickets_free += ticket.price == 0
            sale.revenue += ticket.price
            counted = True
        if seen.refunded_at is not None:
            refund = cell(day_of(seen.refunded_at), ticket.show_id)
            refund.tickets_refunded += 1
            refund.refunds += seen.refunded
            refund.deduction += seen.kept
        removed = state.removed(index)
        if removed is not None:
            cell(day_of(removed), ticket.show_id).tickets_removed += 1


def sales_json(tours: Tours, cells: Cells, day: date) -> Json:
    """One day: totals, and the same by city and by show."""
    whole, cities, shows = Sales(), dict[str, Sales](), list[Json]()
    for (own_day, show_id), figures in sorted(cells.items()):
        event = tours.event_of_show(show_id)
        if own_day != day or event is None:
            continue
        whole.add(figures)
        cities.setdefault(event.city.name, Sales()).add(figures)
        shows.append({"show_id": show_id, "event_id": event.id, "city": event.city.name, **figures.json()})
    by_city = [{"city": city, **figures.json()} for city, figures in sorted(cities.items())]
    return {**whole.json(), "cities": by_city, "shows": shows}


def stat_json(stat: Stat) -> Json:
    return {
        "impressions": stat.impressions, "clicks": stat.clicks,
        "spend": money(stat.cost), "conversions": stat.conversions,
    }  # fmt: skip


def vk_json(vk: VkAds, day: date, now: int) -> Json:
    """VK's spend of a day (without VAT, as VK gives it) per group and banner; nothing that was zero."""
    groups: list[Json] = []
    banners: list[Json] = []
    whole: list[Stat] = []
    for plan, group in vk.groups(now):
        stat = vk.group_stat(plan, group, day, now)
        if not stat:
            continue
        whole.append(stat)
        rest = vk.rest_stat(plan, group, day, now)
        groups.append(
            {
                "id": group.id,
                "plan_id": plan.id,
                "city": plan.event.city.name,
                **stat_json(stat),
                "rest": stat_json(rest),
            }
        )
        for banner in group.banners:
            own = vk.banner_stat(plan, group, banner, day, now)
            if own:
                banners.append({"id": banner.id, "group_id": group.id, "utm": list(banner.utm), **stat_json(own)})
    return {**stat_json(total(whole)), "groups": groups, "banners": banners}


def direct_json(direct: DirectAds, day: date, now: int) -> Json:
    """Direct's cost of a day (with VAT) per ad; wizard campaigns have null ids."""
    rows = list(direct.rows(day, now))
    logins = {
        login: stat_json(total(row.stat for row in rows if row.campaign.login == login))
        for login in sorted({row.campaign.login for row in rows})
    }
    ads = [
        {
            "login": row.campaign.login, "campaign_id": row.campaign.id, "city": row.campaign.event.city.name,
            "group_id": row.group and row.group.id, "ad_id": row.ad and row.ad.id,
            "utm": row.ad and list(row.ad.utm), **stat_json(row.stat),
        }
        for row in rows
    ]  # fmt: skip
    return {**stat_json(total(row.stat for row in rows)), "logins": logins, "ads": ads}


def finals_json(made: Iterable[History], day: date, next_ticket: float | None) -> list[Json]:
    """What only the world can know: the true end of each show day, and the true cost of one more paid ticket."""
    return [
        {
            "event_id": each.event.id, "city": each.event.city.name, "show_date": each.show_date.isoformat(),
            "finish_date": each.finish.isoformat(), "places": each.places, "paid": each.sold(day),
            "final": each.final(), "next_ticket": None if next_ticket is None else round(next_ticket, 2),
        }
        for each in made
    ]  # fmt: skip


def summed(cells: Cells, first: date, last: date) -> Json:
    """One sum over a range of days."""
    whole = Sales()
    for (day, _), figures in cells.items():
        if first <= day <= last:
            whole.add(figures)
    return whole.json()
