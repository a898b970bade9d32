"""From settings to working objects: the only place that knows both. Used by `definitions` and by the command line.

What a maker needs it imports itself: Dagster loads this for every run, and a run needs one vendor of four.
"""

from __future__ import annotations

import os
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zakaz_dagster import timezone
from zakaz_dagster.settings import SOURCES, Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from zakaz_dagster.backup.service import Backups
    from zakaz_dagster.sources.gmail.api import GmailApi
    from zakaz_dagster.sources.gmail.auth import Access
    from zakaz_dagster.sources.gmail.source import Mailbox
    from zakaz_dagster.sources.qtickets.source import QTicketsSource
    from zakaz_dagster.sources.vk_ads.api import VkAdsApi
    from zakaz_dagster.sources.vk_ads.rows import Vat
    from zakaz_dagster.sources.vk_ads.source import VkAdsSource
    from zakaz_dagster.sources.yandex_direct.api import DirectApi
    from zakaz_dagster.sources.yandex_direct.source import DirectSource
    from zakaz_dagster.warehouse.client import Warehouse

AT_A_TERMINAL = 4.0  # seconds of patience with a ClickHouse that is away, where a person waits


def warehouse(settings: Settings, *, patience: float | None = None) -> Warehouse:
    """ClickHouse over HTTP, as the writer.

    `patience` is how many seconds it may be away, where somebody waits for the answer.
    """
    given = settings.clickhouse
    return _clickhouse(settings, given.user, given.password.get_secret_value(), patience)


def reader(settings: Settings, *, patience: float | None = None) -> Warehouse:
    """ClickHouse as DataLens sees it; as the writer where no reader is set up (a laptop)."""
    given = settings.clickhouse
    if not given.reader_user:
        return warehouse(settings, patience=patience)
    return _clickhouse(settings, given.reader_user, given.reader_password.get_secret_value(), patience)


def _clickhouse(settings: Settings, user: str, password: str, patience: float | None = None) -> Warehouse:
    from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig

    settings.need("clickhouse")
    given = settings.clickhouse
    return Warehouse.connect(
        WarehouseConfig(
            host=given.host,
            port=given.port,
            user=user,
            password=password,
            database=given.database,
            secure=given.secure,
            verify=given.verify,
            ca_cert=str(given.ca_cert or ""),
            server_name=given.server_name,
            cluster=given.cluster,
            views_definer=given.views_definer,
            patience=WarehouseConfig.patience if patience is None else patience,
        )
    )


def backups(settings: Settings) -> Backups:
    """Backups of ClickHouse, by its own BACKUP and RESTORE."""
    from zakaz_dagster.backup.engine import Destination
    from zakaz_dagster.backup.records import Records
    from zakaz_dagster.backup.service import Backups

    given = settings.backup
    settings.need("backup", "clickhouse")
    store = warehouse(settings)
    user = (given.user, given.password) if given.user else (settings.clickhouse.user, settings.clickhouse.password)
    return Backups(
        admin=_clickhouse(settings, user[0], user[1].get_secret_value()),
        ledger=store,
        where=Destination(given.disk, given.s3_url, given.s3_key, given.s3_secret.get_secret_value()),
        records=Records(backup_folder(settings)),
        now=timezone.now,
        folder=given.path,
        keep_full=given.keep_full,
    )


def backup_folder(settings: Settings) -> Path:
    """Where the list of backups is kept."""
    return settings.platform.data_dir / "backups"


def kept_folders(settings: Settings) -> dict[str, Path]:
    """What must be kept beside ClickHouse, by the name it has in the archive."""
    places = {"data": settings.platform.data_dir, "secrets": settings.folder}
    beside = {
        "dagster": os.environ.get("DAGSTER_HOME"),
        "gmail_token": settings.gmail.token_file,
        "vk_ads_token": settings.vk_ads.token_file,
    }
    outside = {name: Path(path) for name, path in beside.items() if path}
    data = settings.platform.data_dir.absolute()
    return places | {name: path for name, path in outside.items() if not path.absolute().is_relative_to(data)}


def in_a_hurry(settings: Settings, seconds: float | None) -> Settings:
    """Settings with which no vendor is asked the same thing for longer; None: nobody waits for the answer."""
    if seconds is None:
        return settings
    hurried = copy(settings)
    for name in SOURCES:
        given = getattr(settings, name)
        bounds = {field: min(getattr(given, field), seconds) for field in ("timeout_seconds", "deadline_seconds")}
        setattr(hurried, name, given.model_copy(update=bounds))
    return hurried


def qtickets(settings: Settings) -> QTicketsSource:
    """QTickets REST API of the organiser, read-only."""
    from zakaz_dagster.sources.qtickets.api import ApiConfig, QTicketsApi
    from zakaz_dagster.sources.qtickets.source import QTicketsSource

    settings.need("qtickets", "platform")
    given = settings.qtickets
    api = QTicketsApi(
        ApiConfig(
            base_url=given.base_url,
            token=given.token.get_secret_value(),
            page_size=given.page_size,
            requests_per_second=given.requests_per_second,
            timeout=given.timeout_seconds,
            deadline=given.deadline_seconds,
        )
    )
    salt = settings.platform.privacy_salt.get_secret_value()
    return QTicketsSource(api, salt=salt, now=timezone.now, odd_share=given.odd_share)


