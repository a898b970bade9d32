"""`zakaz schema` as an operator runs it: exit codes and what it prints."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli.schema import schema as command
from zakaz_dagster.warehouse.client import Warehouse


@pytest.fixture
def run(bare_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):
    config = bare_warehouse.config
    for name in ("host", "port", "user", "password", "database"):
        monkeypatch.setenv(f"CLICKHOUSE_{name.upper()}", str(getattr(config, name)))
    monkeypatch.setenv("COLUMNS", "300")
    return lambda *arguments: CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def test_apply_then_diff_then_drift(run, bare_warehouse: Warehouse) -> None:
    assert run("diff").exit_code == 1
    first = run("apply")
    assert first.exit_code == 0
    assert "stg_rejects: created" in first.output
    assert "is up to date" in run("apply").output
    equal = run("diff")
    assert (equal.exit_code, "equals sql/" in equal.output) == (0, True)
    bare_warehouse.command("ALTER TABLE stg_rejects MODIFY COLUMN payload LowCardinality(String)")
    drifted = run("diff")
    assert drifted.exit_code == 1
    for word in ("stg_rejects", "changed", "LowCardinality(String), not String", "never altered on its own"):
        assert word in drifted.output
    assert run("apply").exit_code == 1  # what a person has to settle is still there


def test_grants_are_printed_for_review_and_not_run(run, bare_warehouse: Warehouse) -> None:
    printed = run("grants")
    assert printed.exit_code == 0
    database = bare_warehouse.config.database
    role = f"{database}_role_reader"
    assert f"GRANT SELECT ON {database}.v_* TO {role};" in printed.output
    assert printed.output.index(f"CREATE ROLE IF NOT EXISTS {role}") < printed.output.index(f"TO {role}")
    assert "GRANT CLUSTER" not in printed.output
    users = run("grants", "--users").output
    assert f"CREATE USER IF NOT EXISTS {database}_etl IDENTIFIED" in users
    assert f"GRANT {role} TO {database}_datalens_reader;" in users
