"""The read-only questions that `zakaz doctor --live` asks each vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zakaz_dagster import resources, timezone
from zakaz_dagster.settings import Settings

Fact = tuple[str, str]  # question, answer


def _qtickets(settings: Settings) -> Iterable[Fact]:
    from zakaz_dagster.sources.qtickets import probes

    return probes.probe(resources.qtickets(settings).api, timezone.now())


def _vk_ads(settings: Settings) -> Iterable[Fact]:
    from zakaz_dagster.sources.vk_ads import probes

    return probes.facts(resources.vk_ads_api(settings), timezone.today(), resources.vat(settings))


def _direct(settings: Settings) -> Iterable[Fact]:
    from zakaz_dagster.sources.yandex_direct import probes

    return probes.facts(resources.direct_api(settings), settings.direct.logins, timezone.now())


def gmail(settings: Settings) -> Iterable[Fact]:
    """What the mailbox answers to read-only questions."""
    from zakaz_dagster.sources.gmail import probes

    return probes.facts(resources.gmail(settings), timezone.now())


# By group of settings.
PROBES: dict[str, Callable[[Settings], Iterable[Fact]]] = {
    "qtickets": _qtickets,
    "vk_ads": _vk_ads,
    "direct": _direct,
    "gmail": gmail,
}
