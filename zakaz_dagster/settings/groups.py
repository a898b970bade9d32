"""Every environment variable of the platform, typed, in groups.

Belongs here: names, types, defaults, one sentence of help each, and what two values of a group have to do with each
other. Does not: where values stand (`given`), what is done with them. `configs/*.env.sample` are generated from these
classes (`zakaz settings samples`), and a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.settings.values import (
    Addresses,
    ExistingFile,
    Folder,
    Host,
    Hosts,
    Logins,
    Name,
    NewFile,
    Pace,
    Percent,
    Port,
    QuietHoursText,
    Rates,
    Seconds,
    Secret,
    StartDay,
    Text,
    Url,
    VendorUrl,
    is_loopback,
)

NO_SECRET = SecretStr("")


class Group(BaseModel):
    """One vendor's or one service's variables; `file` is the stem of its sample and of its secrets file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: ClassVar[str]
    file: ClassVar[str]
    needed: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field."""
        return f"{cls.prefix}{field.upper()}"

    def missing(self) -> list[str]:
        """Names of the needed variables that have no value."""
        return [self.variable(name) for name in self.needed if not has_value(getattr(self, name))]

    def contradictions(self) -> Iterator[str]:
        """What two values say against each other, and what to do: the group is not usable like this."""
        gaps = self.missing()
        if gaps and self.model_fields_set & set(self.needed):
            given = sorted(self.variable(name) for name in self.model_fields_set & set(self.needed))
            yield f"{', '.join(given)} is set, but {', '.join(gaps)} is not: set both, or neither"

    def doubts(self) -> Iterator[str]:
        """What works and is hardly meant, and what to do."""
        return iter(())


def has_value(value: object) -> bool:
    """Whether somebody has set it."""
    return bool(value.get_secret_value()) if isinstance(value, SecretStr) else value not in (None, "", ())


class Platform(Group):
    """The installation as a whole."""

    prefix = "ZAKAZ_"
    file = "zakaz"
    needed = ("privacy_salt",)

    data_dir: Folder = Field(PROJECT_ROOT / ".zakaz", description="where the local engine, tokens and previews live")
    start_date: StartDay = Field(date(2024, 1, 1), description="first day of every daily partition (Europe/Moscow)")
    privacy_salt: SecretStr = Field(NO_SECRET, description="secret for hashing buyers' ids; keep it for ever")
    log_json: bool = Field(False, description="one JSON object per log line")
    keep_runs_days: int = Field(14, ge=7, description="Dagster forgets runs older than this, not which days are loaded")
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
    password: SecretStr = Field(NO_SECRET, description="password of the writer")
    database: Name = Field("zakaz", description="database of all tables and views")
    secure: bool = Field(False, description="TLS; turn on whenever the server is another machine")
    verify: bool = Field(True, description="verify the server's certificate")
    ca_cert: ExistingFile | None = Field(None, description="the certificate authority's PEM file, if it is your own")
    cluster: Text = Field("", description="render tables as replicated ON CLUSTER of this name")
    views_definer: Text = Field("", description="user whose rights views run with (marts_definer); default: the writer")
    reader_user: Text = Field("", description="the user DataLens connects as; the preview reads as this user")
    reader_password: SecretStr = Field(NO_SECRET, description="password of the reader")
    drop_guard: float = Field(0.5, ge=0, le=1, description="refuse a day that shrinks by more than this share")

    def contradictions(self) -> Iterator[str]:
        if self.ca_cert and not self.secure:
            yield "CLICKHOUSE_CA_CERT is set, but CLICKHOUSE_SECURE is not true: set it, or remove the certificate"
        if has_value(self.reader_password) and not self.reader_user:
            yield "CLICKHOUSE_READER_PASSWORD is set, but CLICKHOUSE_READER_USER is not: set both, or neither"

    def doubts(self) -> Iterator[str]:
        if not self.secure and not is_loopback(self.host):
            yield f"CLICKHOUSE_SECURE is not true: the password goes to {self.host} in clear text; turn TLS on"
        if self.secure and not self.verify:
            yield "CLICKHOUSE_VERIFY=false: anybody in between can read the password; set CLICKHOUSE_CA_CERT instead"


class QTickets(Group):
    """QTickets REST API of the organiser."""

    prefix = "QTICKETS_"
    file = "qtickets"
    needed = ("token",)

    base_url: VendorUrl = Field("https://qtickets.ru/api/rest/v1", description="REST root")
    token: Secret = Field(NO_SECRET, description="organiser cabinet, Settings, Main; it can write: guard it")
    page_size: int = Field(200, ge=1, le=1000, description="orders asked per page; the vendor's answer decides")
    odd_share: float = Field(0.5, ge=0, le=1, description="refuse a load with a larger share of unreadable records")
    requests_per_second: Pace = Field(2.0, description="pace; the vendor documents no limit")
    timeout_seconds: Seconds = Field(30.0, description="for one request")
    deadline_seconds: Seconds = Field(300.0, description="give up retrying one request after this long")


class VkAds(Group):
    """VK Ads API (ads.vk.com)."""

    prefix = "VK_ADS_"
    file = "vk"
    needed = ("client_id", "client_secret")

    base_url: VendorUrl = Field("https://ads.vk.com", description="API host; ads.vk.ru answers the same paths")
    client_id: Text = Field("", description="cabinet, Settings, API access")
    client_secret: Secret = Field(NO_SECRET, description="issued with the client id")
    account: Text = Field("main", description="label of the account in tables and reports")
    token_file: NewFile | None = Field(None, description="token pair; default <data dir>/tokens/vk_ads.json")
    page_size: int = Field(50, ge=2, le=250, description="objects per list page; documented maximum 50")
    chunk: int = Field(200, ge=1, le=200, description="ids per statistics request")
    odd_share: float = Field(0.5, ge=0, le=1, description="refuse a list with a larger share of unreadable objects")
    vat_pct: Percent = Field(Decimal(22), description="VAT added to `spent`, which the vendor gives without it")
    vat_earlier: Rates = Field(
        ((date(2026, 1, 1), Decimal(20)),), description="earlier rates as day:rate, comma separated; until that day"
    )
    requests_per_second: Pace = Field(3.0, description="pace")
    timeout_seconds: Seconds = Field(60.0, description="for one request")
    deadline_seconds: Seconds = Field(900.0, description="give up on limits and failures after this long")


class Direct(Group):
    """Yandex Direct API v5."""

    prefix = "DIRECT_"
    file = "direct"
    needed = ("token", "logins")

    base_url: VendorUrl = Field("https://api.direct.yandex.com/json", description="API root, without version")
    reports_version: Literal["v5", "v501"] = Field("v5", description="version of the Reports service")
    objects_version: Literal["v5", "v501"] = Field("v501", description="version for campaigns, groups and ads")
    token: Secret = Field(NO_SECRET, description="OAuth token with scope direct:api")
    logins: Logins = Field((), description="client logins, comma separated")
    money_in_micros: bool = Field(False, description="ask money as millionths instead of decimals")
    odd_share: float = Field(0.5, ge=0, le=1, description="refuse an answer with a larger share of unreadable records")
    requests_per_second: Pace = Field(2.0, description="pace; the vendor allows 20 report requests in 10 s")
    timeout_seconds: Seconds = Field(120.0, description="for one request")
    deadline_seconds: Seconds = Field(1800.0, description="give up on a queued report after this long")


class Gmail(Group):
    """The mailbox that receives QTickets' report mails (backup channel)."""

    prefix = "GMAIL_"
    file = "gmail"
    needed = ("credentials_file",)

    api_endpoint: VendorUrl = Field("https://gmail.googleapis.com", description="API host")
    token_uri: VendorUrl = Field("https://oauth2.googleapis.com/token", description="OAuth token endpoint")
    auth_uri: VendorUrl = Field("https://accounts.google.com/o/oauth2/auth", description="OAuth consent page")
    credentials_file: ExistingFile | None = Field(None, description="OAuth client file, or a service account key file")
    token_file: NewFile | None = Field(None, description="the owner's consent; default <data dir>/tokens/gmail.json")
    delegate: Text = Field("", description="mailbox to read when a service account is used")
    query: Text = Field("{subject:QTickets from:qtickets.ru}", description="search without dates")
    allowed_senders: Text = Field(
        "qtickets.ru", min_length=1, description="whose reports are believed: domains and addresses, comma separated"
    )
    authserv_id: Text = Field(
        "mx.google.com", description="server whose Authentication-Results prove a sender; empty: From alone is believed"
    )
    days_back: int = Field(7, ge=1, le=365, description="window of a load, in days")
    failover_minutes: int = Field(120, ge=1, description="the mail takes over when QTickets was last loaded longer ago")
    page_size: int = Field(100, ge=1, le=500, description="messages per list page")
    max_messages: int = Field(10_000, ge=1, description="a query that finds more is refused: it is too wide")
    max_bytes: int = Field(20_000_000, ge=1, description="larger parts are refused with a reason")
    decimal_comma: bool | None = Field(
        None, description="whether reports always have decimal commas; decides 1,000 where a table leaves it open"
    )
    processed_label: Text = Field("", description="label set on read mails; needs the gmail.modify scope")
    timeout_seconds: Seconds = Field(30.0, description="for one request")
    deadline_seconds: Seconds = Field(300.0, description="give up retrying one request after this long")

    def missing(self) -> list[str]:
        """A token file alone is enough to read; the client's file is needed to obtain one."""
        return [] if self.token_file else super().missing()


