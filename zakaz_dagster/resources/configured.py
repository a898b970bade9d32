"""The working objects as Dagster's resources, with the settings that are no secrets, so that the UI shows them.

Secrets are no fields. The fields only show: a run that asks for another value is refused, or whoever reaches the UI
could send a token to a host of their own.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

import dagster as dg

from zakaz_dagster import resources
from zakaz_dagster.errors import ConfigFault, Failure
from zakaz_dagster.redaction import scrubbed
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings


class FromSettings(dg.ConfigurableResource[object]):
    """An object made of one group of settings when a run needs it; a missing one is named then."""

    group: ClassVar[str]
    settings: ClassVar[Settings]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The resource bound to these settings."""
        bound: type[Self] = type(
            cls.__name__, (cls,), {"settings": settings, "__module__": cls.__module__, "__doc__": cls.__doc__}
        )
        return bound(**cls.shown(settings))

    @classmethod
    def shown(cls, settings: Settings) -> dict[str, str]:
        """What the UI shows: the group's values of the same names."""
        given = getattr(settings, cls.group)
        return {name: str(getattr(given, name)) for name in cls.model_fields}

    def create_resource(self, context: dg.InitResourceContext) -> object:
        """Make the object, without the vendor's or driver's own words about a secret in what goes wrong."""
        for name, value in self.shown(self.settings).items():
            if getattr(self, name) != value:
                raise ConfigFault(
                    f"this run asks for another {name} of {type(self).__name__} than the settings have",
                    source="resources",
                    expected=value,
                    next_step=f"leave {name} out of the run's configuration, or change the environment",
                )
        try:
            return self.made(context)
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001  the seam: Dagster keeps what is raised here in its event log
            raise scrubbed(error) from None

    @abstractmethod
    def made(self, context: dg.InitResourceContext) -> object: ...


class ClickHouse(FromSettings):
    """ClickHouse over HTTP, as the writer."""

    group: ClassVar[str] = "clickhouse"
    host: str
    port: str
    database: str
    user: str
    secure: str

    def made(self, context: dg.InitResourceContext) -> object:
        return resources.warehouse(self.settings)


class ClickHouseReader(FromSettings):
    """ClickHouse as DataLens sees it; as the writer where no reader is set up."""

    group: ClassVar[str] = "clickhouse"
    host: str
    port: str
    database: str
    reader_user: str

    def made(self, context: dg.InitResourceContext) -> object:
        return resources.reader(self.settings)


class QTickets(FromSettings):
    """QTickets' REST API, read only; the run of every quarter of an hour insists for a minute and no longer."""

    group: ClassVar[str] = "qtickets"
    hurried: ClassVar[tuple[str, float]]  # a job, and the most seconds it may ask for one answer
    base_url: str
    requests_per_second: str

    def made(self, context: dg.InitResourceContext) -> object:
        job, seconds = self.hurried
        in_a_hurry = context.run is not None and context.run.job_name == job
        return resources.qtickets(resources.in_a_hurry(self.settings, seconds if in_a_hurry else None))


class VkAds(FromSettings):
    """VK Ads' API for the organiser's account."""

    group: ClassVar[str] = "vk_ads"
    base_url: str
    account: str
    requests_per_second: str

    def made(self, context: dg.InitResourceContext) -> object:
        return resources.vk_ads(self.settings)


class YandexDirect(FromSettings):
    """Yandex Direct's API for every configured login."""

    group: ClassVar[str] = "direct"
    base_url: str
    logins: str
    reports_version: str

    def made(self, context: dg.InitResourceContext) -> object:
        return resources.yandex_direct(self.settings)


class Gmail(FromSettings):
    """The mailbox that receives QTickets' report mails."""

    group: ClassVar[str] = "gmail"
    api_endpoint: str
    query: str
    days_back: str

    def made(self, context: dg.InitResourceContext) -> object:
        return resources.gmail(self.settings)


class Watch(FromSettings):
    """What the checks of the platform look at, and its limits."""

    group: ClassVar[str] = "health"
    disk_warning_pct: str
    disk_error_pct: str
    backup_hours: str

    def made(self, context: dg.InitResourceContext) -> object:
        return watch.subjects(self.settings)


class Alerts(FromSettings):
    """Open incidents and the channels through which people hear of them."""

    group: ClassVar[str] = "alerts"
    smtp_host: str
    smtp_security: str
    quiet_hours: str

    def made(self, context: dg.InitResourceContext) -> object:
        return watch.alerts(self.settings)


class Backups(FromSettings):
    """Where backups of ClickHouse go."""

    group: ClassVar[str] = "backup"
    disk: str
    s3_url: str

    def made(self, context: dg.InitResourceContext) -> object:
        return resources.backups(self.settings)


def all_resources(settings: Settings, hurried: tuple[str, float]) -> dict[str, FromSettings]:
    """Every resource by the name that steps and sensors ask for."""
    qtickets = QTickets.of(settings)
    type(qtickets).hurried = hurried
    return {
        "warehouse": ClickHouse.of(settings),
        "reader": ClickHouseReader.of(settings),
        "qtickets": qtickets,
        "vk_ads": VkAds.of(settings),
        "yandex_direct": YandexDirect.of(settings),
        "gmail": Gmail.of(settings),
        "watch": Watch.of(settings),
        "alerts": Alerts.of(settings),
        "backups": Backups.of(settings),
    }
