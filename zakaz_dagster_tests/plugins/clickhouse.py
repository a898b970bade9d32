"""A running ClickHouse endpoint for the test session; under xdist each worker has its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30
PASSWORD = "loopback only"


@dataclass(frozen=True)
class Endpoint:
    """Where to connect, and the process behind it."""

    host: str
    port: int
    user: str
    password: str
    process: subprocess.Popen[str] = field(repr=False)
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with serving(tmp_path_factory.mktemp("clickhouse")) as endpoint:
        yield endpoint


@contextmanager
def serving(data_dir: Path, *arguments: str, password: str = PASSWORD) -> Iterator[Endpoint]:
    """A process of its own on a free port; stopped cleanly at the end, unless the test has ended it."""
    process = started(data_dir, *arguments, password=password)
    try:
        yield _ready(process, password, data_dir)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()


def started(data_dir: Path, *arguments: str, password: str = PASSWORD) -> subprocess.Popen[str]:
    """The bare process, for tests of starting and ending."""
    secret = ["--password-env", "EMBEDDED_PASSWORD"] if password else ["--no-password"]
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "zakaz_dagster.dev.clickhouse",
            f"--data-dir={data_dir}",
            "--exit-with-parent",
            *secret,
            *arguments,
        ],
        cwd=PROJECT,
        env={**os.environ, "EMBEDDED_PASSWORD": password},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ready(process: subprocess.Popen[str], password: str, folder: Path) -> Endpoint:
    assert process.stdout
    assert process.stderr
    readable, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
    line = process.stdout.readline() if readable else ""
    if not line:
        process.kill()
        pytest.fail(f"the ClickHouse endpoint did not start: {process.stderr.read() or 'no message'}")
    where = json.loads(line)
    return Endpoint(where["host"], where["port"], "default", password, process, folder)