class Alerts(Group):
    """Where alerts go."""

    prefix = "ALERT_"
    file = "alerts"
    needed = ("email_to",)

    smtp_host: Host = Field("", description="mail server; empty turns e-mail off")
    smtp_port: Port = Field(587, description="its port")
    smtp_user: Text = Field("", description="login, if the server wants one")
    smtp_password: SecretStr = Field(NO_SECRET, description="password of that login")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="transport security")
    email_from: Text = Field("", description="sender; default the SMTP user")
    email_to: Addresses = Field((), description="recipients, comma separated")
    apprise_urls: SecretStr = Field(NO_SECRET, description="further channels as Apprise URLs, comma separated")
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
            yield "nobody is told when something is red: set ALERT_SMTP_HOST and ALERT_EMAIL_TO, or ALERT_APPRISE_URLS"
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


class Backup(Group):
    """Backups of ClickHouse; without a place for them none are made (docs/backup.md)."""

    prefix = "BACKUP_"
    file = "backup"

    disk: Text = Field("", description="a disk that ClickHouse's configuration allows for backups")
    path: Folder | None = Field(None, description="that disk's folder as seen from here, to delete outdated backups")
    s3_url: Text = Field("", description="instead of a disk: https://HOST/BUCKET/FOLDER")
    s3_key: Text = Field("", description="access key of the bucket")
    s3_secret: Secret = Field(NO_SECRET, description="secret key of the bucket")
    user: Text = Field("", description="ClickHouse user with role_backup; empty: CLICKHOUSE_USER")
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
}
SOURCES = ("qtickets", "vk_ads", "direct", "gmail")
