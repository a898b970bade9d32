"""Every environment variable of the platform, typed, in groups; read at the entry points only.

Belongs here: names, types, defaults, one sentence of help each. Does not: what is done with a value.
`configs/*.env.sample` are generated from these classes (`zakaz settings samples`), and a test keeps them equal.
Values come from the environment first, then from `secrets/<group>.env` beside the project, or in ZAKAZ_SECRETS_DIR.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.paths import PROJECT_ROOT


class Group(BaseSettings):
    """One vendor's or one service's variables; `file` is the stem of its sample and of its secrets file."""

    file: ClassVar[str]
    needed: ClassVar[tuple[str, ...]] = ()

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    def missing(self) -> list[str]:
        """Names of the needed variables that have no value."""
        prefix = self.model_config.get("env_prefix") or ""
        return [f"{prefix}{name.upper()}" for name in self.needed if not _has_value(getattr(self, name))]


def _has_value(value: object) -> bool:
    return bool(value.get_secret_value()) if isinstance(value, SecretStr) else value not in (None, "", ())


class Platform(Group):
    """The installation as a whole."""

    file = "zakaz"
    needed = ("privacy_salt",)
    model_config = SettingsConfigDict(env_prefix="ZAKAZ_")

    data_dir: Path = Field(PROJECT_ROOT / ".zakaz", description="where the local engine, tokens and previews live")
    start_date: date = Field(date(2024, 1, 1), description="first day of every daily partition (Europe/Moscow)")
    privacy_salt: SecretStr = Field(SecretStr(""), description="secret for hashing buyers' ids; keep it for ever")
    log_json: bool = Field(False, description="one JSON object per log line")
    keep_runs_days: int = Field(14, ge=7, description="Dagster forgets runs older than this, not which days are loaded")
    keep_audit_months: int = Field(25, ge=1, description="the audit of runs in ClickHouse is kept this long")
    ui_url: str = Field("http://127.0.0.1:3000", description="address of the Dagster UI, for links in alerts")


class ClickHouse(Group):
    """The warehouse. The defaults reach `zakaz clickhouse serve`."""

    file = "clickhouse"
    model_config = SettingsConfigDict(env_prefix="CLICKHOUSE_")

    host: str = Field("127.0.0.1", description="host name of the HTTP interface")
    port: int = Field(8123, description="port of the HTTP interface")
    user: str = Field("default", description="writer: may create, insert and drop in the database")
    password: SecretStr = Field(SecretStr(""), description="password of the writer")
    database: str = Field("zakaz", pattern=r"^[a-z_][a-z0-9_]*$", description="database of all tables and views")
    secure: bool = Field(False, description="TLS; turn on whenever the server is another machine")
    verify: bool = Field(True, description="verify the server's certificate")
    ca_cert: str = Field("", description="path of the certificate authority's PEM file, if it is your own")
    cluster: str = Field("", description="render tables as replicated ON CLUSTER of this name")
    views_definer: str = Field("", description="user whose rights views run with (marts_definer); default: the writer")
    reader_user: str = Field("", description="the user DataLens connects as; the preview reads as this user")
    reader_password: SecretStr = Field(SecretStr(""), description="password of the reader")
    drop_guard: float = Field(0.5, ge=0, le=1, description="refuse a day that shrinks by more than this share")


class QTickets(Group):
    """QTickets REST API of the organiser."""

    file = "qtickets"
    needed = ("token",)
    model_config = SettingsConfigDict(env_prefix="QTICKETS_")

    base_url: str = Field("https://qtickets.ru/api/rest/v1", description="REST root, without a trailing slash")
    token: SecretStr = Field(SecretStr(""), description="organiser cabinet, Settings, Main; it can write: guard it")
    page_size: int = Field(200, ge=1, le=1000, description="orders asked per page; the vendor's answer decides")
    requests_per_second: float = Field(2.0, gt=0, description="pace; the vendor documents no limit")
    timeout_seconds: float = Field(30.0, gt=0, description="for one request")
    deadline_seconds: float = Field(300.0, gt=0, description="give up retrying one request after this long")


class VkAds(Group):
    """VK Ads API (ads.vk.com)."""

    file = "vk"
    needed = ("client_id", "client_secret")
    model_config = SettingsConfigDict(env_prefix="VK_ADS_")

    base_url: str = Field("https://ads.vk.com", description="API host; ads.vk.ru answers the same paths")
    client_id: str = Field("", description="cabinet, Settings, API access")
    client_secret: SecretStr = Field(SecretStr(""), description="issued with the client id")
    account: str = Field("main", description="label of the account in tables and reports")
    token_file: Path | None = Field(None, description="token pair; default <data dir>/tokens/vk_ads.json")
    page_size: int = Field(50, ge=2, le=250, description="objects per list page; documented maximum 50")
    chunk: int = Field(200, ge=1, le=200, description="ids per statistics request")
    vat_pct: float = Field(22.0, ge=0, description="VAT added to `spent`, which the vendor gives without it")
    vat_earlier: str = Field("2026-01-01:20", description="earlier rates as day:rate, comma separated; until that day")
    requests_per_second: float = Field(3.0, gt=0, description="pace")
    timeout_seconds: float = Field(60.0, gt=0, description="for one request")
    deadline_seconds: float = Field(900.0, gt=0, description="give up on limits and failures after this long")


class Direct(Group):
    """Yandex Direct API v5."""

    file = "direct"
    needed = ("token", "logins")
    model_config = SettingsConfigDict(env_prefix="DIRECT_")

    base_url: str = Field("https://api.direct.yandex.com/json", description="API root, without version")
    reports_version: Literal["v5", "v501"] = Field("v5", description="version of the Reports service")
    objects_version: Literal["v5", "v501"] = Field("v501", description="version for campaigns, groups and ads")
    token: SecretStr = Field(SecretStr(""), description="OAuth token with scope direct:api")
    logins: str = Field("", description="client logins, comma separated")
    money_in_micros: bool = Field(False, description="ask money as millionths instead of decimals")
    requests_per_second: float = Field(2.0, gt=0, description="pace; the vendor allows 20 report requests in 10 s")
    timeout_seconds: float = Field(120.0, gt=0, description="for one request")
    deadline_seconds: float = Field(1800.0, gt=0, description="give up on a queued report after this long")


class Gmail(Group):
    """The mailbox that receives QTickets' report mails (backup channel)."""

    file = "gmail"
    needed = ("credentials_file",)
    model_config = SettingsConfigDict(env_prefix="GMAIL_")

    api_endpoint: str = Field("https://gmail.googleapis.com", description="API host")
    token_uri: str = Field("https://oauth2.googleapis.com/token", description="OAuth token endpoint")
    auth_uri: str = Field("https://accounts.google.com/o/oauth2/auth", description="OAuth consent page")
    credentials_file: Path | None = Field(None, description="OAuth client file, or a service account key file")
    token_file: Path | None = Field(None, description="the owner's consent; default <data dir>/tokens/gmail.json")
    delegate: str = Field("", description="mailbox to read when a service account is used")
    query: str = Field("{subject:QTickets from:qtickets.ru}", description="search without dates; finds are believed")
    days_back: int = Field(7, ge=1, description="window of a load, in days")
    failover_minutes: int = Field(120, ge=1, description="the mail takes over when QTickets was last loaded longer ago")
    page_size: int = Field(100, ge=1, le=500, description="messages per list page")
    max_messages: int = Field(10_000, ge=1, description="a query that finds more is refused: it is too wide")
    max_bytes: int = Field(20_000_000, ge=1, description="larger parts are refused with a reason")
    decimal_comma: bool = Field(True, description="how to read a single comma followed by three digits")
    processed_label: str = Field("", description="label set on read mails; needs the gmail.modify scope")
    timeout_seconds: float = Field(30.0, gt=0, description="for one request")
    deadline_seconds: float = Field(300.0, gt=0, description="give up retrying one request after this long")

    def missing(self) -> list[str]:
        """A token file alone is enough to read; the client's file is needed to obtain one."""
        return [] if self.token_file else super().missing()


