"""Every command of the documents is typed, in one small installation: sandbox, engine, a few days, a DataLens.

They run in this process, in the order of an operator's first days. What is not typed here stands in NOT_TYPED with its
reason; a new command in a document is typed here by itself, or fails until it is given what it needs.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from zakaz_dagster import resources, timezone
from zakaz_dagster.dev.stack import dagster_home, environment, gmail_consent
from zakaz_dagster.installation import UNITS
from zakaz_dagster.settings import Settings, is_ours
from zakaz_dagster_tests.contract.backup.test_backup import ALLOWED, CONFIG
from zakaz_dagster_tests.contract.datalens_server import DataLens
from zakaz_dagster_tests.contract.datalens_server import serving as datalens
from zakaz_dagster_tests.fuzz.sandbox_bodies import answers
from zakaz_dagster_tests.plugins.clickhouse import PROJECT, serving
from zakaz_dagster_tests.plugins.sandbox import running
from zakaz_dagster_tests.unit.test_runbook_commands import FOUND, OPTIONAL, RUN_BY
from zakaz_dagster_tests.unit.test_units import like_a_server

BLOCKS = "blocks until it is ended; other tests start it as a process"
NOT_TYPED = {
    "zakaz clickhouse serve": BLOCKS,
    "zakaz dev": BLOCKS,
    "zakaz health serve": BLOCKS,
    "zakaz webhooks serve": BLOCKS,
    "zakaz gmail authorize": "waits for a person in a browser; test_consent.py is that person",
    "zakaz demo": "a minute by itself; test_demo.py runs it",
    "zakaz demo --dirty": "a minute by itself; test_dirty.py runs it",
    "zakaz docs pictures": "wants Chromium and the UI of a running `make dev`",
    "zakaz utm": "a name within a sentence; a show has to be named",
    "zakaz schema grants --apply": "the engine in a process keeps no roles; test_warehouse_grants.py has their rights",
    "zakaz backtest --world warehouse": "wants a history of months; test_forecast.py has one",
    "dagster job backfill": "of these the first is typed; that the others' jobs exist is a test of its own",
    "systemctl": "no systemd here; `make install-proof` types these in a Debian",
}
LOOKS = {
    "doctor",
    "smoke",
    "alerts",
    "health",
    "upgrade",
    "datalens plan",
    "schema diff",
    "settings",
    "utm",
}  # 1, 2: what was seen
REFUSED = {"zakaz backup restore": 3, "zakaz backup restore NAME --unrecorded": 3}  # the database holds tables
FIRST = ["schema apply", "load history", "backup create --full", "backup create", "dagster"]
LAST = ["backup prune", "backup restore", "backup restore --over-live"]
COMMANDS = sorted({command for _, command in FOUND})


def plain(command: str) -> str:
    """Without the variables before it."""
    return re.sub(r"^(?:[A-Z_]+=\S+ )*", "", command)


def filled(command: str) -> str:
    return plain(command).replace("VALUE …", "VALUE").replace(" …", " VALUE")


def lacking(command: str) -> list[str]:
    """What a command within a sentence leaves out: a verb, or names of files. Nothing for one that can be typed."""
    name, *words = shlex.split(OPTIONAL.sub("", filled(command)))
    found: click.Command | None = RUN_BY.get(name)
    while isinstance(found, click.Group) and words:
        found, words = found.get_command(click.Context(found), words[0]), words[1:]
    if found is None or "--help" in words:
        return []
    if isinstance(found, click.Group):
        return ["VERB"]
    given = found.make_parser(click.Context(found, resilient_parsing=True)).parse_args(list(words))[0]
    return [
        each.human_readable_name
        for each in found.params
        if each.required and not isinstance(given.get(str(each.name)), str)
    ]


def complete(command: str) -> bool:
    """`zakaz backup` and `zakaz explain` are the beginnings of others; `zakaz import budget` is typed with a file."""
    longer = any(other.startswith(f"{command} ") for other in COMMANDS)
    return not lacking(command) or (not longer and "VERB" not in lacking(command))


def left_out(command: str) -> bool:
    if command.startswith("dagster job backfill"):
        return "-j qtickets_refresh " not in command
    return plain(command) in NOT_TYPED or command.startswith("systemctl")


def typed() -> list[str]:
    def place(command: str) -> tuple[int, str]:
        for number, each in enumerate(FIRST):
            if each in command:
                return number - len(FIRST), command
        return max((number + 1 for number, each in enumerate(LAST) if each in command), default=0), command

    return sorted((each for each in COMMANDS if complete(each) and not left_out(each)), key=place)


@dataclass
class Told:
    code: int
    output: str
    seconds: float


class Installation:
    """A home with secrets in the environment, and what the documents' capitals stand for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.told: dict[str, Told] = {}

    def type(self, command: str) -> Told:
        again = next((each for each in self.told if plain(each) == plain(command)), None)
        if again:
            return self.told.setdefault(command, self.told[again])
        words, began = self.words(command), time.monotonic()
        for each in self.variants(words):
            done = self.run(each)
            self.told[command] = Told(done.code, done.output, time.monotonic() - began)
            if done.code:
                break
        return self.told[command]

    def words(self, command: str) -> list[str]:
        """With what stands in square brackets, and real names for those in capitals."""
        text = re.sub(r"\[(.*?)\]", r"\1", filled(command))
        text = text.replace("--seeds 5", "--seeds 1")  # each is an organiser of two years
        return [self.meant(word) for word in [*shlex.split(text), *lacking(command)]]

    def meant(self, word: str) -> str:
        yesterday = f"date={timezone.today() - timedelta(days=1)}"
        given = {
            "VIEW": "v_sales_daily", "VALUE": yesterday, "COLUMN": "revenue_rub", "COLUMN=VALUE": yesterday,
            "NAME": self.backup(), "ARCHIVE": f"{self.home}/safe/zakaz-files.tar.gz", "FOLDER": f"{self.home}/back",
            "DIR": f"{self.home}/exported", "ID": self.show(),
        }  # fmt: skip
        return given.get(word, word.replace("/safe/place", f"{self.home}/safe"))

    def variants(self, words: list[str]) -> Iterator[list[str]]:
        """`a|b FILE`: each with a file of its kind."""
        kinds = next((word.split("|") for word in words if "|" in word), [""])
        for kind in kinds:
            chosen = [kind if "|" in word else word for word in words]
            what = next((word for word in reversed(chosen) if word in self.files()), "plan")
            yield [str(self.files()[what]) if word == "FILE" else word for word in chosen]

    def files(self) -> Mapping[str, Path]:
        made = {kind: self.home / f"{kind}.saved" for kind in dict(answers())} | {
            name: self.home / f"{name}.csv" for name in ("mail-file", "plan", "budget")
        }
        return made | {"bundle": self.home / "bundle.txt"}

    def backup(self) -> str:
        known = self.told.get("zakaz backup create --full")
        found = re.search(r"zakaz-\w+-full", known.output) if known else None
        return found[0] if found else "none-yet"

    def show(self) -> str:
        if "zakaz load history" not in self.told:
            return "1"
        return str(
            resources.warehouse(Settings()).scalar("SELECT max(show_id) FROM dim_shows FINAL WHERE is_deleted = 0")
        )

    def run(self, words: list[str]) -> Told:
        name, *rest = words
        if name == "make":
            done = subprocess.run(["make", "-n", *rest], cwd=PROJECT, capture_output=True, text=True, check=False)
            return Told(done.returncode, done.stdout + done.stderr, 0)
        if rest[0] == "install":
            rest += ["--root", str(self.home / "server"), "--no-packages"]
        old = {"ZAKAZ_START_DATE": "2022-01-01"}  # as the report's days are
        given = old if rest[:2] == ["import", "direct-report"] else None
        result = CliRunner().invoke(RUN_BY[name], rest, input="y\n" * 3, env=given)
        failed = result.exception is not None and not isinstance(result.exception, SystemExit)
        return Told(99 if failed else result.exit_code, f"{result.output}{result.exception if failed else ''}", 0)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("typed")
    (home / "disk").mkdir()
    (home / "safe").mkdir()
    config = home / "config.xml"
    config.write_text(CONFIG.format(path=home / "disk"))
    kept, folder = dict(os.environ), Path.cwd()
    with ExitStack() as held:
        held.callback(os.chdir, folder)
        held.callback(os.environ.update, kept)
        held.callback(os.environ.clear)
        engine = held.enter_context(serving(home / "clickhouse", "--config-file", str(config), *ALLOWED))
        vendors = held.enter_context(running(now=None, days=5, orders_per_day=8, groups=1))
        for name in [name for name in os.environ if is_ours(name)]:
            del os.environ[name]
        os.environ.update(environment(str(engine.port), vendors.url, home))
        first = timezone.today() - timedelta(days=1)
        os.environ.update(
            DIRECT_LOGINS="zakaz-gastroli", CLICKHOUSE_PASSWORD=engine.password, ZAKAZ_START_DATE=first.isoformat(), BACKUP_DISK="backups",
            BACKUP_PATH=str(home / "disk"), WEBHOOKS_SECRET="a-secret-of-the-test",
            DATALENS_BASE_URL=held.enter_context(datalens(DataLens(described))), DATALENS_ORG_ID="org",
            DATALENS_IAM_TOKEN="t0ken", DATALENS_WORKBOOK_ID="wb1", DATALENS_CLICKHOUSE_HOST="ch.example.net",
            CLICKHOUSE_READER_USER="default", CLICKHOUSE_READER_PASSWORD=engine.password,
        )  # fmt: skip
        dagster_home(home)
        (home / "docs").mkdir()
        like_a_server(home / "server")
        gmail_consent(home)
        saved(home)
        held.enter_context(code_server(home))
        os.chdir(home)
        made = Installation(home)
        for command in typed():
            made.type(command)
        yield made


