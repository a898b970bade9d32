"""An installation on a server as steps, each of which may be done again; docs/install.md lists the same steps.

    user ─▶ folders with modes ─▶ packages from the lock ─▶ samples as secrets ─▶ DAGSTER_HOME, PostgreSQL
         ─▶ the commands zakaz and dagster ─▶ units, verified

A second organiser shares the code and has its own user, folders, database, ports, commands (`zakaz-NAME`) and units
(`zakaz-code@NAME`).
Belongs here: these steps. Does not: ClickHouse's side (`zakaz schema`), the proxy (deploy/proxy).
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.paths import FILES, PROJECT_ROOT

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
UNITS = FILES / "deploy" / "systemd"
PORTS = {"CODE_PORT": 4266, "UI_PORT": 3000, "HEALTH_PORT": 8080, "WEBHOOKS_PORT": 8090}
APART = 100  # between the ports of two organisers
LEAST_SECURE = 40  # tenths, of `systemd-analyze security`
ENVIRONMENT = re.compile(r"^Environment=DAGSTER_HOME=.*$", re.MULTILINE)
COMMAND = """#!/bin/sh
# {name} for people of this server: as the user {user}, with the services' environment. Written by `zakaz install`.
{first}
as=
[ "$(id -u)" != 0 ] || as="runuser -u {user} --"
exec $as env HOME={data} {values} {bin}/{name} "$@"
"""
AS_ROOT = '[ "$1" != install ] || exec {bin}/zakaz "$@"'
IN_HOME = "cd {data}/dagster"


@dataclass(frozen=True)
class Step:
    """What is done: a command, or a file with this content."""

    command: Sequence[str] = ()
    path: Path = Path()
    content: str = ""
    mode: int = 0o644

    def __str__(self) -> str:
        return shlex.join(self.command) if self.command else f"# write {self.path} ({self.mode:04o})"

    def run(self) -> None:
        """Do it; raises ConfigFault with what the command said."""
        if not self.command:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.content, "utf-8")
            self.path.chmod(self.mode)
            return
        done = subprocess.run(self.command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-500:]
            raise ConfigFault(
                f"{self} failed: {said}", source="install", next_step="correct that and run it again; done steps stay"
            )


@dataclass(frozen=True)
class Site:
    """Where it goes. `root` other than / is a folder that is made to look like the server: no user, no ownership."""

    app: Path = Path("/opt/zakaz")
    organiser: str = ""
    number: int = 0  # of the organiser's ports: 0 the first one's
    root: Path = Path("/")
    packages: bool = True
    postgres: bool = False  # Dagster's state in this server's PostgreSQL

    @property
    def user(self) -> str:
        return f"zakaz-{self.organiser}" if self.organiser else "zakaz"

    @property
    def data(self) -> Path:
        return Path("/var/lib") / self.user

    @property
    def secrets(self) -> Path:
        return self.app / (f"secrets-{self.organiser}" if self.organiser else "secrets")

    @property
    def conf(self) -> Path:
        return Path(f"/etc/zakaz/{self.organiser}.conf")

    def command(self, name: str) -> str:
        return f"{name}-{self.organiser}" if self.organiser else name

    def under(self, path: Path) -> Path:
        return self.root / path.relative_to("/")

    def units(self) -> list[str]:
        """The names of its units, those that are kept running first."""
        suffix = f"@{self.organiser}" if self.organiser else ""
        return [f"{path.stem}{suffix}{path.suffix}" for path in sorted(UNITS.glob("zakaz-*.*"))]


def steps(site: Site) -> Iterator[Step]:
    """Every step of the installation that is not done yet, in order."""
    if site.organiser and not NAME.fullmatch(site.organiser):
        raise ConfigFault(
            f"{site.organiser!r} cannot name an organiser",
            source="install",
            expected="small Latin letters, digits and _, as of a database",
            next_step="choose another name; nothing was changed",
        )
    if site.postgres and importlib.util.find_spec("dagster_postgres") is None:
        raise ConfigFault(
            "the packages for PostgreSQL are not installed",
            source="install",
            next_step="pip install --require-hashes -r requirements/postgres.lock; nothing was changed",
        )
    if site.root == Path("/"):
        user = f"useradd --system --user-group --home-dir {site.data} --shell /usr/sbin/nologin {site.user}"
        yield Step(["sh", "-c", f"id {site.user} || {user}"])
    for folder, mode, owner in (
        (site.app, "0755", "root"),
        (site.data, "0750", site.user),
        (site.data / "dagster", "0750", site.user),
        (site.secrets, "0700", site.user),
    ):
        yield Step(["install", "-d", "-m", mode, *_owner(site, owner), str(site.under(folder))])
    yield from _packages(site)
    for sample in sorted((FILES / "configs").glob("*.env.sample")):
        target = site.under(site.secrets / sample.name.removesuffix(".sample"))
        if not target.exists():  # what is filled in stays
            yield Step(["install", "-m", "0600", *_owner(site, site.user), str(sample.resolve()), str(target)])
    yield from _dagster_home(site)
    yield from _commands(site)
    yield from _services(site)


def _owner(site: Site, name: str) -> list[str]:
    return ["-o", name, "-g", name] if site.root == Path("/") else []


def _packages(site: Site) -> Iterator[Step]:
    """The virtual environment, from a checkout; an installed package stands in one already."""
    lock = PROJECT_ROOT / "requirements" / f"{'postgres' if site.postgres else 'production'}.lock"
    python = site.under(site.app / ".venv" / "bin" / "python")
    if not site.packages or python.exists() or not lock.is_file():
        return
    install = [str(python), "-m", "pip", "install"]  # it compiles what it installs
    yield Step([sys.executable, "-m", "venv", str(python.parents[1])])
    yield Step([*install, "--require-hashes", "-r", str(lock)])
    yield Step([*install, "--no-deps", str(PROJECT_ROOT)])


def _dagster_home(site: Site) -> Iterator[Step]:
    """The workspace, and dagster.yaml: the project's, with what this server has changed in it or added to it.

    `dagster.yaml.shipped` is what the project brought last time: what differs from that was written by a person.
    """
    home, owner = site.under(site.data / "dagster"), _owner(site, site.user)
    yield Step(["install", "-m", "0640", *owner, str((UNITS / "workspace.yaml").resolve()), str(home)])
    ours, path, shipped = FILES / "dagster.yaml", home / "dagster.yaml", home / "dagster.yaml.shipped"
    given, held, base = _yaml(ours), _yaml(path), _yaml(shipped)
    merged = given | {name: value for name, value in held.items() if value != base.get(name)} | _storage(site)
    text = ours.read_text("utf-8")
    if merged != given:
        text = "# dagster.yaml.shipped says what each is for.\n" + yaml.safe_dump(merged, sort_keys=False)
    yield Step(path=path, content=text, mode=0o640)
    yield Step(["install", "-m", "0640", *owner, str(ours.resolve()), str(shipped)])
    if site.root == Path("/"):
        yield Step(["chown", f"{site.user}:{site.user}", str(path)])
    if site.postgres and site.root == Path("/"):
        user, as_postgres = site.user, "runuser -u postgres --"
        there = f"cd /; {as_postgres} psql -lqtA | cut -d '|' -f 1 | grep -qx {user}"
        made = f"{as_postgres} createuser {user}; {as_postgres} createdb -O {user} {user}"
        yield Step(["sh", "-c", f"{there} || {{ {made}; }}"])


def _yaml(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text("utf-8")) or {}) if path.is_file() else {}


def _storage(site: Site) -> dict[str, Any]:
    """The services' user logs in by being that user, over the socket: there is no password."""
    if not site.postgres:
        return {}
    url = f"postgresql+psycopg2://{site.user}@/{site.user}?host=/var/run/postgresql"
    return {"storage": {"postgres": {"postgres_url": url}}}