class Alerts(Group):
    """Where alerts go."""

    file = "alerts"
    needed = ("email_to",)
    model_config = SettingsConfigDict(env_prefix="ALERT_")

    smtp_host: str = Field("", description="mail server; empty turns e-mail off")
    smtp_port: int = Field(587, description="its port")
    smtp_user: str = Field("", description="login, if the server wants one")
    smtp_password: SecretStr = Field(SecretStr(""), description="password of that login")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="transport security")
    email_from: str = Field("", description="sender; default the SMTP user")
    email_to: str = Field("", description="recipients, comma separated")
    apprise_urls: SecretStr = Field(SecretStr(""), description="further channels as Apprise URLs, comma separated")
    smtp_ca_cert: str = Field("", description="PEM file of the mail server's certificate authority, if it is your own")
    timeout_seconds: float = Field(10.0, gt=0, description="for each step of a delivery")
    folder: Path | None = Field(None, description="write mails as .eml files here as well (development)")
    quiet_hours: str = Field(
        "22-8",
        pattern=r"^\d{1,2}-\d{1,2}$",
        description="Moscow hours in which warnings wait and late loads only warn; 0-0 for none",
    )
    settle_minutes: float = Field(10.0, ge=0, description="well for so long counts as resolved")
    reminder_hours: int = Field(24, ge=1, description="repeat an open incident at most this often")