def vk_ads(settings: Settings) -> VkAdsSource:
    """VK Ads API of the organiser's cabinet."""
    from zakaz_dagster.seeds import city_index
    from zakaz_dagster.sources.vk_ads.description import TABLE
    from zakaz_dagster.sources.vk_ads.dimensions import SCHEMAS
    from zakaz_dagster.sources.vk_ads.source import VkAdsSource
    from zakaz_dagster.warehouse.stored_days import stored_days

    settings.need("vk_ads")
    given, store = settings.vk_ads, warehouse(settings)
    return VkAdsSource(
        vk_ads_api(settings),
        city_index(),
        account=given.account,
        vat=vat(settings),
        now=timezone.now,
        chunk=given.chunk,
        stored=lambda: {table: stored(store, table, schema) for table, schema in SCHEMAS.items()},
        earlier=partial(stored_days, store, TABLE, "ad_group_id"),
    )


def yandex_direct(settings: Settings) -> DirectSource:
    """Yandex Direct API of every configured login."""
    from zakaz_dagster.seeds import city_index
    from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION, TABLE
    from zakaz_dagster.sources.yandex_direct.dimensions import SCHEMAS
    from zakaz_dagster.sources.yandex_direct.source import DirectSource
    from zakaz_dagster.warehouse.stored_days import stored_days, stored_rejects

    settings.need("direct")
    store = warehouse(settings)
    return DirectSource(
        direct_api(settings),
        city_index(),
        logins=settings.direct.logins,
        now=timezone.now,
        micros=settings.direct.money_in_micros,
        stored=lambda: {table: stored(store, table, schema) for table, schema in SCHEMAS.items()},
        earlier=partial(stored_days, store, TABLE, "account"),
        aside=partial(stored_rejects, store, DESCRIPTION.name),
    )


def direct_api(settings: Settings) -> DirectApi:
    """Yandex Direct's API, as it is asked for any login."""
    from zakaz_dagster.sources.yandex_direct.api import DirectApi, DirectConfig

    given = settings.direct
    return DirectApi(
        DirectConfig(
            base_url=given.base_url,
            token=given.token.get_secret_value(),
            reports_version=given.reports_version,
            objects_version=given.objects_version,
            requests_per_second=given.requests_per_second,
            timeout=given.timeout_seconds,
            odd_share=given.odd_share,
            deadline=given.deadline_seconds,
        )
    )


def gmail_access(settings: Settings) -> Access:
    """Where the mailbox's credentials are."""
    from zakaz_dagster.sources.gmail.auth import Access

    given = settings.gmail
    return Access(
        token_file=given.token_file or settings.platform.data_dir / "tokens" / "gmail.json",
        credentials_file=given.credentials_file,
        delegate=given.delegate,
        token_uri=given.token_uri,
        marks=bool(given.processed_label),
    )


def gmail_api(settings: Settings) -> GmailApi:
    """Gmail API, as the owner of the mailbox or as a service account in the owner's name."""
    from zakaz_dagster.sources.gmail.api import ApiConfig, GmailApi
    from zakaz_dagster.sources.gmail.auth import credentials

    settings.need("gmail")
    given = settings.gmail
    config = ApiConfig(
        endpoint=given.api_endpoint,
        page_size=given.page_size,
        timeout=given.timeout_seconds,
        deadline=given.deadline_seconds,
    )
    return GmailApi(config, credentials(gmail_access(settings)))


def gmail(settings: Settings) -> Mailbox:
    """The mailbox that receives QTickets' report mails."""
    from zakaz_dagster.seeds import city_index, seed
    from zakaz_dagster.sources.gmail.report_lines import Reading, sales_columns
    from zakaz_dagster.sources.gmail.senders import Senders
    from zakaz_dagster.sources.gmail.source import Mailbox, reader_of
    from zakaz_dagster.tables.limits import Limits

    given = settings.gmail
    limits = Limits(part_bytes=given.max_bytes)
    decimal = "" if given.decimal_comma is None else "," if given.decimal_comma else "."
    reading = Reading(sales_columns(), city_index(), decimal, limits=limits)
    senders = Senders(given.allowed_senders, given.authserv_id)
    return Mailbox(
        gmail_api(settings),
        reading,
        senders,
        query=given.query,
        reader=reader_of(reading, senders, seed("city_aliases")),
        max_messages=given.max_messages,
    )


def stored(store: Warehouse, table: str, schema: pa.Schema) -> pa.Table:
    """A dimension as it stands, in the source's own types."""
    return store.query(f"SELECT {', '.join(schema.names)} FROM {table} FINAL", schema=schema)  # noqa: S608  names of our own files


def vk_ads_api(settings: Settings) -> VkAdsApi:
    """VK Ads' API of the organiser's cabinet."""
    from zakaz_dagster.sources.vk_ads.api import ApiConfig, VkAdsApi

    given = settings.vk_ads
    return VkAdsApi(
        ApiConfig(
            base_url=given.base_url,
            client_id=given.client_id,
            client_secret=given.client_secret.get_secret_value(),
            token_file=given.token_file or settings.platform.data_dir / "tokens" / "vk_ads.json",
            page_size=given.page_size,
            requests_per_second=given.requests_per_second,
            timeout=given.timeout_seconds,
            odd_share=given.odd_share,
            deadline=given.deadline_seconds,
        )
    )


def vat(settings: Settings) -> Vat:
    """The rates of VAT that VK's money is given without."""
    from zakaz_dagster.sources.vk_ads.rows import Vat

    return Vat(settings.vk_ads.vat_pct, settings.vk_ads.vat_earlier)
