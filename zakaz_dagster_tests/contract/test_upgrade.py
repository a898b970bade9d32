"""A database that older code made, with rows, becomes this code's by `schema apply`, and no row is lost."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import upgrade
from zakaz_dagster.private_files import private_folder
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.seeds import seeded
from zakaz_dagster.warehouse.sql_files import ANYWHERE, load, tables
from zakaz_dagster.warehouse.table_info import shape

PROJECT = Path(__file__).resolve().parents[2]


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(PROJECT), *arguments], capture_output=True, check=False).stdout


def older() -> list[str]:
    """Three commits that changed tables: a quarter, half and three quarters of the way back."""
    found = git("log", "--first-parent", "--format=%h", "--", "sql/tables").decode().split()
    return [found[len(found) * part // 4] for part in (1, 2, 3)] if len(found) >= 4 else []


@pytest.mark.skipif(not older(), reason="this checkout has no history of sql/tables")
@pytest.mark.parametrize("commit", older())
def test_an_older_database_becomes_equal_and_keeps_its_rows(
    bare_warehouse: Warehouse, tmp_path: Path, commit: str
) -> None:
    wh = bare_warehouse
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit, "sql"))) as archive:
        archive.extractall(tmp_path, filter="data")
    wh.command(f"CREATE DATABASE {wh.config.database}", settings=ANYWHERE)
    old = load("tables", tmp_path / "sql")
    for statement in old.values():
        wh.command(statement.sql)
    kept = sorted(old.keys() & tables().keys() - seeded().keys())
    assert len(kept) > 5
    for name in kept:
        structure = ", ".join(f"`{column}` {kind}" for column, kind in shape(wh, name).types.items()).replace("'", "''")
        wh.command(f"INSERT INTO {name} SELECT * FROM generateRandom('{structure}', 1, 3) LIMIT 3")  # noqa: S608
    before = counts(wh, kept)
    schema.apply(wh)
    assert counts(wh, kept) == before
    left = [each for each in schema.diff(wh) if each.kind != "foreign"]
    by_hand = [f"{each.name}: {each.what}" for each in left if each.kind == "changed"]
    assert [each for each in left if each.kind == "missing"] == []
    assert all(each.next_step for each in left), by_hand
    assert schema.apply(wh) == []


def counts(wh: Warehouse, names: list[str]) -> dict[str, int]:
    return {name: int(wh.scalar(f"SELECT count() FROM {name}")) for name in names}  # noqa: S608


def test_without_a_lock_packages_are_those_that_the_package_itself_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(upgrade.differing(tmp_path / "none.lock")) == []
    monkeypatch.setattr(
        upgrade.metadata, "requires", lambda name: ["click<8", "nowhere-to-be-found>=1", "pytest<1; extra == 'test'"]
    )
    assert [line.split()[0] for line in upgrade.differing(tmp_path / "none.lock")] == ["click", "nowhere-to-be-found"]


def test_the_command_says_what_is_left_and_then_that_nothing_is(
    bare_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bare_warehouse.config
    given = {
        "DAGSTER_HOME": tmp_path, "ZAKAZ_DATA_DIR": tmp_path / "data", "ZAKAZ_SECRETS_DIR": tmp_path / "secrets",
        "CLICKHOUSE_HOST": config.host, "CLICKHOUSE_PORT": config.port, "CLICKHOUSE_DATABASE": config.database,
        "CLICKHOUSE_PASSWORD": config.password, "COLUMNS": "200",
    }  # fmt: skip
    private_folder(tmp_path / "secrets")
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(upgrade, "LOCK", tmp_path / "production.lock")
    upgrade.LOCK.write_text("click==0.0.1 \\\n    --hash=sha256:0\nnowhere-to-be-found==1.0 ; python_version < '3'\n")
    first = CliRunner().invoke(upgrade.upgrade, ["--check"])
    assert first.exit_code == 1, first.output
    words = "".join(re.findall(r"[\w.=-]+", first.output))  # a narrow table breaks lines within words
    for said in ("not==0.0.1", "zakazschemaapply", "doesnotexist"):
        assert said in words
    assert "nowhere" not in words
    upgrade.LOCK.unlink()
    assert CliRunner().invoke(upgrade.upgrade, []).exit_code == 0
    second = CliRunner().invoke(upgrade.upgrade, ["--check"])
    assert (second.exit_code, "Nothing is left to do" in second.output) == (0, True), second.output
    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "outdated", lambda: iter(["runs are at 1, not 2"]))
        third = CliRunner().invoke(upgrade.upgrade, ["--check"])
    assert (third.exit_code, "runs are at 1, not 2" in third.output) == (1, True)
