"""Units of systemd as plain processes where no systemd runs: ExecStart, user, environment, Restart=, RestartSec= as given.

Belongs here: what the proofs need of systemd. Does not: sandboxing, ordering (a unit that comes too early is restarted).
"""

from __future__ import annotations

import configparser
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from zakaz_dagster.installation import UNITS, Site, rendered
from zakaz_dagster.paths import PROJECT_ROOT

RESTARTED = {"always": True, "on-failure": True, "no": False}


@dataclass(frozen=True)
class Unit:
    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    user: str
    folder: str
    restart: str
    pause: float
    main_only: bool  # KillMode=process: its children outlive it

    @classmethod
    def read(cls, path: Path, root: Path = Path("/"), instance: str = "") -> Unit:
        parser = configparser.RawConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        text = path.read_text("utf-8").replace("%i", instance)
        parser.read_string(text)
        found = parser["Service"]
        given = " ".join(re.findall(r"^Environment=(.*)$", text, re.MULTILINE)).split()
        if "EnvironmentFile" in found:
            given += (root / found["EnvironmentFile"].lstrip("/")).read_text("utf-8").split()
        environment = dict(word.split("=", 1) for word in given)
        line = re.sub(r"\$\{(\w+)\}", lambda each: environment[each[1]], found["ExecStart"])
        return cls(
            path.stem.rstrip("@"), line.split(), environment, found["User"], found["WorkingDirectory"],
            found.get("Restart", "no"), float(found.get("RestartSec", 0.1)), found.get("KillMode") == "process",
        )  # fmt: skip


def here(name: str, home: Path, ports: Mapping[str, int], also: Mapping[str, str] = MappingProxyType({})) -> Unit:
    """One of deploy/systemd for this environment's programs, a data folder and free ports (by variable)."""
    text = rendered((UNITS / f"zakaz-{name}.service").read_text("utf-8"), Site())
    text = re.sub(r"(\w+_PORT)=\d+", lambda each: f"{each[1]}={ports[each[1]]}", text)
    moved = {"/opt/zakaz/.venv/bin": str(Path(sys.executable).parent), "/opt/zakaz": str(PROJECT_ROOT)}
    for old, new in {**moved, "/var/lib/zakaz": str(home), **also}.items():
        text = text.replace(old, new)
    path = home / f"zakaz-{name}.service"
    path.write_text(text, "utf-8")
    return Unit.read(path)


def free() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def as_env(unit: Unit) -> list[str]:
    """The command that starts a unit here: the supervisor's environment and the unit's."""
    return ["env", *(f"{name}={value}" for name, value in unit.environment.items()), *unit.words]


def in_tree(tree: Path) -> Callable[[Unit], list[str]]:
    """The command that starts a unit in a folder that looks like a server, as its user and with its environment only."""

    def command(unit: Unit) -> list[str]:
        values = [f"{name}={value}" for name, value in unit.environment.items()]
        fixed = ["PATH=/usr/local/bin:/usr/bin:/bin", f"HOME=/var/lib/{unit.user}"]
        return ["chroot", f"--userspec={unit.user}", str(tree), "env", "-i", "-C", unit.folder, *fixed, *values, *unit.words]  # fmt: skip

    return command


@dataclass
class Supervisor:
    """Keeps units running. `command` says how one is started; `log` is the folder of what they write."""

    command: Callable[[Unit], list[str]]
    log: Path
    environment: Mapping[str, str] | None = None
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=dict)
    groups: list[int] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, *units: Unit) -> None:
        self.log.mkdir(parents=True, exist_ok=True)
        for unit in units:
            self._spawn(unit)
            thread = threading.Thread(target=self._keep, args=(unit,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _spawn(self, unit: Unit) -> None:
        with (self.log / f"{unit.name}.log").open("ab") as log:
            self.processes[unit.name] = subprocess.Popen(
                self.command(unit), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment,
                start_new_session=True,
            )  # fmt: skip
        self.groups.append(self.processes[unit.name].pid)
        self.starts.setdefault(unit.name, []).append(time.monotonic())

    def _keep(self, unit: Unit) -> None:
        while not self._ended.is_set():
            process = self.processes[unit.name]
            code = process.wait()
            if not unit.main_only:
                _kill_group(process.pid)
            if not RESTARTED[unit.restart] or (unit.restart == "on-failure" and code == 0):
                return
            if not self._ended.wait(unit.pause):
                self._spawn(unit)

    def kill(self, name: str) -> int:
        """kill -9 of the unit's main process; its pid."""
        pid = self.processes[name].pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        self._ended.set()
        for process in self.processes.values():
            _kill_group(process.pid, signal.SIGTERM)
        for thread in self._threads:
            thread.join(15)
        for group in self.groups:
            _kill_group(group)


def _kill_group(pid: int, number: int = signal.SIGKILL) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
