"""What fails for good runs once, what may pass runs again; and no pool is without its limit when Dagster starts."""

from __future__ import annotations

import os
import subprocess
import sys

import dagster as dg
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.errors import BadData, ConfigFault, Fatal, Retriable, ShapeChanged
from zakaz_dagster.paths import PROJECT_ROOT

AT_ONCE = dg.RetryPolicy(max_retries=RETRY.max_retries)  # the same number of times, without the pauses


def attempts(error: Exception) -> int:
    """How often a step with our policy is run when it raises this."""
    made = []

    @dg.op(retry_policy=AT_ONCE)
    def step():
        made.append(1)
        with explained():
            raise error

    @dg.job
    def work():
        step()

    assert not work.execute_in_process(raise_on_error=False).success
    return len(made)


@pytest.mark.parametrize("kind", [Fatal, BadData, ShapeChanged, ConfigFault])
def test_a_permanent_failure_runs_once(kind):
    assert attempts(kind("the token was refused", source="qtickets")) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("a defect"), KeyError("sum"), OSError(28, "no space left")])
def test_a_defect_of_ours_runs_once(error):
    assert attempts(error) == 1


def test_a_failure_that_may_pass_runs_three_times():
    assert attempts(Retriable("500", source="qtickets")) == 3


START = """
import sys
sys.argv = ["dagster", *sys.argv[1:]]
from zakaz_dagster.definitions import defs
defs()
"""


@pytest.mark.parametrize(("arguments", "limited"), [(["api", "grpc"], True), (["run", "list"], False)])
def test_every_pool_lets_one_run_through_as_soon_as_definitions_are_served(tmp_path, monkeypatch, arguments, limited):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT_ROOT), "DAGSTER_HOME": str(tmp_path)}
    command = [sys.executable, "-c", START, *arguments]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        limits = {each.name: each.limit for each in instance.event_log_storage.get_pool_limits()}
    assert limits == (dict.fromkeys(execution.pool_names(build_definitions()), 1) if limited else {})
    assert not limited or {"qtickets", "vk_ads", "yandex_direct", "marts"} <= limits.keys()
