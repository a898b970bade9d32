"""The local stack: an embedded ClickHouse, the sandbox vendors, and the environment that points the platform at them.

Used by `zakaz demo`, `zakaz dev` and the story tests. Belongs here: processes, ports and environment of a laptop.
Does not: anything production needs.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import FILES, PROJECT_ROOT
from zakaz_dagster.private_files import private_folder, write_private
from zakaz_dagster.settings import is_ours

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
GMAIL_CONSENT = {"refresh_token": "refresh", "client_id": "client", "client_secret": "secret"}
LOGINS = "zakaz-afisha,zakaz-gastroli"  # of the sandbox's Direct
SANDBOX_TOKEN = "sandbox-token"  # noqa: S105  the sandbox's invented credential, known to everyone


@dataclass
class Service:
    """A child process that printed one JSON line when it was ready; `facts` is that line."""

    name: str
    process: subprocess.Popen[str]
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.facts['port']}"

    @property
    def password(self) -> str:
        """The random one it made for itself, if it did."""
        file = self.facts.get("password_file")
        return Path(str(file)).read_text("ascii").strip() if file else ""

    def stop(self) -> None:
        """Ask it to end, wait, insist."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Stack:
    """The running services and the environment in which the platform uses them.

    `ui_url` is where the Dagster UI is, for the links in mails; empty when there is none. `own` are further variables.
    """

    clickhouse: Service
    sandbox: Service
    home: Path
    ui_url: str = ""
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        found = environment(str(self.clickhouse.facts["port"]), self.sandbox.url, self.home)
        found |= {"CLICKHOUSE_PASSWORD": self.clickhouse.password, **self.own}
        return found | ({"ZAKAZ_UI_URL": self.ui_url} if self.ui_url else {})


@contextmanager
def stack(home: Path, sandbox_options: Sequence[str], own: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Both services on free loopback ports, with their data under `home`; they end with the block.

    `own` are further variables of the environment.
    """
    with ExitStack() as running:
        clickhouse = start(
            "clickhouse",
            [
                "-m",
                "zakaz_dagster.dev.clickhouse",
                "--data-dir",
                str(home / "clickhouse"),
                "--port",
                "0",
                "--exit-with-parent",
            ],
            home,
        )
        running.callback(clickhouse.stop)
        sandbox = start("sandbox", ["-m", "zakaz_dagster.dev.sandbox", "--port", "0", *sandbox_options], home)
        running.callback(sandbox.stop)
        dagster_home(home)
        gmail_consent(home)
        yield Stack(clickhouse, sandbox, home, own=own or {})


def start(name: str, arguments: Sequence[str], home: Path) -> Service:
    """Run a module of ours and wait for its one JSON line; its log goes to `home`/logs."""
    log = home / "logs" / f"{name}.log"
    private_folder(log.parent)
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
            start_new_session=True,
        )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        process.wait(START_TIMEOUT_SECONDS)
        tail = " ".join(log.read_text().split()[-40:])
        raise Fatal(f"{name} did not start: {tail}", source="local", next_step=f"read {log.relative_to(home.parent)}")
    return Service(name, process, json.loads(line))


def enter(running: Stack) -> None:
    """Make this process and its children see the stack, and nothing of the caller's own accounts."""
    for name in [name for name in os.environ if is_ours(name)]:
        del os.environ[name]
    os.environ.update(running.environment)


def environment_file(running: Stack) -> Path:
    """`home`/env, by which another shell sees the same stack: `set -a; . <home>/env; zakaz smoke`."""
    path = running.home / "env"
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in running.environment.items())
    write_private(path, lines.encode())
    return path


def dagster_home(home: Path) -> Path:
    """`home`/dagster with the project's dagster.yaml in it, made when absent."""
    private_folder(home)
    folder = private_folder(home / "dagster")
    shutil.copyfile(FILES / "dagster.yaml", folder / "dagster.yaml")
    return folder


def gmail_consent(home: Path) -> Path:
    """The sandbox mailbox owner's consent, as `zakaz gmail authorize` would have kept it."""
    path = home / "tokens" / "gmail.json"
    consent = {name: f"sandbox-gmail-{word}" for name, word in GMAIL_CONSENT.items()}
    write_private(path, json.dumps({"token": None, **consent}).encode())
    return path


def environment(clickhouse_port: str, sandbox: str, home: Path) -> dict[str, str]:
    """Variables that point every source at the sandbox; nothing of the caller's secrets is used."""
    return {
        "DAGSTER_HOME": str(home / "dagster"),
        "ZAKAZ_SECRETS_DIR": os.devnull,
        "ZAKAZ_DATA_DIR": str(home),
        "ZAKAZ_PRIVACY_SALT": "sandbox-salt",
        "ALERT_FOLDER": str(home / "mail"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": clickhouse_port,
        "QTICKETS_BASE_URL": f"{sandbox}/qtickets/api/rest/v1",
        "QTICKETS_TOKEN": SANDBOX_TOKEN,
        "QTICKETS_REQUESTS_PER_SECOND": "200",
        "VK_ADS_BASE_URL": f"{sandbox}/vk",
        "VK_ADS_CLIENT_ID": "sandbox-vk-client",
        "VK_ADS_CLIENT_SECRET": "sandbox-vk-secret",
        "VK_ADS_REQUESTS_PER_SECOND": "100",
        "DIRECT_BASE_URL": f"{sandbox}/direct/json",
        "DIRECT_TOKEN": SANDBOX_TOKEN,
        "DIRECT_LOGINS": LOGINS,
        "DIRECT_REQUESTS_PER_SECOND": "50",
        "GMAIL_API_ENDPOINT": f"{sandbox}/gmail",
        "GMAIL_TOKEN_URI": f"{sandbox}/gmail/token",
        "GMAIL_TOKEN_FILE": str(home / "tokens" / "gmail.json"),
        "GMAIL_FAILOVER_MINUTES": "20",  # one missed tick of QTickets, so that a take-over can be watched
        "PYTHONPATH": str(PROJECT_ROOT),
    }