def _commands(site: Site) -> Iterator[Step]:
    """`zakaz` and `dagster` in everybody's PATH: nobody has to know users, environment and folders."""
    for name, first in (("zakaz", AS_ROOT), ("dagster", IN_HOME)):
        words = {"bin": site.app / ".venv" / "bin", "data": site.data, "user": site.user, "name": name}
        values = " ".join(environment(site).splitlines())
        text = COMMAND.format(first=first.format(**words), values=values, **words)
        yield Step(path=site.under(Path("/usr/local/bin") / site.command(name)), content=text, mode=0o755)


def _services(site: Site) -> Iterator[Step]:
    folder = site.under(Path("/etc/systemd/system"))
    if site.organiser:
        yield Step(path=site.under(site.conf), content=environment(site))
    for path in sorted(UNITS.glob("zakaz-*.*")):
        name = f"{path.stem}@{path.suffix}" if site.organiser else path.name
        yield Step(path=folder / name, content=rendered(path.read_text("utf-8"), site))
    root = [] if site.root == Path("/") else [f"--root={site.root}"]
    yield Step(["systemd-analyze", "verify", *root, *(f"/etc/systemd/system/{name}" for name in site.units())])
    services = [name for name in site.units() if name.endswith(".service")]
    threshold = ["--offline=true", f"--threshold={LEAST_SECURE}"]
    yield Step(["systemd-analyze", "security", "--no-pager", *threshold, *root, *services])
    if not root:
        yield Step(["systemctl", "daemon-reload"])


def environment(site: Site) -> str:
    """What differs between organisers, for the units and the commands of one."""
    values = {
        "DAGSTER_HOME": site.data / "dagster",
        "ZAKAZ_DATA_DIR": site.data,
        "ZAKAZ_SECRETS_DIR": site.secrets,
        **({"CLICKHOUSE_DATABASE": site.organiser} if site.organiser else {}),
        **{name: port + site.number * APART for name, port in PORTS.items()},
        "MALLOC_ARENA_MAX": 2,  # as in the units
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def rendered(unit: str, site: Site) -> str:
    """A unit of deploy/systemd for the site's folders; for an organiser as a template of all organisers' units."""
    text = unit.replace("/opt/zakaz", str(site.app))
    if not site.organiser:
        return text
    text = ENVIRONMENT.sub("EnvironmentFile=/etc/zakaz/%i.conf", text)
    text = re.sub(r"(zakaz-(?!%i)\w+)\.(service|timer)", r"\1@%i.\2", text)
    return text.replace("User=zakaz\n", "User=zakaz-%i\n").replace("/var/lib/zakaz\n", "/var/lib/zakaz-%i\n")
