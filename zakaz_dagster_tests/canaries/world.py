"""An installation whose every secret and every buyer is a canary, and everything that such an installation does.

Belongs here: settings, what is run, where it may have written. Does not: the search (`search`), what is asserted.
"""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from click.testing import CliRunner

from zakaz_dagster import timezone
from zakaz_dagster.cli import main, watch_options
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.operations.run_history import reader
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev import stack as local
from zakaz_dagster.dev.sandbox.world.people import Person
from zakaz_dagster.logs import JsonLines
from zakaz_dagster.settings import GROUPS, is_ours
from zakaz_dagster_tests.canaries import search
from zakaz_dagster_tests.canaries.mirror import Mirror, standing
from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import PROJECT, Endpoint, serving
from zakaz_dagster_tests.plugins.mailbox import USER, Mailbox
from zakaz_dagster_tests.plugins.sandbox import Sandbox, running
from zakaz_dagster_tests.plugins.scripted import ScriptedServer

DISK = """<clickhouse>
  <storage_configuration><disks><backups><type>local</type><path>{path}/</path></backups></disks></storage_configuration>
  <backups><allowed_disk>backups</allowed_disk></backups>
</clickhouse>"""
MARKER = "Zone/Kontrolmarker"  # no person: what a record put aside holds must be found, or the search sees nothing
# Of a person where nobody expects one: tags, texts of the cabinet, keys that nobody has documented.
MAIL, PHONE, NAME = "odd.place@planted-odd.example", "+79995550123", "Нечаянникова"
ODD = {
    "utm": {"utm_source": "mail", "utm_content": MAIL, "utm_term": MAIL.replace("@", "%40"), "utm_campaign": PHONE},
    "custom": {"answers": [{"question": "Как вас зовут?", "answer": NAME}], "phone": PHONE},
    "baskets.refunds": [{"client": {"name": NAME, "email": MAIL}}],
    "baskets.comment": f"{NAME}, {PHONE}",
    "baskets.legal_name": NAME,
    "new_key": {"deep": [[{"email": MAIL, "name": NAME}]]},
    "city.timezone": MARKER,  # of the first event
}
OPENS = {
    "QTICKETS_TOKEN": local.SANDBOX_TOKEN,
    "DIRECT_TOKEN": local.SANDBOX_TOKEN,
    "VK_ADS_CLIENT_SECRET": "sandbox-vk-secret",
    "GMAIL_SECRET": "sandbox-gmail-secret",
    "GMAIL_REFRESH": "sandbox-gmail-refresh",
}
FREE = ("GMAIL_SECRET", "GMAIL_REFRESH")  # they stand in a token file, not in a setting
JOBS = ("qtickets_reload", "vk_ads_daily", "yandex_direct_daily", "gmail_load")
HOME, OUTSIDE = "home", "outside"  # what the platform writes; what others give it


def secret_settings() -> list[str]:
    """Every variable that holds a secret."""
    return [
        group.variable(name)
        for group in GROUPS.values()
        for name, about in group.model_fields.items()
        if "SecretStr" in str(about.annotation)
    ]


def canary(variable: str) -> str:
    """A value of its own for each, with characters that every format escapes in its own way."""
    return f"kenar-{variable.lower().replace('_', '/')}+Zq{sum(variable.encode()):04d}="


