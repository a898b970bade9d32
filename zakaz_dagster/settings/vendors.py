"""The variables of each vendor's account, a group a vendor; for the rules of the file see `groups`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from zakaz_dagster.settings.group import NO_SECRET, Group
from zakaz_dagster.settings.values import (
    ExistingFile,
    Logins,
    NewFile,
    Pace,
    Percent,
    Rates,
    Seconds,
    Secret,
    Sender,
    Senders,
    Text,
    VendorUrl,
)


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
    delegate: Sender = Field("", description="mailbox to read when a service account is used")
    query: Text = Field("{subject:QTickets from:qtickets.ru}", description="search without dates")
    allowed_senders: Senders = Field(
        ("qtickets.ru",), description="whose reports are accepted: domains and addresses, comma separated"
    )
    authserv_id: Text = Field(
        "mx.google.com", description="server whose Authentication-Results prove a sender; empty: From alone decides"
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