def described(view: str) -> dict[str, str]:
    rows = resources.warehouse(Settings()).rows(f"DESCRIBE TABLE {view}", settings={"join_use_nulls": 1, "readonly": 2})
    return {row["name"]: row["type"] for row in rows}


def saved(home: Path) -> None:
    """Files such as people have: saved answers, a report from a mail, a plan, a budget."""
    for kind, body in reversed(answers()):
        (home / f"{kind}.saved").write_bytes(body.replace(b"2026-11", b"2022-11") if kind == "direct-report" else body)
    day = f"{timezone.today():%d.%m.%Y}"
    (home / "mail-file.csv").write_text(f"Дата;Мероприятие;Город;Билеты;Сумма\n{day};Динозавры;Томск;2;3000\n")
    (home / "plan.csv").write_text(f"Дата;Мероприятие;Город;Билеты;Выручка\n{day};Динозавры;Томск;10;1000\n")
    (home / "budget.csv").write_text("Месяц;Кабинет;Площадка;Бюджет\nноябрь 2026;Кабинет;ВК;1000\n")


@contextmanager
def code_server(home: Path) -> Iterator[None]:
    """What `dagster job …` asks through the workspace file, as on a server."""
    (home / "workspace.yaml").write_text((UNITS / "workspace.yaml").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        os.environ["CODE_PORT"] = str(free.getsockname()[1])
    words = ["dagster", "api", "grpc", "-m", "zakaz_dagster.definitions", "--location-name", "zakaz_dagster",
             "--host", "127.0.0.1", "--port", os.environ["CODE_PORT"]]  # fmt: skip
    environment = {**os.environ, "ZAKAZ_START_DATE": "2026-10-01"}  # the documents' days are there
    with (home / "code.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=PROJECT, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", int(os.environ["CODE_PORT"]))):
            assert time.monotonic() < until, (home / "code.log").read_text()
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("command", typed())
def test_a_command_of_a_document_does_what_it_is_there_for(installation: Installation, command: str) -> None:
    told = installation.told[command]
    allowed = {REFUSED.get(command, 0)} | ({1, 2} if any(f"zakaz {each}" in command for each in LOOKS) else set())
    assert told.code in allowed, told.output[-2000:]


def test_what_is_not_typed_is_a_short_list_and_each_of_it_stands_in_a_document() -> None:
    left = [command for command in COMMANDS if left_out(command)]
    assert [name for name in NOT_TYPED if not any(command.startswith(name) for command in left)] == []
    assert len(typed()) > 50
