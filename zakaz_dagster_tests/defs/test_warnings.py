"""Nothing that Dagster, Python or a library will take away is used: a run in a fresh interpreter warns of nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from zakaz_dagster.dev.stack import environment
from zakaz_dagster.paths import PROJECT_ROOT

RUN = """
from datetime import date
import dagster as dg
from zakaz_dagster.definitions import defs
from zakaz_dagster.defs.shared.partitions import Days
day = date(2026, 11, 20)
with dg.DagsterInstance.ephemeral() as instance:
    for job in ("vk_ads_daily", "marts_refresh"):
        run = defs().resolve_job_def(job).execute_in_process(instance=instance, tags=Days(day, day).tags)
        print(*[event.message for event in run.all_events], sep="\\n")
"""
GOING = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
OURS = re.compile(r"(zakaz_dagster|dagster)[\w/]*\.py:\d+: \w*(Deprecation|Future)Warning")


def test_a_run_warns_of_nothing_that_will_go(warehouse, sandbox, tmp_path):
    env = {
        **os.environ,
        **environment(str(warehouse.config.port), sandbox.url, tmp_path),
        "PYTHONPATH": str(PROJECT_ROOT),
        "CLICKHOUSE_PASSWORD": warehouse.config.password,
        "CLICKHOUSE_DATABASE": warehouse.config.database,
        "ZAKAZ_START_DATE": "2026-11-01",
    }
    shown = [argument for kind in GOING for argument in ("-W", f"always::{kind}")]
    command = [sys.executable, *shown, "-c", RUN]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "STEP_SUCCESS" in done.stderr
    assert "deprecat" not in done.stdout
    assert not [line for line in done.stderr.splitlines() if OURS.search(line)]
