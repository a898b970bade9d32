"""What clicks lead to, by ad and day, and the campaigns as they are: rows of the two dimension tables.

Direct tells only today's links and has no date of their change, so another landing is dated by the day it was first
seen. Belongs here: those tables' columns, and reading the stored ones again. Does not: comparing versions
(`sources.versions`), figures (`rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import pyarrow as pa

from zakaz_dagster.parsing.utm import FIELDS, Utm
from zakaz_dagster.sources.tables import table_of
from zakaz_dagster.sources.versions import Began, Dimension, Row, Versions
from zakaz_dagster.sources.yandex_direct.catalogue import Catalogue
from zakaz_dagster.sources.yandex_direct.description import ADS, CAMPAIGNS
from zakaz_dagster.sources.yandex_direct.landings import DERIVED, Clicked, Lander, Landing
from zakaz_dagster.sources.yandex_direct.records import Ad
from zakaz_dagster.table_schemas import schema_of

OBJECT = ("account", "campaign_id", "ad_group_id", "ad_id")
NOON = timedelta(hours=12)
SCHEMAS = {table: schema_of(table) for table in (ADS, CAMPAIGNS)}
AD = Dimension(SCHEMAS[ADS], OBJECT, Landing._fields, DERIVED)
READ = (*FIELDS, "campaign_name", "ad_group_name")


def ad_row(login: str, clicked: Clicked, landing: Landing, ad: Ad | None = None) -> Row:
    """What was seen of an ad, or of a group or campaign that stands in a report without one; `valid_from` is open."""
    about = (ad.title, ad.type, ad.state) if ad else ("", "", "")
    return (login, *clicked[:3], None, clicked.campaign_name, clicked.ad_group_name, *about, *landing)


def reread(versions: Versions, lander: Lander, keys: Iterable[Row]) -> None:
    """The versions of these objects as their own tags and names are read with the cities of now."""
    places = [AD.schema.get_field_index(name) for name in DERIVED]
    for key in keys:
        rows = []
        for row in versions.of(key):
            *utm, campaign_name, ad_group_name = AD.values(row, READ)
            now = dict(zip(places, lander.derived(Utm(*utm), campaign_name, ad_group_name), strict=True))
            rows.append(tuple(now.get(place, value) for place, value in enumerate(row)))
        versions.reread(rows)


def campaign_rows(catalogues: Mapping[str, Catalogue]) -> pa.Table:
    """The campaigns of every login as they are now."""
    rows = (
        (login, item.id, item.name, item.type, item.state, item.tracking)
        for login, catalogue in catalogues.items()
        for item in catalogue.campaigns.values()
    )
    return table_of(rows, SCHEMAS[CAMPAIGNS])


def seen_on(now: datetime) -> Began:
    """A landing begins on the day an observation speaks of: before noon it shows how the day before ended (Moscow)."""
    day: date = (now - NOON).date()
    return lambda _row, _newest: day
