"""A small installation under watch: an engine, a sandbox, Dagster's instance on disk and a mail server, all real.

Its clock is the machine's; `ingest.prefetch` moves only what the watch takes for the present. Everything is loaded through the
platform's own jobs, so a new stage is green and whatever is red later was broken by somebody.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dagster as dg
from click.testing import CliRunner
from dagster import DagsterInstance

from zakaz_dagster import definitions as platform
from zakaz_dagster import resources, timezone
from zakaz_dagster.alerts import store
from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster.cli import main, watch_options
from zakaz_dagster.datalens import preview
from zakaz_dagster.defs.operations.run_history import reader
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev import stack as local
from zakaz_dagster.health.look import Subjects
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings, is_ours
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import client, schema
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests._private import DaemonHeartbeat
from zakaz_dagster_tests.plugins import clickhouse
from zakaz_dagster_tests.plugins.clickhouse import Endpoint
from zakaz_dagster_tests.plugins.mailbox import Mailbox
from zakaz_dagster_tests.plugins.sandbox import Sandbox, running

LOADS = ("vk_ads_daily", "yandex_direct_daily", "qtickets_reload")  # the last one builds the shared facts
AT_ONCE = dg.RetryPolicy(max_retries=0)
OPTIONS = {
    "ALERT_SMTP_SECURITY": "none",
    "ALERT_EMAIL_TO": "boss@example.org",
    "ALERT_EMAIL_FROM": "zakaz@example.org",
    "ALERT_TIMEOUT_SECONDS": "3",
    "ALERT_QUIET_HOURS": "0-0",
    "ALERT_SETTLE_MINUTES": "0",
    **{f"{vendor}_{name}_SECONDS": "6" for vendor in ("QTICKETS", "VK_ADS", "DIRECT") for name in ("DEADLINE", "TIMEOUT")},
}  # fmt: skip


@dataclass
class Stage:
    """The installation, and what people do to it and see of it."""

    home: Path
    mailbox: Mailbox
    sandbox: Sandbox
    endpoint: Endpoint
    settings: Settings
    definitions: dg.Definitions
    instance: DagsterInstance
    alerts: Alerts
    subjects: Subjects
    engine: ExitStack
    patch: Any
    held: Any = None
    ahead: timedelta = timedelta(0)
    alive: bool = True

    @property
    def warehouse(self) -> Warehouse:
        return resources.warehouse(self.settings)

    @property
    def runs_file(self) -> Path:
        """Dagster's database of runs."""
        return self.home / "dagster" / "history" / "runs.db"

    @property
    def today(self) -> date:
        return datetime.now(MOSCOW).date()

    def day(self, back: int) -> date:
        return self.today - timedelta(days=back)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sql(self, *statements: str) -> None:
        """Rows as nobody should ever write them."""
        for statement in statements:
            mutation = {"mutations_sync": "2"} if statement.startswith("ALTER") else None
            self.warehouse.command(statement, settings=mutation)

    def run(self, job: str, first: int = 0, last: int | None = None) -> execution.Outcome:
        """A job for the days from `first` days ago to `last`, one day when that is left out."""
        days = Days(self.day(first), self.day(first if last is None else last))
        return execution.run_job(self.definitions, self.instance, job, days)

    def check(self, *names: str) -> None:
        """These checks again, or all of these tables', as their button in the UI does."""
        job = self.definitions.resolve_job_def("all_checks")
        keys = job.asset_layer.asset_graph.asset_check_keys
        wanted = {
            key
            for key in keys
            if {key.asset_key.to_user_string(), f"{key.asset_key.to_user_string()}__{key.name}"} & {*names}
        }
        job.get_subset(asset_check_selection=wanted).execute_in_process(instance=self.instance, raise_on_error=False)

    def beat(self, age: timedelta = timedelta(0)) -> None:
        """A sign of life of every daemon, as old as that."""
        at = (datetime.now(UTC) - age).timestamp()
        for name in self.instance.get_required_daemon_types():
            self.instance.add_daemon_heartbeat(DaemonHeartbeat(at, name, "story", []))

    def tick(self) -> dg.SensorResult | Any:
        """One tick of the alerts sensor."""
        if self.alive:
            self.beat()
        sensor = self.definitions.resolve_sensor_def("alerts")
        resources = {"watch": self.subjects, "alerts": self.alerts}
        with dg.build_sensor_context(
            instance=self.instance, repository_def=self.definitions.get_repository_def(), resources=resources
        ) as context:
            return sensor.evaluate_tick(context)

    def mails(self) -> list[EmailMessage]:
        """What one tick sends."""
        before = len(self.mailbox.mails)
        self.tick()
        return self.mailbox.mails[before:]

    def smoke(self, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """`zakaz smoke --output`: its exit code, and its checks by name."""
        path = self.home / "smoke.json"
        result = CliRunner().invoke(main, ["smoke", "--output", str(path), *options])
        assert result.exit_code in (0, 1, 2), result.output
        return result.exit_code, {each["name"]: each for each in json.loads(path.read_text())["checks"]}

    def setting(self, name: str, value: str) -> None:
        """A setting changes, and the watch is made anew from all of them."""
        self.patch.setenv(name, value)
        self.subjects = watch.subjects(Settings())

    def fresh_memory(self) -> None:
        """As if nothing had ever been told, by a watch that has run for a month."""
        for path in self.home.glob("alerts.sqlite3*"):
            path.unlink()
        with closing(store.Store(self.home / "alerts.sqlite3")) as memory, memory.writing() as connection:
            month = timedelta(days=30).total_seconds()
            connection.execute(
                "INSERT INTO watching VALUES (1, :now - :month, :now)", {"now": time.time(), "month": month}
            )

    def stop_clickhouse(self) -> None:
        self.engine.close()

    def start_clickhouse(self) -> None:
        """The same data at the same port."""
        where = clickhouse.serving(self.home / "clickhouse", f"--port={self.endpoint.port}")
        self.endpoint = self.engine.enter_context(where)


@contextmanager
def staged(home: Path, patch: Any, *, days: int, orders: int = 12) -> Iterator[Stage]:
    """A stage whose last `days` days are loaded; with none, no account is configured and nothing was ever loaded."""
    with ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox())
        sandbox = stack.enter_context(running(now=None, days=max(days, 2), orders_per_day=orders, groups=1, ads=1))
        engine = stack.enter_context(ExitStack())
        endpoint = engine.enter_context(clickhouse.serving(home / "clickhouse"))
        _environment(patch, home, endpoint, sandbox, mailbox, accounts=days > 0)
        for name, module in list(sys.modules.items()):
            if name.startswith("zakaz_dagster.defs.") and hasattr(module, "RETRY"):
                patch.setattr(module, "RETRY", AT_ONCE)
        patch.setattr(store, "SHARED_MEMORY", home)
        patch.setattr(preview, "write", lambda *_: [])  # the pages have a story of their own
        patch.setattr(client.WarehouseConfig, "patience", 0.5)
        settings = Settings()
        schema.apply(resources.warehouse(settings))
        definitions = platform.build_definitions(settings)
        local.dagster_home(home)
        instance = stack.enter_context(execution.instance_at_home())
        execution.set_pool_limits(definitions, instance)
        made = Stage(
            home, mailbox, sandbox, endpoint, settings, definitions, instance, watch.alerts(settings),
            watch.subjects(settings), engine, patch,
        )  # fmt: skip
        facts = reader(definitions, timezone.now)
        patch.setattr(watch_options, "_reader", lambda _: facts)
        patch.setattr(timezone, "now", made.now)
        if days:
            _load(made, days)
        yield made


def _environment(
    patch: Any, home: Path, endpoint: Endpoint, sandbox: Sandbox, mailbox: Mailbox, *, accounts: bool
) -> None:
    values = local.environment(str(endpoint.port), sandbox.url, home) | OPTIONS
    values |= {"CLICKHOUSE_PASSWORD": endpoint.password, "ALERT_SMTP_HOST": "127.0.0.1"}
    values |= {"ALERT_SMTP_PORT": str(mailbox.port)}
    for name in [name for name in os.environ if is_ours(name)]:
        patch.delenv(name)
    for name, value in values.items():
        if name != "ALERT_FOLDER" and (
            accounts or not name.startswith(("QTICKETS_T", "VK_ADS_CLIENT", "DIRECT_T", "DIRECT_L"))
        ):
            patch.setenv(name, value)


def _load(stage: Stage, days: int) -> None:
    """The history, the running day, and every check once."""
    for job in LOADS:
        assert (outcome := stage.run(job, days, 1)).success, outcome.error
    assert stage.run("qtickets_refresh", 0).success
    assert stage.run("marts_refresh", days, 0).success  # with the catalogue that came last
    stage.beat()
    outcome = execution.run_job(stage.definitions, stage.instance, "all_checks")
    assert outcome.success, outcome.error
