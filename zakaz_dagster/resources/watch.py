"""From settings to the watch: what is looked at, where alerts go and what they say. For the same users as `resources`.

Belongs here: translating settings, descriptions and SQL files into `health` and `alerts`. Does not: rules.
Dagster loads this for every run; what only a round of the watch needs is imported by its maker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from zakaz_dagster import resources
from zakaz_dagster.health.freshness import Watched
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.base import SourceDescription
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION as VK_ADS
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION as DIRECT
from zakaz_dagster.warehouse import lineage_cache
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import day_column

if TYPE_CHECKING:
    from zakaz_dagster.alerts.mail import View
    from zakaz_dagster.alerts.phrases import Phrase
    from zakaz_dagster.alerts.send import Channel
    from zakaz_dagster.alerts.service import Alerts
    from zakaz_dagster.health.look import Subjects
    from zakaz_dagster.warehouse.client import Warehouse

# Group of settings to the description of its source; the mailbox is a backup and is watched by its own checks.
SOURCES: Mapping[str, SourceDescription] = {"qtickets": QTICKETS, "vk_ads": VK_ADS, "direct": DIRECT}
QUICK_SECONDS, FULL_SECONDS = 5, 60


def subjects(settings: Settings, *, full: bool = False) -> Subjects:
    """What the watch looks at. It asks ClickHouse briefly and does not insist: not answering is an answer."""
    from zakaz_dagster.alerts.incidents import QuietHours
    from zakaz_dagster.health import infrastructure
    from zakaz_dagster.health.infrastructure import Limits
    from zakaz_dagster.health.look import Subjects

    quiet = QuietHours.parse(settings.alerts.quiet_hours)
    given, memory = settings.health, alerts(settings)
    own = infrastructure.settings(settings.faults, settings.warnings)
    return Subjects(
        warehouse=_brief(resources.warehouse(settings), FULL_SECONDS if full else QUICK_SECONDS),
        reader=_reader(settings),
        watched=list(watched(settings)),
        limits=Limits(given.disk_warning_pct, given.disk_error_pct, given.backup_hours),
        working=lambda moment: not quiet.covers(moment),
        folders=[settings.platform.data_dir],
        started=memory.watching_since,
        others=lambda now: [*memory.verdicts(now), own],
    )


def watched(settings: Settings) -> Iterator[Watched]:
    """The sources; one without its settings is left alone until it has been loaded once."""
    for group, about in SOURCES.items():
        table = main_table(about)
        yield Watched(
            name=about.name,
            label=about.label,
            table=table,
            day_column=day_column(table),
            warn_minutes=about.warn_minutes,
            fail_minutes=about.fail_minutes,
            includes_today=about.includes_today,
            start=settings.platform.start_date,
            among=dict(about.partition.get(table, {})),
            enabled=not getattr(settings, group).missing(),
        )


def main_table(about: SourceDescription) -> str:
    """The table whose rows are what the source is read for: the last one of its day tables."""
    return list(about.tables)[-1]


def alerts(settings: Settings) -> Alerts:
    """Open incidents beside the platform's data, and the channels that are set."""
    from zakaz_dagster.alerts.incidents import QuietHours, Rules
    from zakaz_dagster.alerts.mail import About
    from zakaz_dagster.alerts.outbox import Limits
    from zakaz_dagster.alerts.service import Alerts

    given = settings.alerts
    _views_of()  # now, so that no mail has to wait for it
    return Alerts(
        path=settings.platform.data_dir / "alerts.sqlite3",
        channels=list(_channels(settings)),
        rules=Rules(
            settle=timedelta(minutes=given.settle_minutes),
            reminder=timedelta(hours=given.reminder_hours),
            quiet=QuietHours.parse(given.quiet_hours),
        ),
        limits=Limits(given.mails_per_hour, given.mails_per_day),
        about=About(
            ui_url=settings.platform.ui_url,
            runbook_url=f"{settings.platform.docs_url}/troubleshooting/" if settings.platform.docs_url else "",
            labels=_labels(),
            checks=_check_phrases(),
            affected=affected_views,
        ),
    )


def affected_views(names: Iterable[str]) -> list[View]:
    """The views people read that show what these tables hold, by the SQL's own lineage."""
    shown = {view for name in names for view in _views_of().get(name, ())}
    return [view for view in _views() if view in shown]


def _channels(settings: Settings) -> Iterator[Channel]:
    from zakaz_dagster.alerts.send import AppriseUrl, Folder, Smtp

    given = settings.alerts
    if given.smtp_host and given.email_to:
        yield Smtp(
            host=given.smtp_host,
            port=given.smtp_port,
            sender=given.email_from or given.smtp_user or given.email_to[0],
            recipients=given.email_to,
            user=given.smtp_user,
            password=given.smtp_password.get_secret_value(),
            security=given.smtp_security,
            ca_cert=str(given.smtp_ca_cert or ""),
            timeout=given.timeout_seconds,
        )
    for url in given.apprise_urls.get_secret_value().split(","):
        if url.strip():
            yield AppriseUrl(url.strip())
    if given.folder is not None:
        yield Folder(given.folder)


def _brief(wh: Warehouse, seconds: int) -> Warehouse:
    return wh.connect(replace(wh.config, patience=1.0, timeout=seconds))


def _reader(settings: Settings) -> Warehouse | None:
    given = settings.clickhouse
    if not given.reader_user:
        return None
    return _brief(resources.reader(settings), QUICK_SECONDS)


@cache
def _views_of() -> Mapping[str, frozenset[View]]:
    """Every table and view to the views that show what it holds."""
    from zakaz_dagster.warehouse.downstream import downstream, readers

    read_by = readers([*load("builds").values(), *load("views").values()])
    found = {name: downstream(read_by, [name]) for name in {*read_by, *load("views")}}
    return {name: frozenset(view for view in _views() if view.name in below) for name, below in found.items()}


@cache
def _views() -> tuple[View, ...]:
    """The views, each with the titles of the dashboard's pages that show it."""
    from yaml import safe_load

    from zakaz_dagster.alerts.mail import View
    from zakaz_dagster.datalens.spec import SPEC_FILE

    spec = safe_load(SPEC_FILE.read_text("utf-8"))
    pages: dict[str, dict[str, None]] = {}
    for page in spec["pages"].values():
        for chart in page["charts"].values():
            pages.setdefault(spec["datasets"][chart["dataset"]]["view"], {})[page["title"]] = None
    return tuple(
        View(name, lineage_cache.comment(statement), tuple(pages.get(name, ())))
        for name, statement in load("views").items()
    )


def _labels() -> dict[str, str]:
    return {table: about.label for about in SOURCES.values() for table in about.tables}


@cache
def _check_phrases() -> dict[str, Phrase]:
    """A check's own words in Russian; without them its title stands as it is."""
    from zakaz_dagster.alerts.phrases import Phrase

    return {
        name: Phrase(
            statement.meta.get("ru", f"Проверка не прошла: {statement.title.rstrip('.')}"),
            statement.meta.get("ru_action", ""),
            statement.meta.get("ru_means", ""),
        )
        for name, statement in load("checks").items()
    }
