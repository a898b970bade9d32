"""What every run did stands in meta_job_runs: retried, failed, killed and stillborn ones as well."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance

from zakaz_dagster.defs.operations import audit
from zakaz_dagster.defs.operations.audit import code_version
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.errors import BadData, Retriable
from zakaz_dagster.warehouse.client import Warehouse

DAYS = {"dagster/asset_partition_range_start": "2026-11-01", "dagster/asset_partition_range_end": "2026-11-07"}
LATER = datetime.now(UTC) + timedelta(days=1)
calls: list[int] = []


@dg.asset
def good():
    return dg.MaterializeResult(
        metadata={
            "rows written": 7,
            "received": 9,
            "accepted": 8,
            "rejected": 1,
            "requests": 3,
            "bytes": 900,
            "retries": 2,
        }
    )


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def flaky():
    calls.append(1)
    with explained():
        if len(calls) == 1:
            raise Retriable("the vendor is busy", source="vk_ads", next_step="wait")


@dg.asset
def bad(context: dg.AssetExecutionContext):
    context.log_event(dg.AssetObservation("bad", metadata={"requests": 5, "received": 40}))
    with explained():
        raise BadData("9 of 10 rows", source="vk_ads", next_step="ask the vendor")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(audit, "SETTLED", timedelta(seconds=-5))
    calls.clear()


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def warehouse(sparse_warehouse):
    return sparse_warehouse("meta_job_runs", "v_ops_runs")


def told(instance, warehouse, after=audit.BEGINNING):
    audit.write(instance, warehouse, after, "0.1+abc")
    rows = warehouse.rows("SELECT * FROM v_ops_runs ORDER BY step, attempt")
    return {(row["step"], row["attempt"]): row for row in rows}


def test_a_good_step_has_its_figures(instance, warehouse):
    run = dg.materialize([good], instance=instance, tags=DAYS)
    row = told(instance, warehouse)["good", 1]
    figures = {"received": 9, "accepted": 8, "rejected": 1, "written": 7}
    assert {name: row[f"rows_{name}"] for name in figures} == figures
    assert (row["requests"], row["bytes"], row["retries"]) == (3, 900, 2)
    assert (row["status"], row["assets"], row["days"], row["source_version"]) == (
        "success",
        "good",
        "2026-11-01..2026-11-07",
        "0.1+abc",
    )
    assert row["run_id"] == run.run_id
    assert row["finished_at"] >= row["started_at"]


def test_every_attempt_of_a_retried_step_is_a_line(instance, warehouse):
    dg.materialize([flaky], instance=instance)
    rows = told(instance, warehouse)
    assert [rows["flaky", number]["status"] for number in (1, 2)] == ["failure", "success"]
    assert rows["flaky", 1]["error_class"] == "Retriable"
    assert "the vendor is busy" in rows["flaky", 1]["error"]


def test_a_failed_step_says_why_and_what_it_had_done(instance, warehouse):
    dg.materialize([bad], instance=instance, raise_on_error=False)
    row = told(instance, warehouse)["bad", 1]
    assert (row["status"], row["error_class"], row["requests"], row["rows_received"]) == ("failure", "BadData", 5, 40)
    assert "ask the vendor" in row["error"]


def started(instance, asset=good):
    """A run whose worker has begun its step and says nothing more."""
    job = dg.define_asset_job("j", [asset]).resolve(asset_graph=dg.Definitions(assets=[asset]).resolve_asset_graph())
    run = instance.create_run_for_job(job)
    event = DagsterEvent(DagsterEventType.STEP_START.value, "j", step_key="good", message="began")
    instance.report_dagster_event(event, run.run_id)
    return run


def test_a_killed_step_ends_with_its_run(instance, warehouse):
    run = started(instance)
    assert told(instance, warehouse)["good", 1]["status"] == "running"
    instance.report_run_failed(instance.get_run_by_id(run.run_id), message="the worker was killed")
    row = told(instance, warehouse)["good", 1]
    assert (row["status"], row["error_class"]) == ("failure", "RunEnded")
    assert "killed" in row["error"]


def test_a_cancelled_step_is_no_failure(instance, warehouse):
    run = started(instance)
    instance.report_run_canceled(instance.get_run_by_id(run.run_id))
    assert told(instance, warehouse)["good", 1]["status"] == "canceled"


def test_a_run_that_never_began_is_a_line_without_a_step(instance, warehouse):
    job = dg.define_asset_job("j", [good]).resolve(asset_graph=dg.Definitions(assets=[good]).resolve_asset_graph())
    run = instance.create_run_for_job(job)
    instance.report_run_failed(run, message="the code server is away")
    row = told(instance, warehouse)["", 1]
    assert (row["job"], row["status"], row["error_class"]) == ("j", "failure", "RunEnded")


def test_the_cursor_goes_on_only_when_clickhouse_has_the_lines(instance, warehouse):
    sensor = audit.audit_sensor("v")
    away = Warehouse.connect(type(warehouse.config)(port=9, patience=0.1))
    dg.materialize([good], instance=instance)

    def tick(wh, cursor):
        with dg.build_sensor_context(instance=instance, cursor=cursor, resources={"warehouse": wh}) as context:
            return sensor.evaluate_tick(context)

    lost = tick(away, None)
    assert lost.cursor is None
    assert "written later" in lost.skip_message
    found = tick(warehouse, lost.cursor)
    assert "1 attempts written" in found.skip_message
    assert "0 attempts written" in tick(warehouse, found.cursor).skip_message
    assert warehouse.scalar("SELECT count() FROM meta_job_runs") == 1


def test_many_runs_are_written_in_batches_and_none_twice(instance, warehouse, monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 2)
    for _ in range(5):
        dg.materialize([good], instance=instance)
    cursor = audit.BEGINNING
    for _ in range(4):
        _, cursor, _ = audit.write(instance, warehouse, cursor, "v")
    assert warehouse.scalar("SELECT count() FROM meta_job_runs") == 5
    assert warehouse.scalar("SELECT uniqExact(run_id) FROM meta_job_runs") == 5


def test_a_query_leads_back_to_its_run(warehouse):
    warehouse.tagged(run="run-77", asset="good").scalar("SELECT 41 + 1")
    warehouse.command("SYSTEM FLUSH LOGS")
    query = "SELECT log_comment FROM system.query_log WHERE query LIKE 'SELECT 41 + 1%' AND log_comment != '' LIMIT 1"
    assert '"run": "run-77"' in warehouse.scalar(query)


@pytest.mark.parametrize("packed", [True, False])
def test_the_version_names_the_commit(tmp_path, packed):
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    commit = "5c3ab0541f9e" * 3
    (git / ("packed-refs" if packed else "refs/heads/main")).write_text(
        f"{commit} refs/heads/main\n" if packed else commit
    )
    assert code_version(tmp_path).endswith("+5c3ab0541f")
    assert "+" not in code_version(tmp_path / "elsewhere")
