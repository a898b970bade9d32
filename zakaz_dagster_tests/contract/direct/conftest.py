"""The real source against the sandbox over a socket, with waits that a test can afford."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.yandex_direct.api import DirectApi, DirectConfig
from zakaz_dagster.sources.yandex_direct.source import DirectSource
from zakaz_dagster_tests.plugins.sandbox import NOW, Sandbox

LOGINS = ("zakaz-afisha", "zakaz-gastroli")
FIRST, LAST = date(2026, 11, 8), date(2026, 11, 21)


@pytest.fixture
def direct(sandbox: Sandbox) -> Callable[..., DirectSource]:
    """`direct(deadline=3, logins=[...], ...)`: a source on the sandbox; config and source options together."""
    return source_on(sandbox)


def source_on(sandbox: Sandbox) -> Callable[..., DirectSource]:
    def build(**options) -> DirectSource:
        own = {
            name: options.pop(name)
            for name in ("logins", "micros", "stored", "earlier", "aside", "now", "cities")
            if name in options
        }
        config = {"requests_per_second": 100, "deadline": 60.0, "limit_wait": 0.05, "token": sandbox.token}
        config |= {"points_wait": 0.2, **options}
        moment = datetime.fromisoformat(own.pop("now", NOW))
        api = DirectApi(DirectConfig(base_url=f"{sandbox.url}/direct/json", **config))
        cities = own.pop("cities", None) or city_index()
        return DirectSource(api, cities, logins=own.pop("logins", LOGINS), now=lambda: moment, **own)

    return build
