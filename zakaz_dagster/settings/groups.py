"""Every environment variable of the platform, typed, in groups: here those of the installation, in `vendors` theirs.

Belongs here: names, types, defaults, one sentence of help each, and what two values of a group have to do with each
other. Does not: where values stand (`given`), what is done with them. `configs/*.env.sample` are generated from these
classes (`zakaz settings samples`), and a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.settings.group import NO_SECRET, Group, has_value
from zakaz_dagster.settings.values import (
    Addresses,
    Channels,
    ClusterName,
    ExistingFile,
    Folder,
    Host,
    Hosts,
    Name,
    Password,
    Port,
    QuietHoursText,
    Seconds,
    Secret,
    Sender,
    StartDay,
    Text,
    Url,
    VendorUrl,
    is_loopback,
)
from zakaz_dagster.settings.vendors import Direct, Gmail, QTickets, VkAds

SHORTEST_SECRET = 16


class Platform(Group):
    """The installation as a whole."""

    prefix = "ZAKAZ_"
    file = "zakaz"
    needed = ("privacy_salt",)

    data_dir: Folder = Field(PROJECT_ROOT / ".zakaz", description="where the local engine, tokens and previews live")
    start_date: StartDay = Field(date(2024, 1, 1), description="first day of every daily partition (Europe/Moscow)")
    privacy_salt: Password = Field(NO_SECRET, description="secret for hashing buyers' ids; keep it for ever")
    log_json: bool = Field(False, description="one JSON object per log line")
    keep_runs_days: int = Field(14, ge=7, description="older runs are deleted; which days are loaded stays known")
    keep_audit_months: int = Field(25, ge=1, description="the audit of runs in ClickHouse is kept this long")
    ui_url: Url = Field("", description="address of the Dagster UI as readers of alerts reach it; empty: no links")
    docs_url: Url = Field("", description="where docs/ is served, for links in alerts; empty: file names")


class ClickHouse(Group):
    """The warehouse. The defaults reach `zakaz clickhouse serve`."""

    prefix = "CLICKHOUSE_"
    file = "clickhouse"

    host: Host = Field("127.0.0.1", description="host name of the HTTP interface")
    port: Port = Field(8123, description="port of the HTTP interface")
    user: Text = Field("default", description="writer: may create, insert and drop in the database")
    password: Password = Field(NO_SECRET, description="password of the writer")
    database: Name = Field("zakaz", description="database of all tables and views")
    secure: bool = Field(False, description="TLS; turn on whenever the server is another machine")
    verify: bool = Field(True, description="verify the server's certificate")
    ca_cert: ExistingFile | None = Field(None, description="the certificate authority's PEM file, if it is your own")
    server_name: Host = Field("", description="the name in the server's certificate, if CLICKHOUSE_HOST is another")
    cluster: ClusterName = Field("", description="render tables as replicated ON CLUSTER of this name")
    views_definer: Name = Field(
        "", description="user whose rights views run with (<database>_marts_definer); default: the writer"
    )
    reader_user: Text = Field("", description="the user DataLens connects as; the preview reads as this user")
    reader_password: Password = Field(NO_SECRET, description="password of the reader")
    drop_guard: float = Field(0.5, ge=0, le=1, description="refuse a day that shrinks by more than this share")

    def contradictions(self) -> Iterator[str]:
        if self.ca_cert and not self.secure:
            yield "CLICKHOUSE_CA_CERT is set, but CLICKHOUSE_SECURE is not true: set it, or remove the certificate"
        if self.server_name and not (self.secure and self.verify):
            yield "CLICKHOUSE_SERVER_NAME is set, but no certificate is looked at: set CLICKHOUSE_SECURE, or remove it"
        if has_value(self.reader_password) and not self.reader_user:
            yield "CLICKHOUSE_READER_PASSWORD is set, but CLICKHOUSE_READER_USER is not: set both, or neither"

    def doubts(self) -> Iterator[str]:
        if not self.secure and not is_loopback(self.host):
            yield f"CLICKHOUSE_SECURE is not true: the password goes to {self.host} in clear text; turn TLS on"
        if self.secure and not self.verify:
            yield "CLICKHOUSE_VERIFY=false: anybody in between can read the password; set CLICKHOUSE_CA_CERT instead"


class Alerts(Group):
    """Where alerts go."""

    prefix = "ALERT_"
    file = "alerts"
    needed = ("email_to",)

    smtp_host: Host = Field("", description="mail server; empty turns e-mail off")
    smtp_port: Port = Field(587, description="its port")
    smtp_user: Text = Field("", description="login, if the server needs one")
    smtp_password: Password = Field(NO_SECRET, description="password of that login")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="transport security")
    email_from: Sender = Field("", description="sender; default the SMTP user")
    email_to: Addresses = Field((), description="recipients, comma separated")
    apprise_urls: Channels = Field(NO_SECRET, description="further channels as Apprise URLs, comma separated")
    smtp_ca_cert: ExistingFile | None = Field(
        None, description="the mail server's certificate authority as a PEM file, if it is your own"
    )
    timeout_seconds: Seconds = Field(10.0, description="for each step of a delivery")
    folder: Folder | None = Field(None, description="write mails as .eml files here as well (development)")
    quiet_hours: QuietHoursText = Field(
        "22-8", description="Moscow hours in which warnings wait and late loads only warn; 0-0 for none"
    )
    settle_minutes: float = Field(10.0, ge=0, allow_inf_nan=False, description="well for so long counts as resolved")
    reminder_hours: int = Field(24, ge=1, description="repeat an open incident at most this often")
    mails_per_hour: int = Field(6, ge=1, description="at most so many mails an hour; the rest go into the next one")
    mails_per_day: int = Field(30, ge=1, description="at most so many mails a day")

    def contradictions(self) -> Iterator[str]:
        if self.smtp_host and not self.email_to:
            yield "ALERT_SMTP_HOST is set, but ALERT_EMAIL_TO is not: no mail has a recipient; set it"
        elif self.email_to and not (self.smtp_host or has_value(self.apprise_urls) or self.folder):
            yield "ALERT_EMAIL_TO is set, but ALERT_SMTP_HOST is not: no mail can leave; set it"
        if self.smtp_user and not has_value(self.smtp_password):
            yield "ALERT_SMTP_USER is set, but ALERT_SMTP_PASSWORD is not: set both, or neither"

    def doubts(self) -> Iterator[str]:
        if not (self.smtp_host or has_value(self.apprise_urls) or self.folder):
            yield "no alert leaves when something is red: set ALERT_SMTP_HOST and ALERT_EMAIL_TO, or ALERT_APPRISE_URLS"
        if self.smtp_security == "none" and self.smtp_host and not is_loopback(self.smtp_host):
            yield f"ALERT_SMTP_SECURITY=none: the password goes to {self.smtp_host} in clear text; use starttls or tls"


class Health(Group):
    """The health endpoints."""

    prefix = "HEALTH_"
    file = "health"

    host: Host = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(8080, description="port to listen on")
    token: Secret = Field(NO_SECRET, description="when set, every request must bear it")
    allowed_hosts: Hosts = Field((), description="host names that requests may name, beside loopback and HEALTH_HOST")
    every_seconds: Seconds = Field(30.0, description="pause between two looks at everything")
    disk_warning_pct: float = Field(15.0, ge=0, le=100, description="less free room than this is a warning")
    disk_error_pct: float = Field(5.0, ge=0, le=100, description="less free room than this is an error")
    backup_hours: float = Field(0.0, ge=0, description="the newest BACKUP must not be older; 0 is not watched")

    def contradictions(self) -> Iterator[str]:
        if self.disk_error_pct > self.disk_warning_pct:
            yield (
                f"HEALTH_DISK_ERROR_PCT={self.disk_error_pct:g} is above HEALTH_DISK_WARNING_PCT"
                f"={self.disk_warning_pct:g}: the error would come before the warning; swap them"
            )

    def doubts(self) -> Iterator[str]:
        if not is_loopback(self.host) and not has_value(self.token):
            yield f"HEALTH_HOST={self.host} and HEALTH_TOKEN is not set: whoever reaches the port reads it; set a token"


class Webhooks(Group):
    """QTickets' webhooks, which make a sale visible within a minute; without them it is seen by the next load."""

    prefix = "WEBHOOKS_"
    file = "webhooks"
    needed = ("secret",)

    host: Host = Field("127.0.0.1", description="address to listen on; put a proxy with TLS before it")
    port: Port = Field(8090, description="port to listen on")
    secret: Secret = Field(NO_SECRET, description="the webhooks' secret, the same as in QTickets' cabinet")
    allowed_hosts: Hosts = Field((), description="host names that requests may name, beside loopback and WEBHOOKS_HOST")

    def doubts(self) -> Iterator[str]:
        if has_value(self.secret) and len(self.secret.get_secret_value()) < SHORTEST_SECRET:
            yield f"WEBHOOKS_SECRET can be guessed: choose {SHORTEST_SECRET} characters or more, here and in QTickets"


