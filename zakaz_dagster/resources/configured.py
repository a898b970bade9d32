"""The working objects as Dagster's resources, with the settings that are no secrets, so that the UI shows them.

Secrets are no fields. The fields only show: a run that asks for another value is refused, or whoever reaches the UI
could send a token to a host of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import dagster as dg
from pydantic import create_model

from zakaz_dagster import resources
from zakaz_dagster.errors import ConfigFault, Failure
from zakaz_dagster.redaction import scrubbed
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings


@dataclass(frozen=True)
class Kind:
    """One resource: its name and text in the UI, its group of settings, which of them the UI shows, and its maker."""

    name: str
    text: str
    group: str
    shown: tuple[str, ...]
    make: Callable[[Settings], object]

    def values(self, settings: Settings) -> dict[str, str]:
        """What the UI shows: the group's values of the same names."""
        group = getattr(settings, self.group)
        return {name: str(getattr(group, name)) for name in self.shown}


KINDS = {
    "warehouse": Kind(
        "ClickHouse",
        "ClickHouse over HTTP, as the writer.",
        "clickhouse",
        ("host", "port", "database", "user", "secure"),
        resources.warehouse,
    ),
    "reader": Kind(
        "ClickHouseReader",
        "ClickHouse as DataLens sees it; as the writer where no reader is set up.",
        "clickhouse",
        ("host", "port", "database", "reader_user"),
        resources.reader,
    ),
    "qtickets": Kind(
        "QTickets",
        "QTickets' REST API, read only; every quarter of an hour a request is retried for a minute at most.",
        "qtickets",
        ("base_url", "requests_per_second"),
        resources.qtickets,
    ),
    "vk_ads": Kind(
        "VkAds",
        "VK Ads' API for the organiser's account.",
        "vk_ads",
        ("base_url", "account", "requests_per_second"),
        resources.vk_ads,
    ),
    "yandex_direct": Kind(
        "YandexDirect",
        "Yandex Direct's API for every configured login.",
        "direct",
        ("base_url", "logins", "reports_version"),
        resources.yandex_direct,
    ),
    "gmail": Kind(
        "Gmail",
        "The mailbox that receives QTickets' report mails.",
        "gmail",
        ("api_endpoint", "query", "days_back"),
        resources.gmail,
    ),
    "watch": Kind(
        "Watch",
        "What the checks of the platform look at, and its limits.",
        "health",
        ("disk_warning_pct", "disk_error_pct", "backup_hours"),
        watch.subjects,
    ),
    "alerts": Kind(
        "Alerts",
        "Open incidents and the channels through which people hear of them.",
        "alerts",
        ("smtp_host", "smtp_security", "quiet_hours"),
        watch.alerts,
    ),
    "backups": Kind(
        "Backups",
        "Where backups of ClickHouse go.",
        "backup",
        ("disk", "s3_url"),
        resources.backups,
    ),
}


class FromSettings(dg.ConfigurableResource[object]):
    """An object made of one group of settings when a run needs it; a missing one is named then."""

    kind: ClassVar[Kind]
    settings: ClassVar[Settings]
    hurried: ClassVar[tuple[str, float]]  # a job, and the most seconds that its run may ask for one answer

    def create_resource(self, context: dg.InitResourceContext) -> object:
        """Make the object, without the vendor's or driver's own words about a secret in what goes wrong."""
        for name, value in self.kind.values(self.settings).items():
            if getattr(self, name) != value:
                raise ConfigFault(
                    f"this run asks for another {name} of {self.kind.name} than the settings have",
                    source="resources",
                    expected=value,
                    next_step=f"leave {name} out of the run's configuration, or change the environment",
                )
        job, seconds = self.hurried
        in_a_hurry = context.run is not None and context.run.job_name == job
        try:
            return self.kind.make(resources.in_a_hurry(self.settings, seconds if in_a_hurry else None))
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001  the seam: Dagster keeps what is raised here in its event log
            raise scrubbed(error) from None


def all_resources(settings: Settings, hurried: tuple[str, float]) -> dict[str, FromSettings]:
    """Every resource by the name that steps and sensors ask for, each of a class of its own for the UI."""
    return {key: _resource(kind, settings, hurried) for key, kind in KINDS.items()}


def _resource(kind: Kind, settings: Settings, hurried: tuple[str, float]) -> FromSettings:
    shown = dict.fromkeys(kind.shown, (str, ...))
    bound = create_model(kind.name, __base__=FromSettings, __module__=__name__, __doc__=kind.text, **shown)  # type: ignore[call-overload]
    bound.kind, bound.settings, bound.hurried = kind, settings, hurried
    resource: FromSettings = bound(**kind.values(settings))
    return resource
