"""Dagster's state in Debian's PostgreSQL, as docs/operations.md says: definitions load, a run is recorded and read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from alembic.script import ScriptDirectory
from dagster_postgres.run_storage import run_storage
from dagster_postgres.utils import pg_alembic_config

from zakaz_dagster.cli import upgrade
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests.plugins.postgres import BIN, dagster_yaml, postgres

JOB = "housekeeping"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if BIN is None:
        pytest.skip("no PostgreSQL of Debian's on this machine")
    with postgres() as found:
        yield found


@pytest.fixture
def home(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME with the file of deploy/container, whose one change is where PostgreSQL is."""
    (tmp_path / "dagster.yaml").write_text(dagster_yaml(url))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def test_a_run_is_recorded_in_postgresql_and_read_back(home: Path, warehouse: Any) -> None:
    config = warehouse.config
    environment = {
        "CLICKHOUSE_HOST": config.host, "CLICKHOUSE_PORT": str(config.port), "CLICKHOUSE_USER": config.user,
        "CLICKHOUSE_PASSWORD": config.password, "CLICKHOUSE_DATABASE": config.database, "ZAKAZ_DATA_DIR": str(home / "data"),
    }  # fmt: skip
    job = build_definitions(Settings(environment=environment)).resolve_job_def(JOB)
    with dg.DagsterInstance.get() as instance:
        assert type(instance.run_storage).__name__ == "PostgresRunStorage"
        run_id = job.execute_in_process(instance=instance).run_id
    with dg.DagsterInstance.get() as again:
        run = again.get_run_by_id(run_id)
        assert run is not None
        assert (run.job_name, run.status) == (JOB, dg.DagsterRunStatus.SUCCESS)
        assert any("forgotten" in (entry.user_message or "") for entry in again.all_logs(run_id))
    assert not list(home.rglob("*.db")), "no SQLite beside it"


def test_a_storage_of_another_version_is_told_and_migrated(home: Path) -> None:
    assert list(upgrade.outdated()) == []
    with dg.DagsterInstance.get() as instance:
        engine = instance.run_storage._engine  # type: ignore[attr-defined]
        scripts = ScriptDirectory.from_config(pg_alembic_config(run_storage.__file__))
        before = scripts.get_revision("head").down_revision  # type: ignore[union-attr]
        with engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{before}'")
    assert [line.split()[0] for line in upgrade.outdated()] == ["runs", "events", "schedules"]
    upgrade.migrate()
    assert list(upgrade.outdated()) == []
