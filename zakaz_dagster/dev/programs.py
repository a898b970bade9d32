"""Programs that run together: their lines to a log each, all of them ended when one ends, code restarted on a change.

A process manager of PyPI would fork a Python process of 45 MB beside each program, or need a compiler.
Belongs here: processes of `zakaz dev`. Does not: which programs (`cli.dev`).
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from zakaz_dagster.dev.stack import Service
from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import PACKAGE, PROJECT_ROOT, SQL_ROOT
from zakaz_dagster.private_files import private_file

STOP_SECONDS = 15.0
LOOK_SECONDS = 1.5
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CHATTER = re.compile(r" - (DEBUG|INFO) - ")  # of Dagster, which the log has in full


class Programs:
    """Python modules with their arguments, by name."""

    def __init__(self, environment: Mapping[str, str], logs: Path, *, verbose: bool) -> None:
        self._environment = {
            "MALLOC_ARENA_MAX": "2",
            **environment,
            "PYTHONUNBUFFERED": "1",
        }  # an arena a thread is waste
        self._logs = logs
        self._verbose = verbose
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._restarting: set[str] = set()
        self._ended: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def start(self, name: str, arguments: Sequence[str]) -> None:
        """Run `python -m` with these arguments from now on."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *arguments, env=self._environment, cwd=PROJECT_ROOT, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._running[name] = process
        self._keep(self._follow(name, process))

    def _keep(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with private_file(self._logs / f"{name}.log").open("ab") as log:
            while line := await process.stdout.readline():
                log.write(line)
                log.flush()
                text = line.decode("utf-8", "replace").rstrip()
                if self._verbose or not CHATTER.search(COLOUR.sub("", text)):
                    sys.stderr.write(f"{name:8} | {text}\n")
        code = await process.wait()
        if name not in self._restarting:
            await self._ended.put((name, code))

    async def until_one_ends(self, services: Sequence[Service]) -> None:
        """Wait; a program or one of the services that ends by itself is a Fatal: nothing is to run without it."""
        while self._ended.empty():
            await asyncio.sleep(LOOK_SECONDS)
            for each in services:
                if (code := each.process.poll()) is not None:
                    await self._ended.put((each.name, code))
        name, code = await self._ended.get()
        raise Fatal(f"{name} ended with code {code}", source="dev", next_step=f"read {self._logs / name}.log")

    async def restart_on_change(self, name: str, arguments: Sequence[str]) -> None:
        """Start a program again whenever a source or SQL file changes."""
        seen = newest()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if (now := newest()) != seen:
                seen = now
                self._restarting.add(name)
                await _end(self._running[name])
                self._restarting.discard(name)
                await self.start(name, arguments)

    async def stop(self) -> None:
        """End all of them, with what they have started."""
        await asyncio.gather(*(_end(process, whole_group=True) for process in self._running.values()))
        for task in list(self._tasks):
            task.cancel()


async def _end(process: asyncio.subprocess.Process, *, whole_group: bool = False) -> None:
    """Ask, wait, insist. Runs of a code server are its children and outlive its restart."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
    if whole_group:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


async def listening(port: int) -> None:
    """Until somebody accepts connections on a loopback port."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)


def newest() -> tuple[float, int]:
    """The newest change of the project's sources, and how many they are."""
    changed = [path.stat().st_mtime for path in _sources()]
    return max(changed, default=0.0), len(changed)


def _sources() -> Iterator[Path]:
    for folder, pattern in ((PACKAGE, "*.py"), (SQL_ROOT, "*.sql"), (SQL_ROOT, "*.csv")):
        yield from folder.rglob(pattern)