class Backup(Group):
    """Backups of ClickHouse; without a place for them none are made (docs/RUNBOOK_BACKUP_RESTORE.md)."""

    prefix = "BACKUP_"
    file = "backup"

    disk: Text = Field("", description="a disk that ClickHouse's configuration allows for backups")
    path: Folder | None = Field(None, description="that disk's folder as seen from here, to delete outdated backups")
    s3_url: VendorUrl = Field("", description="instead of a disk: https://HOST/BUCKET/FOLDER")
    s3_key: Text = Field("", description="access key of the bucket")
    s3_secret: Secret = Field(NO_SECRET, description="secret key of the bucket")
    user: Text = Field("", description="ClickHouse user with <database>_role_backup; empty: CLICKHOUSE_USER")
    password: Secret = Field(NO_SECRET, description="that user's password")
    keep_full: int = Field(4, ge=1, le=520, description="full backups to keep, with what builds on them")

    @property
    def configured(self) -> bool:
        return bool(self.disk or self.s3_url)

    def contradictions(self) -> Iterator[str]:
        if self.disk and self.s3_url:
            yield "BACKUP_DISK and BACKUP_S3_URL are both set: one place only; clear one of them"


class DataLens(Group):
    """Yandex DataLens, for `zakaz datalens`."""

    prefix = "DATALENS_"
    file = "datalens"
    needed = ("org_id", "iam_token", "workbook_id")

    base_url: VendorUrl = Field("https://api.datalens.tech", description="public API host")
    org_id: Text = Field("", description="organisation id")
    iam_token: Secret = Field(NO_SECRET, description="IAM token")
    workbook_id: Text = Field("", description="workbook that receives the objects")
    clickhouse_host: Host = Field("", description="host DataLens connects to, as seen from outside")
    clickhouse_port: Port = Field(8443, description="port DataLens connects to")
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
    "backup": Backup,
    "webhooks": Webhooks,
}
SOURCES = ("qtickets", "vk_ads", "direct", "gmail")