@dataclass
class Installation:
    """What runs, and what it has said so far."""

    home: Path
    endpoint: Endpoint
    sandbox: Sandbox
    mailbox: Mailbox
    mirror: Mirror
    front: ScriptedServer  # the way to ClickHouse through a proxy that echoes
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    logs: dict[str, io.StringIO]
    backups: Path
    said: list[tuple[str, str]] = field(default_factory=list)
    outcomes: dict[str, bool] = field(default_factory=dict)

    def command(self, *arguments: str, **environment: str) -> str:
        """A verb of `zakaz` in this process; what it printed."""
        done = CliRunner(env=dict(environment)).invoke(main, list(arguments))
        text = f"{done.output}{done.stderr}"
        self.said.append((f"stdout of {' '.join(arguments[:2])}", text))
        self.outcomes[" ".join(arguments[:2])] = done.exit_code in (0, 1, 2)
        return text

    def program(self, *arguments: str) -> None:
        """The same in a process of its own, whose standard error is a log of JSON lines."""
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, env={**os.environ, "ZAKAZ_LOG_JSON": "true"}, timeout=240, check=False)  # fmt: skip
        self.said.append((f"process {' '.join(arguments[:3])}", done.stdout + done.stderr))

    def run(self, job: str, back: int = 1) -> execution.Outcome:
        day = timezone.today() - timedelta(days=back)
        done = execution.run_job(self.definitions, self.instance, job, None if job == "gmail_load" else Days(day, day))
        self.said.append((f"outcome of {job}", done.error))
        return done

    def loaded_again(self, *tables: str) -> None:
        """These tables for yesterday, without what is built from them."""
        day = timezone.today() - timedelta(days=1)
        job = self.definitions.resolve_job_def("__ASSET_JOB")
        chosen = job.get_subset(asset_selection={dg.AssetKey(table) for table in tables})
        chosen.execute_in_process(instance=self.instance, tags=Days(day, day).tags, raise_on_error=False)

    def echoed(self, job: str, status: int, shape: str) -> None:
        """A run while everybody who is asked repeats the request."""
        before = self.mirror.echoed
        with self.mirror.echoing(status, shape):
            assert not self.run(job).success, (job, status, shape)
        assert self.mirror.echoed > before

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Everything that was written, by where it stands."""
        yield from ((name, text.encode()) for name, text in self.said)
        yield from ((f"log {name}", log.getvalue().encode("utf-8", "replace")) for name, log in self.logs.items())
        for number, mail in enumerate(self.mailbox.mails):
            yield from search.unpacked(f"mail {number}.eml", mail.as_bytes())
        yield from search.files(self.home)
        yield from ((f"backup {name}", content) for name, content in search.files(self.backups))
        yield from self._tables()

    def _tables(self) -> Iterator[tuple[str, bytes]]:
        self._ask("SYSTEM FLUSH LOGS")
        listed = "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree' OR database || name IN ('systembackups', 'systemerrors', 'systemtables', 'systemprocesses')"
        for line in self._ask(f"{listed} FORMAT TSV").decode().splitlines():
            database, name = line.split("\t")
            content = self._ask(f"SELECT * FROM `{database}`.`{name}` FORMAT JSONEachRow")
            yield f"table {database}.{name}", content

    def _ask(self, sql: str) -> bytes:
        reply = send(self.endpoint, sql)
        assert reply.status == 200, reply.text
        return reply.body


def keys() -> dict[str, str]:
    """Each canary that is sent to the sandbox, and what opens it."""
    return {canary(name): key for name, key in OPENS.items()}


def settings(home: Path, endpoint: Endpoint, url: str, mailbox: Mailbox) -> dict[str, str]:
    """Every secret setting with its canary; those of one lock share one."""
    found = {name: canary(name) for name in secret_settings()}
    database = canary("CLICKHOUSE_PASSWORD")
    found |= dict.fromkeys(("CLICKHOUSE_READER_PASSWORD", "BACKUP_PASSWORD"), database)
    found["ALERT_APPRISE_URLS"] = (
        f"json://{url.removeprefix('http://')}/hook/{canary('ALERT_APPRISE_URLS').replace('/', '-')}"
    )
    return found | {
        "CLICKHOUSE_READER_USER": "default", "BACKUP_USER": "default", "BACKUP_DISK": "backups",
        "ALERT_SMTP_HOST": "127.0.0.1", "ALERT_SMTP_PORT": str(mailbox.port), "ALERT_SMTP_USER": USER,
        "ALERT_SMTP_CA_CERT": mailbox.ca_cert, "ALERT_EMAIL_TO": "boss@example.org", "ALERT_EMAIL_FROM": "z@example.org",
        "ALERT_QUIET_HOURS": "0-0", "ALERT_SETTLE_MINUTES": "0", "ALERT_TIMEOUT_SECONDS": "5",
        "DATALENS_BASE_URL": url, "DATALENS_ORG_ID": "org", "DATALENS_WORKBOOK_ID": "book",
        "ZAKAZ_LOG_JSON": "true", "ZAKAZ_START_DATE": str(timezone.today() - timedelta(days=4)),
        **{f"{name}_DEADLINE_SECONDS": "2" for name in ("QTICKETS", "VK_ADS", "DIRECT", "GMAIL")},
    }  # fmt: skip


def write_secrets(folder: Path, values: dict[str, str]) -> None:
    """The settings as files of a secrets folder, as an installation has them."""
    folder.mkdir(mode=0o700)
    for group in GROUPS.values():
        own = {name: value for name, value in values.items() if name.startswith(group.prefix)}
        path = folder / f"{group.file}.env"
        path.touch(0o600)
        path.write_text("".join(f"{name}='{value}'\n" for name, value in own.items()))


@contextmanager
def installed(place: Path, patch: Any) -> Iterator[Installation]:
    """The installation, running and empty."""
    home, outside, disk = (place / name for name in (HOME, OUTSIDE, "disk"))
    for folder in (outside, disk):
        folder.mkdir(parents=True)
    (outside / "engine.xml").write_text(DISK.format(path=disk))
    password = canary("CLICKHOUSE_PASSWORD")
    with ExitStack() as held:
        mailbox = held.enter_context(Mailbox(outside, "starttls", login=True, password=canary("ALERT_SMTP_PASSWORD")))
        sandbox = held.enter_context(running(now=None, days=3, orders_per_day=12, groups=1, ads=1))
        people = [f"{one.first_name} {one.surname} {one.email} {one.phone}" for one in map(Person, range(8))]
        mirror, server = held.enter_context(standing(sandbox.url, keys(), people))
        options = ("--config-file", str(outside / "engine.xml"), "--allow=disk")
        endpoint = held.enter_context(serving(home / "clickhouse", *options, password=password))
        _, front = held.enter_context(_proxy(endpoint, people))
        values = local.environment(str(endpoint.port), server.url, home)
        values |= settings(home, endpoint, server.url, mailbox)
        outer = {name: values.pop(name) for name in ("DAGSTER_HOME", "PYTHONPATH")}
        values.pop("ALERT_FOLDER")
        values.pop("ZAKAZ_SECRETS_DIR")
        write_secrets(outside / "secrets", values)
        for name in [name for name in os.environ if is_ours(name)]:
            patch.delenv(name)
        for name, value in {**outer, "ZAKAZ_SECRETS_DIR": str(outside / "secrets")}.items():
            patch.setenv(name, value)
        _consent(home)
        logs = held.enter_context(_logging(patch))
        _without_retries(patch)
        local.dagster_home(home)
        definitions = build_definitions()
        facts = reader(definitions, timezone.now)
        patch.setattr(watch_options, "_reader", lambda _: facts)
        instance = held.enter_context(execution.instance_at_home())
        execution.set_pool_limits(definitions, instance)
        yield Installation(home, endpoint, sandbox, mailbox, mirror, front, instance, definitions, logs, disk)


@contextmanager
def _proxy(endpoint: Endpoint, people: list[str]) -> Iterator[tuple[Mirror, ScriptedServer]]:
    with standing(endpoint.url, {canary("CLICKHOUSE_PASSWORD"): endpoint.password}, people) as made, made[0].echoing(407, "proxy"):  # fmt: skip
        yield made


def _consent(home: Path) -> None:
    path = local.gmail_consent(home)
    found = json.loads(path.read_text())
    found |= {"client_secret": canary("GMAIL_SECRET"), "refresh_token": canary("GMAIL_REFRESH")}
    path.write_text(json.dumps(found))


@contextmanager
def _logging(patch: Any) -> Iterator[dict[str, io.StringIO]]:
    """All that is logged by anybody, as text of ours and as JSON lines."""
    root, made = logging.getLogger(), {"text": io.StringIO(), "json": io.StringIO()}
    handlers = [logging.StreamHandler(stream) for stream in made.values()]
    handlers[1].setFormatter(JsonLines())
    for handler in handlers:
        handler.addFilter(lambda record: record.name != "mail.log")  # the mail server of the test itself
        root.addHandler(handler)
    patch.setattr(root, "level", logging.DEBUG)
    yield made
    for handler in handlers:
        root.removeHandler(handler)


def _without_retries(patch: Any) -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("zakaz_dagster.defs.") and hasattr(module, "RETRY"):
            patch.setattr(module, "RETRY", dg.RetryPolicy(max_retries=0))
