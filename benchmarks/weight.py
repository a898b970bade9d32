"""Memory of the processes that stay: the services of a server without ClickHouse, and `zakaz dev` after a demo.

The services are the units of deploy/systemd over the local stack: code server with the process that runs are forked
from, daemon, web server, health. RSS counts what processes share once for each of them; PSS divides it among them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx

from benchmarks.child import PROJECT, run
from benchmarks.code_server import children, until
from benchmarks.figures import Figure
from zakaz_dagster.dev.stack import enter, stack
from zakaz_dagster.installation import UNITS
from zakaz_dagster.resources import warehouse
from zakaz_dagster.settings import Settings
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import schema
from zakaz_dagster_tests.supervisor import Supervisor, as_env, free, here

SERVICES = ("code", "daemon", "webserver", "health")
REST = 45  # seconds: by then the daemon has ticked, and health has looked
DEMO_S, UI_S, DEV_MB, SERVICES_MB = 28, 7, 1200, 700


def figures(*, quick: bool) -> list[Figure]:
    if quick:
        return []  # minutes, whatever the size of the input
    with tempfile.TemporaryDirectory() as place:
        began = time.monotonic()
        run(["-m", "zakaz_dagster", "demo", "--home", place])
        demo = time.monotonic() - began
        ui, dev = _dev(Path(place))
    served, apart = _services()
    return [
        Figure("zakaz demo, 30 days", demo, DEMO_S, "s", "its limit", goal=1.0),
        Figure("zakaz dev: the UI answers", ui, UI_S, "s", "its limit", goal=1.0),
        Figure("zakaz dev at rest: RSS", dev, DEV_MB, "MB", "its limit", goal=1.0),
        Figure("services without ClickHouse: RSS", served, SERVICES_MB, "MB", "its limit", goal=1.0),
        Figure("services without ClickHouse: RSS", served, apart, "MB", "their PSS"),
    ]


def _dev(home: Path) -> tuple[float, float]:
    """Seconds until the UI answers, and megabytes at rest."""
    ports = {name: free() for name in ("--port", "--pages-port", "--health-port")}
    words = [word for name, port in ports.items() for word in (name, str(port))]
    command = [sys.executable, "-m", "zakaz_dagster", "dev", "--home", str(home), *words]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{ports['--port']}/server_info"), "the UI answers")
        ui = time.monotonic() - began
        time.sleep(REST)
        return ui, sum(megabytes(pid, "Rss") for pid in tree(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _services() -> tuple[float, float]:
    """Megabytes of all services at rest, as RSS and as PSS."""
    with _running() as supervisor:
        time.sleep(REST)
        found = [pid for each in supervisor.processes.values() for pid in tree(each.pid)]
        return sum(megabytes(pid, "Rss") for pid in found), sum(megabytes(pid, "Pss") for pid in found)


@contextmanager
def _running() -> Iterator[Supervisor]:
    with (
        tempfile.TemporaryDirectory() as place,
        stack(Path(place), ["--now", datetime.now(MOSCOW).isoformat()]) as made,
    ):
        kept, home = dict(os.environ), Path(place)
        ports = {"CODE_PORT": free(), "UI_PORT": free(), "HEALTH_PORT": free()}
        enter(made)
        os.environ.update({name: str(port) for name, port in ports.items()})
        (home / "dagster" / "workspace.yaml").write_text((UNITS / "workspace.yaml").read_text("utf-8"), "utf-8")
        store = warehouse(Settings())
        schema.apply(store)
        store.close()
        supervisor = Supervisor(as_env, home / "logs", dict(os.environ))
        try:
            supervisor.start(*(here(name, home, ports) for name in SERVICES))
            until(lambda: answers(f"http://127.0.0.1:{ports['UI_PORT']}/server_info"), "the web server answers")
            until(lambda: answers(f"http://127.0.0.1:{ports['HEALTH_PORT']}/healthz"), "the health service answers")
            yield supervisor
        finally:
            supervisor.stop()
            os.environ.clear()
            os.environ.update(kept)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code > 0  # health answers 503 until something is loaded
    except httpx.HTTPError:
        return False


def tree(pid: int) -> list[int]:
    """A process and all that it has started."""
    return [pid, *(each for child in children(pid) for each in tree(child))]


def megabytes(pid: int, what: str) -> float:
    """`Rss` or `Pss` of a process, in millions of bytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    found = re.search(rf"^{what}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