class Health(Group):
    """The health endpoints."""

    file = "health"
    model_config = SettingsConfigDict(env_prefix="HEALTH_")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, description="port to listen on")
    token: SecretStr = Field(SecretStr(""), description="when set, every request must bear it")
    every_seconds: float = Field(30.0, gt=0, description="pause between two looks at everything")
    disk_warning_pct: float = Field(15.0, ge=0, le=100, description="less free room than this is a warning")
    disk_error_pct: float = Field(5.0, ge=0, le=100, description="less free room than this is an error")
    backup_hours: float = Field(0.0, ge=0, description="the newest BACKUP must not be older; 0 is not watched")


class DataLens(Group):
    """Yandex DataLens, for `zakaz datalens`."""

    file = "datalens"
    needed = ("org_id", "iam_token", "workbook_id")
    model_config = SettingsConfigDict(env_prefix="DATALENS_")

    base_url: str = Field("https://api.datalens.tech", description="public API host")
    org_id: str = Field("", description="organisation id")
    iam_token: SecretStr = Field(SecretStr(""), description="IAM token")
    workbook_id: str = Field("", description="workbook that receives the objects")
    clickhouse_host: str = Field("", description="host DataLens connects to, as seen from outside")
    clickhouse_port: int = Field(8443, description="port DataLens connects to")
    clickhouse_secure: bool = Field(True, description="whether DataLens connects with TLS")


GROUPS: dict[str, type[Group]] = {
    "platform": Platform,
    "clickhouse": ClickHouse,
    "qtickets": QTickets,
    "vk_ads": VkAds,
    "direct": Direct,
    "gmail": Gmail,
    "alerts": Alerts,
    "health": Health,
    "datalens": DataLens,
}


class Settings:
    """All groups. Loading never fails on a *missing* value; a malformed one is kept in `faults` with its name."""

    platform: Platform
    clickhouse: ClickHouse
    qtickets: QTickets
    vk_ads: VkAds
    direct: Direct
    gmail: Gmail
    alerts: Alerts
    health: Health
    datalens: DataLens

    def __init__(self, secrets_dir: Path | None = None) -> None:
        directory = secrets_dir or Path(os.environ.get("ZAKAZ_SECRETS_DIR") or PROJECT_ROOT / "secrets")
        self.faults: list[str] = []
        for name, group in GROUPS.items():
            env_file = directory / f"{group.file}.env"
            try:
                value = group(_env_file=env_file if env_file.is_file() else None)  # type: ignore[call-arg]
            except ValidationError as error:
                self.faults += _faults(group, error)
                value = group.model_construct()
            setattr(self, name, value)

    def need(self, *groups: str) -> None:
        """Refuse to go on unless these groups are usable; one ConfigFault names every fault and gap at once."""
        gaps = [f"{variable} is not set" for name in groups for variable in getattr(self, name).missing()]
        faults = self.faults + gaps
        if faults:
            raise ConfigFault(
                "; ".join(faults),
                source="settings",
                next_step="set them in the environment or in secrets/*.env (configs/ has a sample of each file)",
            )


def _faults(group: type[Group], error: ValidationError) -> list[str]:
    prefix = group.model_config.get("env_prefix") or ""
    return [
        f"{prefix}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
