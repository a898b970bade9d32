"""QTickets is away for a day: the mail fills it through Dagster, people are told once, and the API gets the day back."""

from __future__ import annotations

import email
import stat
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy

import dagster as dg
import pytest
from click.testing import CliRunner

from zakaz_dagster import resources
from zakaz_dagster.cli.doctor import doctor
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.operations import run_history
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START, Days
from zakaz_dagster.dev import stack
from zakaz_dagster.health.failover import State
from zakaz_dagster.health.processes import run_verdicts
from zakaz_dagster.ingest.catalogue import build_dimensions, replace_catalogue
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.ingest.dictionaries import read_tags
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load as load_statements
from zakaz_dagster_tests._private import connect_once
from zakaz_dagster_tests.plugins.sandbox import running

EVERY, FIRST = timedelta(hours=4), timedelta(minutes=25)  # of the sandbox's report mails
DAY = timedelta(days=1)
SALES = """
SELECT groupUniqArray(sales_source) AS sources, sum(tickets_sold) AS sold, sum(tickets_free) AS free,
    sum(tickets_refunded) AS refunded, sum(revenue_rub) AS revenue, sum(refunds_rub) AS refunds
FROM {view} WHERE date = {{day:Date}}
"""
SALES_FACTS = tuple(build_ledger.behind(["stg_qtickets_sales_raw"]))
TRUTH = ("tickets_sold", "tickets_free", "tickets_refunded", "revenue", "refunds")


