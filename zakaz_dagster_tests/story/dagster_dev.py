"""A running `dagster dev` over the local stack, driven through its GraphQL API as people drive the UI."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zakaz_dagster import resources
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.dev.stack import PROJECT_ROOT, Stack, enter, stack
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse

LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
RUNS = """query($f: RunsFilter) { runsOrError(filter: $f) { ... on Runs { results {
  runId status jobName startTime endTime } } } }"""
START = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
LOGS = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
  ... on MessageEvent { message } } } } }"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass
class Dagster:
    """GraphQL in plain words; `warehouse` and `stack` are what the runs write to and read from."""

    port: int
    stack: Stack
    warehouse: Warehouse

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert not found.get("errors"), found["errors"]
        return found["data"]

    def backfill(self, assets: Sequence[str], days: Sequence[str]) -> str:
        """Launch a backfill as the UI does; returns its id."""
        selection = [{"path": [asset]} for asset in assets]
        data = self.ask(LAUNCH, p={"assetSelection": selection, "partitionNames": list(days)})
        assert data["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", data
        return data["launchPartitionBackfill"]["backfillId"]

    def launch(self, job: str, tags: Mapping[str, str], assets: Sequence[str] = ()) -> str:
        """Launch a run of a job, or of some of its assets, as the UI does; returns its id."""
        chosen = {"assetSelection": [{"path": [asset]} for asset in assets]} if assets else {}
        location = {
            "repositoryName": "__repository__", "repositoryLocationName": "zakaz_dagster", "jobName": job, **chosen
        }  # fmt: skip
        listed = [{"key": key, "value": value} for key, value in tags.items()]
        params = {"selector": location, "runConfigData": {}, "executionMetadata": {"tags": listed}}
        data = self.ask(START, p=params)["launchRun"]
        assert data["__typename"] == "LaunchRunSuccess", data
        return data["run"]["runId"]

    def run(self, run: str) -> dict[str, Any]:
        """A run's status and times."""
        [found] = self.ask(RUNS, f={"runIds": [run]})["runsOrError"]["results"]
        return found

    def runs(self, backfill: str) -> list[dict[str, str]]:
        tags = {"tags": [{"key": "dagster/backfill", "value": backfill}]}
        return self.ask(RUNS, f=tags)["runsOrError"]["results"]

    def finished(self, backfill: str, seconds: float) -> list[dict[str, str]]:
        """Its runs, once there is one and all have ended."""
        return wait(
            lambda: (runs := self.runs(backfill)) and all(run["status"] in ENDED for run in runs) and runs, seconds
        )

    def worker(self, run: str) -> int:
        """The process id of a run's worker; 0 until it is told."""
        events = self.ask(LOGS, id=run)["logsForRun"]["events"]
        found = re.search(r"\(pid: (\d+)\)", " ".join(event.get("message", "") for event in events))
        return int(found[1]) if found else 0


def wait(found: Any, seconds: float, *, every: float = 0.5) -> Any:
    """Poll until `found()` is true; its value."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = found()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"not in {seconds} s")


@contextmanager
def dagster_dev(home: Path, sandbox_options: Sequence[str]) -> Iterator[Dagster]:
    """The stack, the schema and `dagster dev` on a free port; all of it ends with the block."""
    with stack(home, sandbox_options) as running:
        saved = dict(os.environ)
        enter(running)
        try:
            warehouse = resources.warehouse(Settings())
            schema.apply(warehouse)
            with execution.instance_at_home() as instance:  # as `zakaz dev` does
                execution.set_pool_limits(build_definitions(), instance)
            with _web(dict(os.environ), home) as port:
                yield Dagster(port, running, warehouse)
        finally:
            os.environ.clear()
            os.environ.update(saved)


@contextmanager
def _web(environment: dict[str, str], home: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [
        "dagster",
        "dev",
        "-w",
        str(PROJECT_ROOT / "workspace.yaml"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (home / "dagster.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=environment,
            cwd=PROJECT_ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait(lambda: _answers(port), 90)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except OSError:
        return False
