"""A code server of the platform and the runs that are launched in it, as Dagster's daemon launches them.

Belongs here: starting it, launching, what its processes cost. Does not: what is judged (`refresh`, the tests).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import dagster as dg

from benchmarks.child import PROJECT
from zakaz_dagster_tests._private import (
    GrpcServerTarget,
    WorkspaceProcessContext,
    WorkspaceRequestContext,
    create_remote_run,
)

Found = TypeVar("Found")
HOST, LOCATION = "127.0.0.1", "zakaz_dagster"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class CodeServer:
    """A running one; `instance` is the one that its runs write to."""

    process: subprocess.Popen[bytes]
    instance: dg.DagsterInstance
    context: WorkspaceProcessContext

    @property
    def forking(self) -> int | None:
        """The process that runs are forked from."""
        return next((pid for pid in children(self.process.pid) if "forkserver" in command(pid)), None)

    def create(self, job: str, tags: Mapping[str, str] | None = None) -> str:
        """A run as a schedule's tick creates it."""
        workspace = self.context.create_request_context()
        location = workspace.get_code_location(LOCATION)
        repository = next(iter(location.get_repositories().values()))
        made = repository.get_full_job(job)
        return create_remote_run(self.instance, location, repository, made, {}, tags, None, None).run_id

    def launch(self, run_id: str) -> None:
        """Start it, as the queue does."""
        self.instance.launch_run(run_id, self.workspace)

    @property
    def workspace(self) -> WorkspaceRequestContext:
        return self.context.create_request_context()

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def cpu(self) -> float:
        """CPU seconds of the server, of what runs are forked from, and of the runs that have ended."""
        return sum(cpu(pid) for pid in (self.process.pid, self.forking) if pid)


@contextmanager
def serving(home: Path, environment: Mapping[str, str]) -> Iterator[CodeServer]:
    """A code server over the Dagster home in `home`, ended with the block."""
    port, process = _started(home, environment)
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            target = GrpcServerTarget(host=HOST, port=port, socket=None, location_name=LOCATION)
            with WorkspaceProcessContext(instance, target) as context:
                yield CodeServer(process, instance, context)
    finally:
        process.terminate()
        process.wait(10)
        os.killpg(process.pid, signal.SIGKILL)


def _started(home: Path, environment: Mapping[str, str]) -> tuple[int, subprocess.Popen[bytes]]:
    """Its port and process, once it listens; another port when somebody took the first one meanwhile."""
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        words = [sys.executable, "-m", "zakaz_dagster.code_server", "--host", HOST, "--port", str(port)]
        env = {**environment, "PYTHONPATH": str(PROJECT)}
        process = subprocess.Popen(words, env=env, cwd=home, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            until(lambda: _listening(port) or process.poll() is not None, "the code server listens")  # noqa: B023  at once
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        if process.poll() is None:
            return port, process
    raise RuntimeError(f"the code server ended with {process.returncode} before it listened")


def until(true: Callable[[], Found], what: str, seconds: float = 90.0) -> Found:
    """The first value of `true` that is one."""
    end = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)
    return found


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def children(pid: int | None) -> list[int]:
    """The processes that it has started and that have not ended."""
    if pid is None:
        return []
    listed = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(each) for file in listed for each in file.read_text().split()]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended may still wait to be asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def cpu(pid: int) -> float:
    """CPU seconds of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


def peak_mb(pid: int) -> float:
    """The most memory that a process had resident, what it shares with others included."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