class Platform:
    """The definitions in this process, with the daemon's part played by the test."""

    def __init__(self, instance: dg.DagsterInstance, warehouse) -> None:
        self.settings = Settings()
        self.definitions = build_definitions(self.settings)
        self.instance, self.warehouse = instance, warehouse
        self.resources = {
            "warehouse": warehouse,
            "watch": watch.subjects(self.settings),
            "alerts": watch.alerts(self.settings),
        }
        watched = datetime.now(UTC) - timedelta(hours=1)
        self.cursors = {"gmail_failover": State(watched + timedelta(minutes=59), watched).text()}

    def run(self, name: str, days: Days | None = None) -> None:
        """The job without the checks beside it and the pages, whose seconds prove nothing here."""
        job = self.definitions.resolve_job_def(name)
        loads = {key for key in job.asset_layer.selected_asset_keys if key.to_user_string() != "bi_preview"}
        within = {key for key in job.asset_layer.asset_graph.asset_check_keys if key.name == "every_record_accounted"}
        own = job.get_subset(
            asset_selection=loads, asset_check_selection={key for key in within if key.asset_key in loads}
        )
        assert own.execute_in_process(instance=self.instance, tags=days.tags if days else None).success

    def load_from_api(self, day) -> None:
        """What the schedule's run does, without its checks and pages."""
        source = resources.qtickets(self.settings)
        load_days(source, DESCRIPTION, self.warehouse, day, day, Load("api"))
        replace_catalogue(self.warehouse, source.catalogue(), run_id="api")
        build_dimensions(self.warehouse, "api")
        read_tags(self.warehouse, day, day)
        for fact in SALES_FACTS:
            rebuild(self.warehouse, load_statements("builds")[fact], day, day)

    def tick(self, name: str) -> list[str]:
        """Evaluate a sensor once and run to the end what it asks for; the names of the jobs."""
        sensor = self.definitions.resolve_sensor_def(name)
        needed = {key: self.resources[key] for key in sensor.required_resource_keys}
        with dg.build_sensor_context(self.instance, self.cursors.get(name), resources=needed) as context:
            result = sensor.evaluate_tick(context)
        self.cursors[name] = result.cursor
        asked = list(result.run_requests or [])
        jobs = [request.job_name or sensor.job_name for request in asked]
        for job, request in zip(jobs, asked, strict=True):
            span = [request.tags.get(end) for end in (RANGE_START, RANGE_END)]
            days = Days(*(datetime.fromisoformat(end).date() for end in span)) if all(span) else None
            self.run(job, days)
        return jobs

    def sales(self, view: str, day) -> tuple:
        (row,) = self.warehouse.rows(SALES.format(view=view), {"day": day})
        return tuple(row.values())

    def mails(self) -> list[email.message.EmailMessage]:
        files = sorted(self.settings.alerts.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def newest_report(now: datetime) -> datetime:
    first = now.astimezone(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0) + FIRST
    return first + (now - first) // EVERY * EVERY


@pytest.fixture
def world():
    """Stands still a second after its newest report, so that the report says all that has happened."""
    at = newest_report(datetime.now(UTC)) + timedelta(seconds=1)
    with running(now=at.isoformat(), days=2, orders_per_day=12, groups=1) as sandbox:
        yield sandbox


@contextmanager
def platform_of(sandbox, warehouse, tmp_path, monkeypatch):
    stack.gmail_consent(tmp_path)
    given = stack.environment(str(warehouse.config.port), sandbox.url, tmp_path)
    own = {
        "CLICKHOUSE_PASSWORD": warehouse.config.password,
        "CLICKHOUSE_DATABASE": warehouse.config.database,
        "ALERT_SETTLE_MINUTES": "0",
    }
    for name, value in {**given, **own}.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.ephemeral() as instance:
        connect_once(instance)
        yield Platform(instance, warehouse)


def expected(world, day, source: str) -> tuple:
    sales = world.truth(day)["sales"]
    return ([source], *(int(sales[name]) if "tickets" in name else float(sales[name]) for name in TRUTH))


@pytest.fixture
def platform(world, warehouse, tmp_path, monkeypatch):
    with platform_of(world, warehouse, tmp_path, monkeypatch) as made:
        yield made


def test_a_day_without_qtickets_is_filled_from_the_mail_and_returns_to_the_api(world, platform):
    today = datetime.now(MOSCOW).date()
    day, before = today - DAY, today - 2 * DAY
    platform.load_from_api(before)
    world.fault("qtickets", off=True)

    assert platform.tick("gmail_failover") == ["gmail_load"]
    assert set(platform.tick("facts_follow_loads")) == {"marts_refresh"}
    for view in ("v_sales_latest", "v_sales_daily"):
        assert platform.sales(view, day) == expected(world, day, "mail")
    assert platform.tick("gmail_failover") == []
    assert f"days from the mail: {day}" in " ".join(CliRunner().invoke(doctor).output.split())

    world.fault("qtickets", off=False)
    platform.load_from_api(today)
    assert platform.tick("gmail_failover") == ["qtickets_reload"]
    for view in ("v_sales_latest", "v_sales_daily"):
        assert platform.sales(view, day) == expected(world, day, "api")
    assert platform.tick("gmail_failover") == []

    away, back = platform.mails()
    assert away["Subject"] == "Zakaz: ошибка — QTickets не загружается: продажи временно берутся из почты"
    assert back["Subject"] == "Zakaz: решено — QTickets не загружается: продажи временно берутся из почты"
    sold = world.truth(day)["sales"]["tickets_sold"]
    text = back.get_body(("plain",)).get_content()
    assert f"— {day:%d.%m.%Y}: билетов {sold}, выручка" in text


@pytest.fixture
def reader_of_mails(sandbox, sparse_warehouse, tmp_path, monkeypatch):
    """As much of the platform as a refused mailbox needs."""
    with platform_of(sandbox, sparse_warehouse("stg_gmail_messages"), tmp_path, monkeypatch) as made:
        yield made


def test_a_revoked_token_is_told_with_the_command_that_renews_it(sandbox, reader_of_mails):
    platform = reader_of_mails
    sandbox.fault("gmail", revoked=True)
    outcome = execution.run_job(platform.definitions, platform.instance, "gmail_load")
    assert not outcome.success
    now = datetime.now(UTC)
    failed = list(run_history._failed(platform.instance, platform.definitions.get_repository_def(), now))
    known = [run_history._with_error(platform.instance, run) for run in failed]
    platform.resources["alerts"].notify(run_verdicts(known, [], ["gmail_load"]), now)
    (mail,) = platform.mails()
    assert mail["Subject"] == "Zakaz: ошибка — Загрузка gmail_load не удалась"
    assert "run `zakaz gmail authorize`" in " ".join(mail.get_body(("plain",)).get_content().split())


def test_the_sandbox_consent_is_for_its_owner_only(tmp_path):
    assert stat.S_IMODE(stack.gmail_consent(tmp_path).stat().st_mode) == 0o600
