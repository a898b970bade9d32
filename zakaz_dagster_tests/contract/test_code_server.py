"""Runs are forked from a process that has imported everything, and are watched, ended and killed as any other run.

ClickHouse is away in all of them, which a run waits for with patience: that makes it long enough to be killed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from benchmarks.code_server import children, command, is_alive, serving, until

JOB = "all_checks"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs are forked on Linux only")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("code-server")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (home / "secrets").mkdir()
    (home / "secrets" / "clickhouse.env").write_text("CLICKHOUSE_HOST=127.0.0.1\nCLICKHOUSE_PORT=9\n")
    environment = {
        "PATH": os.environ["PATH"], "DAGSTER_HOME": str(home), "HOME": str(home),
        "ZAKAZ_DATA_DIR": str(home), "ZAKAZ_SECRETS_DIR": str(home / "secrets"),
    }  # fmt: skip
    with serving(home, environment) as running:
        yield running


def at_work(server):
    """A run that waits for ClickHouse, and its process."""
    run_id = server.create(JOB)
    server.launch(run_id)
    until(lambda: server.status(run_id) is DagsterRunStatus.STARTED, "the run has started")
    (pid,) = children(server.forking)
    return run_id, pid


def ended(server, run_id):
    """How it ended, once its process is gone as well."""
    until(lambda: server.instance.get_run_by_id(run_id).is_finished, "the run has ended")
    until(lambda: not children(server.forking), "its process is gone")
    return server.status(run_id)


def test_a_run_is_a_process_of_its_own_that_finds_everything_imported(server):
    run_id, pid = at_work(server)
    try:
        assert "forkserver" in command(pid)  # the text of the process it was forked from
        assert pid not in children(server.process.pid)
        mapped = Path(f"/proc/{pid}/maps").read_text()
        assert "/pyarrow/" in mapped
        assert "/pandas/" not in mapped
    finally:
        server.instance.run_launcher.terminate(run_id)
    assert ended(server, run_id) is DagsterRunStatus.CANCELED


def test_a_run_that_is_killed_is_red_and_the_next_one_starts(server):
    run_id, pid = at_work(server)
    os.kill(pid, signal.SIGKILL)
    assert ended(server, run_id) is DagsterRunStatus.FAILURE
    again, pid = at_work(server)
    os.kill(pid, signal.SIGKILL)
    assert ended(server, again) is DagsterRunStatus.FAILURE


def test_runs_end_with_the_process_they_were_forked_from_and_another_one_takes_its_place(server):
    run_id, pid = at_work(server)
    killed = server.forking
    os.kill(killed, signal.SIGKILL)
    until(lambda: not is_alive(pid), "no run loads on that Dagster takes for dead")
    until(lambda: server.instance.get_run_by_id(run_id).is_finished, "the run has ended")
    assert server.status(run_id) is DagsterRunStatus.FAILURE
    again, pid = at_work(server)
    assert server.forking != killed
    os.kill(pid, signal.SIGKILL)
    assert ended(server, again) is DagsterRunStatus.FAILURE


def test_a_run_reads_the_settings_as_they_are_when_it_starts(server):
    file = Path(server.instance.root_directory) / "secrets" / "clickhouse.env"
    kept = file.read_text()
    file.write_text("CLICKHOUSE_HOST=127.0.0.1\nCLICKHOUSE_PORT=no number\n")
    try:
        run_id = server.create(JOB)
        server.launch(run_id)
        assert ended(server, run_id) is DagsterRunStatus.FAILURE
        failed = [each.dagster_event for each in server.instance.all_logs(run_id) if each.is_dagster_event]
        assert "CLICKHOUSE_PORT" in " ".join(str(each.event_specific_data) for each in failed if each.is_failure)
    finally:
        file.write_text(kept)
