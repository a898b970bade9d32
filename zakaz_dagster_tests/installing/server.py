"""A Debian in a folder as the server of docs/install.md: what is typed there, what its packages would start, what it shows."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import click

from zakaz_dagster import timezone
from zakaz_dagster.dev.stack import gmail_consent, stack
from zakaz_dagster_tests.installing.page import sections
from zakaz_dagster_tests.supervisor import Supervisor, Unit, in_tree

NAME, LOGIN, PASSWORD = "zakaz.example.ru", "marketing", "right horse"
DAYS = 14  # of history
NOT_FILLED_IN = {"DAGSTER_HOME", "ZAKAZ_SECRETS_DIR", "ZAKAZ_DATA_DIR", "PYTHONPATH"}
NOTHING_RUNS_HERE = {"systemctl enable --now": "systemctl enable"}  # without systemd there is nobody to start them


@contextmanager
def elsewhere(tree: Path) -> Iterator[Mapping[str, str]]:
    """The vendors and ClickHouse, with the settings that reach them."""
    first = timezone.today() - timedelta(days=DAYS)
    with stack(tree / "var/tmp/elsewhere", ["--days", str(DAYS), "--orders-per-day", "20"]) as running:
        found = {name: value for name, value in running.environment.items() if name not in NOT_FILLED_IN}
        yield {**found, "ZAKAZ_START_DATE": first.isoformat(), "ZAKAZ_UI_URL": f"https://{NAME}"}


@dataclass
class Server:
    tree: Path
    count: int = 0
    seconds: float = 0.0
    running: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        self.running = Supervisor(in_tree(self.tree), self.tree / "var/log/units")

    def mount(self) -> None:
        """Its own /proc and /dev; they go with this process's namespace."""
        for words in (["-t", "proc", "proc"], ["--rbind", "/dev"], ["--rbind", "/sys"]):
            subprocess.run(["mount", *words, str(self.tree / words[-1].strip("/"))], check=True)

    def root(self, command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command of root's there; the folder is the one in which the page stands."""
        words = ["chroot", str(self.tree), "env", "-i", "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "DEBIAN_FRONTEND=noninteractive", "TERM=dumb", "COLUMNS=160", "bash", "-c", f"cd /opt/zakaz 2> /dev/null; {command}"]  # fmt: skip
        return subprocess.run(words, input=given, capture_output=True, text=True, check=False)

    def type(self, commands: Sequence[str], instead: Mapping[str, str] | None = None) -> None:
        """Each command as it stands on the page; it has to succeed."""
        for written in commands:
            command = written
            for words, others in (instead or {}).items():
                command = command.replace(words, others)
            began = time.monotonic()
            done = self._answered(command) if command.startswith("htpasswd") else self.root(command)
            took = time.monotonic() - began
            self.count, self.seconds = self.count + 1, self.seconds + took
            click.echo(f"{took:6.1f} s  {command}")
            if done.returncode:
                raise SystemExit(f"it ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")

    def _answered(self, command: str) -> subprocess.CompletedProcess[str]:
        """A command that asks at the terminal for a new password, and again."""
        typed = f"(sleep 1; echo '{PASSWORD}'; sleep 1; echo '{PASSWORD}'; sleep 1)"
        return self.root(f"{typed} | script -qec {command!r} /dev/null")

    def install(self, settings: Mapping[str, str]) -> None:
        """The page from its second section on."""
        page = sections()
        self._quiet("pg_ctlcluster $(ls /etc/postgresql) main start")
        self.type(page["2. User, folders, units"])
        self.fill_in(settings, "")
        self.type(page["4. Settings"] + page["5. History"])
        start, smoke = page["6. Start"]
        self.type([start], NOTHING_RUNS_HERE)
        self.started("", 3000, 8080)
        self.type([smoke])
        self._quiet(f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={NAME} -keyout /etc/nginx/zakaz.key -out /etc/nginx/zakaz.crt")  # fmt: skip
        self.type(page["7. Login and TLS before the UI"], {"YOUR.HOST": NAME})
        self._quiet("nginx")
        self.looked_at()
        click.echo(f"{self.count} commands, {self.seconds:.0f} s")
        self.memory("zakaz")
        self.type(page["A second organiser on the same server"])
        self.fill_in(settings, "opera")
        self.type([f"zakaz-opera {verb}" for verb in ("schema apply", "doctor --live", "load history")])
        self.type([re.sub(r"(zakaz-\w+)\.", r"\1@opera.", start)], NOTHING_RUNS_HERE)
        self.started("opera", 3100, 8180)
        self.type(["zakaz-opera smoke"])
        self.memory("zakaz-opera")
        self.running.stop()

    def _quiet(self, command: str) -> None:
        """What a package, or somebody else, does there."""
        done = self.root(command)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout} {done.stderr}")

    def fill_in(self, settings: Mapping[str, str], organiser: str) -> None:
        """Each setting into the file whose sample has it, and the mailbox's consent."""
        suffix = f"-{organiser}" if organiser else ""
        folder, data = self.tree / f"opt/zakaz/secrets{suffix}", self.tree / f"var/lib/zakaz{suffix}"
        own = {
            "GMAIL_TOKEN_FILE": f"/var/lib/zakaz{suffix}/tokens/gmail.json",
            "ALERT_FOLDER": f"/var/lib/zakaz{suffix}/mail",
        }
        for name, value in {**settings, **own}.items():
            [file] = [
                path
                for path in folder.glob("*.env")
                if re.search(rf"^(# )?{name}=", path.read_text("utf-8"), re.MULTILINE)
            ]
            file.write_text(
                re.sub(rf"^(# )?{name}=.*$", f"{name}={value}", file.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
            )
        gmail_consent(data)
        self._quiet(f"chown -R zakaz{suffix}: /var/lib/zakaz{suffix}")

    def started(self, organiser: str, ui: int, health: int) -> None:
        """Start what `systemctl enable` has enabled, and wait until UI and health endpoint answer."""
        folder = self.tree / "etc/systemd/system"
        names = sorted(path.name for path in (folder / "multi-user.target.wants").glob("zakaz-*.service"))
        mine = [
            name
            for name in names
            if name.endswith(f"@{organiser}.service" if organiser else ".service") and bool(organiser) == ("@" in name)
        ]
        units = [Unit.read(folder / re.sub(r"@.*\.", "@.", name), self.tree, organiser) for name in mine]
        began = time.monotonic()
        self.running.start(*units)
        for port, path in ((ui, "/server_info"), (health, "/healthz")):
            while not answers(f"http://127.0.0.1:{port}{path}"):
                if time.monotonic() - began > 180:
                    raise SystemExit(f"{port} does not answer; read {self.running.log}")
                time.sleep(0.5)
        click.echo(f"{time.monotonic() - began:6.1f} s  until {', '.join(mine)} answer")

    def looked_at(self) -> None:
        """Through nginx: with the password the UI and its GraphQL, without it or under another name nothing."""
        query = "/graphql?query=%7BrepositoriesOrError%7B__typename%7D%7D"
        seen = {what: through_nginx(*asked) for what, asked in {
            "with the password": (NAME, PASSWORD, "/"), "its GraphQL": (NAME, PASSWORD, query),
            "without": (NAME, "", "/"), "with a wrong one": (NAME, "wrong", "/"), "foreign name": ("evil.example", PASSWORD, "/"),
        }.items()}  # fmt: skip
        expected = {
            "with the password": 200,
            "its GraphQL": 200,
            "without": 401,
            "with a wrong one": 401,
            "foreign name": 0,
        }
        if {what: status for what, (status, _) in seen.items()} != expected:
            raise SystemExit(f"nginx answered {seen}")
        if "Dagster" not in seen["with the password"][1] or "RepositoryConnection" not in seen["its GraphQL"][1]:
            raise SystemExit(f"that is not the UI: {seen}")
        click.echo(f"UI through nginx: {', '.join(f'{what} {status}' for what, (status, _) in seen.items())}")

    def memory(self, user: str) -> None:
        """Of the services of a user, without the runs that are at work: the command of docs/sizing.md."""
        listed = self.root(f"ps -u {user} -o pid,rss,pss,args").stdout.splitlines()
        services = [
            line.split(None, 3)
            for line in listed
            if re.search(r" (zakaz_dagster.code_server|from multiprocessing.forkserver|run -w|health|-h)( |$)", line)
        ]
        forking = [each for each in services if "forkserver" in each[3]]
        services = [each for each in services if each not in forking[1:]]  # the others are runs, forked from the first
        for _, rss, pss, words in services:
            click.echo(f"  {int(rss) / 1024:4.0f} MB RSS {int(pss) / 1024:4.0f} MB PSS  {words[:110]}")
        rss, pss = (sum(int(each[column]) for each in services) / 1024 for column in (1, 2))
        click.echo(f"  {rss:4.0f} MB RSS {pss:4.0f} MB PSS  the services of {user}")


def answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5):
        return True
    return False


def through_nginx(host: str, password: str, path: str) -> tuple[int, str]:
    """(status, body); 0 where the connection is closed without an answer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    login = base64.b64encode(f"{LOGIN}:{password}".encode()).decode()
    try:
        with socket.create_connection(("127.0.0.1", 443), 20) as raw:
            connection = http.client.HTTPConnection(host)
            connection.sock = context.wrap_socket(raw, server_hostname=host)
            connection.request(
                "GET", path, headers={"Host": host} | ({"Authorization": f"Basic {login}"} if password else {})
            )
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
    except (ssl.SSLError, ConnectionError, http.client.HTTPException):
        return 0, ""
