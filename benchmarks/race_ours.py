"""The race's own runner: this project's loaders, with every guarantee, as a run uses them."""

from __future__ import annotations

from datetime import date, datetime

from benchmarks.race_place import Place
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.qtickets.api import ApiConfig, QTicketsApi
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster.sources.yandex_direct.api import DirectApi, DirectConfig
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION as DIRECT
from zakaz_dagster.sources.yandex_direct.source import DirectSource
from zakaz_dagster.timezone import MOSCOW

LATER = datetime(2027, 1, 1, 12, tzinfo=MOSCOW)


def tickets(place: Place, first: date, last: date) -> None:
    api = QTicketsApi(ApiConfig(f"{place.vendor}/qtickets", "race", requests_per_second=100_000))
    source = QTicketsSource(api, salt="race", now=lambda: LATER)
    with place.warehouse() as warehouse:
        load_days(source, QTICKETS, warehouse, first, last, Load(run_id="race"))


def report(place: Place, first: date, last: date) -> None:
    api = DirectApi(DirectConfig(f"{place.vendor}/direct", "race", requests_per_second=100_000))
    source = DirectSource(api, city_index(), logins=["race"], now=lambda: LATER)
    with place.warehouse() as warehouse:
        load_days(source, DIRECT, warehouse, first, last, Load(run_id="race"))
