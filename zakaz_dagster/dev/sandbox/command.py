"""The command line of the sandbox, shared by `zakaz sandbox serve` and `python -m zakaz_dagster.dev.sandbox`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from zakaz_dagster.dev.sandbox.process import DEFAULT_DAYS, Options, serve
from zakaz_dagster.dev.sandbox.world import DIRT
from zakaz_dagster.dev.sandbox.world.ads import Scale


def _switch(text: str) -> tuple[str, str, Any]:
    """`vendor:name=value`; the value is JSON where it can be, text elsewhere, true when left out."""
    head, _, value = text.partition("=")
    vendor, colon, name = head.partition(":")
    if not colon or not name:
        raise click.BadParameter(f"{text!r} is not vendor:name=value")
    try:
        return vendor, name, json.loads(value) if value else True
    except json.JSONDecodeError:
        return vendor, name, value


def _faults(texts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    switches: dict[str, dict[str, Any]] = {}
    for text in texts:
        vendor, name, value = _switch(text)
        switches.setdefault(vendor, {})[name] = value
    return switches


def _options(texts: tuple[str, ...], recorded: str | None) -> dict[str, str]:
    values = {f"{vendor}:{name}": str(value) for vendor, name, value in map(_switch, texts)}
    return values | ({"recorded:dir": recorded} if recorded else {})


PORT, COUNT = click.IntRange(0, 65_535), click.IntRange(min=0)


@click.command("serve")
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=PORT,
    help="0 takes a free one and prints it.",
)
@click.option("--seed", default=7, show_default=True, type=COUNT, help="Another seed is another organiser.")
@click.option("--now", help="Fixed moment of the world (ISO; Moscow without a zone). Default: real time.")
@click.option("--today", help="Fixed day of the world: its noon (or use --now).")
@click.option(
    "--days",
    default=DEFAULT_DAYS,
    show_default=True,
    type=COUNT,
    help="Days of history before today.",
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day of history, instead of --days.")
@click.option("--orders-per-day", default=40, show_default=True, type=COUNT, help="Orders on an average day.")
@click.option("--groups", default=3, show_default=True, type=COUNT, help="Ad groups per event and vendor.")
@click.option("--ads", default=2, show_default=True, type=COUNT, help="Ads per ad group.")
@click.option("--fault", "faults", multiple=True, metavar="VENDOR:NAME[=VALUE]", help="A fault from the start; repeat.")
@click.option("--option", "options", multiple=True, metavar="VENDOR:NAME=VALUE", help="A vendor's own switch; repeat.")
@click.option("--dirt", multiple=True, type=click.Choice(["all", *DIRT]), help="A kind of dirt of the world; repeat.")
@click.option("--stress", is_flag=True, help="Sales that are hard to foretell: spikes, surges, sell-outs, moved shows.")
@click.option("--recorded", type=click.Path(exists=True, file_okay=False), help="Folder of recorded bodies to replay.")
def serve_command(
    port: int, seed: int, now: str | None, today: str | None, days: int, start: datetime | None, orders_per_day: int,
    groups: int, ads: int, faults: tuple[str, ...], options: tuple[str, ...], dirt: tuple[str, ...],
    stress: bool, recorded: str | None,
) -> None:  # fmt: skip
    """Serve the vendors' protocols on a made-up organiser; prints one JSON line when ready. Ctrl-C ends it."""
    chosen = Options(
        port=port,
        seed=seed,
        now=now or (f"{today}T12:00:00" if today else None),
        days=days,
        start=start.date() if start else None,
        scale=Scale(orders_per_day, groups, ads),
        vendor_options=_options(options, recorded),
        faults=_faults(faults),
        dirt=frozenset(DIRT if "all" in dirt else dirt),
        stress=stress,
    )
    try:
        serve(chosen)
    except (ValueError, OSError) as error:
        raise click.ClickException(f"the sandbox cannot start: {error}") from error
