"""`zakaz utm`: the tags of a show's advertising for every platform, read back with the loaders' own parser."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import click

from zakaz_dagster import resources, timezone
from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing import show_links
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.show_links import Show
from zakaz_dagster.seeds import city_index
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse.client import Warehouse

LABELS = {"vk_ads": "VK Реклама", "yandex_direct": "Яндекс Директ"}
SHOWS = (
    "SELECT show_id, event_id, event_name, city, show_date, greatest(finish_date, show_date) AS last, is_active"
    " FROM dim_shows FINAL WHERE is_deleted = 0 ORDER BY show_date, show_id"
)
GRACE = "SELECT value FROM dim_settings FINAL WHERE key = 'tag_grace_days'"


@click.command()
@click.option("--show", "show_id", type=click.IntRange(1), help="The show's number in QTickets.")
@click.option("--city", help="The city, in any known spelling; with --date.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d", "%d.%m.%Y"]), help="The day by the venue's calendar.")
@click.option("--url", default="", help="The landing page; without it only the parameters are printed.")
@click.option("--year", "with_year", is_flag=True, help="Write the year, too: tomsk_06_01_2026.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def utm(show_id: int | None, city: str | None, day: datetime | None, url: str, with_year: bool, as_json: bool) -> None:
    """Make the tags of a show's advertising for VK and Direct.

    A day without a show is refused, the three nearest are named. Exit code 1: made, with warnings.
    """
    if (show_id is None) == (city is None) or (city is None) != (day is None):
        raise click.UsageError("say either --show ID, or --city and --date")
    if city is not None and not city.strip():
        raise click.UsageError("--city is empty")
    cities, store = city_index(), resources.warehouse(Settings(), patience=resources.AT_A_TERMINAL)
    shows = _shows(store, cities)
    if show_id is not None:
        where, on = _of_show(shows, show_id)
    else:
        where, on = cities.resolve(city or "") or (city or ""), day.date() if day else timezone.today()
    found = show_links.shows_on(shows, where, on)
    made = _made(found, where, on, url, cities, with_year=with_year)
    made["warnings"] = show_links.warnings(
        shows, where, on, today=timezone.today(), grace_days=int(store.scalar(GRACE)), with_year=with_year
    )
    click.echo(json.dumps(made, ensure_ascii=False, indent=2)) if as_json else _print(made)
    raise SystemExit(1 if made["warnings"] else 0)


def _shows(store: Warehouse, cities: CityIndex) -> list[Show]:
    return [
        Show(
            row["show_id"],
            row["event_id"],
            row["event_name"],
            cities.resolve(row["city"]) or row["city"],
            row["show_date"],
            row["last"],
            bool(row["is_active"]),
        )
        for row in store.rows(SHOWS)
    ]


def _of_show(shows: list[Show], show_id: int) -> tuple[str, date]:
    found = next((show for show in shows if show.show_id == show_id), None)
    if found is None:
        raise BadData(
            f"no show {show_id} in the catalogue, or it is deleted",
            source=show_links.SOURCE,
            expected="the number of a show (`dim_shows.show_id`)",
            next_step="say --city and --date instead, or load the catalogue",
        )
    return found.city, found.first


def _made(found: list[Show], city: str, day: date, url: str, cities: CityIndex, *, with_year: bool) -> dict[str, Any]:
    content = show_links.content_of(city, day, cities, with_year=with_year)
    blocks = show_links.parameters(content)
    links = {name: show_links.link(url or "https://example.invalid/", block, cities) for name, block in blocks.items()}
    return {
        "city": city,
        "date": day.isoformat(),
        "shows": [show.show_id for show in found],
        "events": sorted({show.event_name for show in found}),
        "utm_content": content,
        "parameters": blocks,
        "links": links if url else {},
    }


def _print(made: dict[str, Any]) -> None:
    """Plain lines, so that each can be copied whole."""
    events = ", ".join(f"«{name}»" for name in made["events"])
    click.echo(f"{made['city']}, {made['date']}: {events}\nutm_content: {made['utm_content']}")
    for name, block in made["parameters"].items():
        click.echo(f"\n{LABELS[name]}\n  {block}")
        if made["links"]:
            click.echo(f"  {made['links'][name]}")
    for warning in made["warnings"]:
        click.echo(f"! {warning}", err=True)
