"""`zakaz backup` as an operator types it, on a running engine: what docs/RUNBOOK_BACKUP_RESTORE.md promises of each verb."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from zakaz_dagster.backup.service import Backups
from zakaz_dagster.cli import main
from zakaz_dagster.private_files import private_folder, write_private
from zakaz_dagster.warehouse import schema
from zakaz_dagster_tests.contract.backup.test_backup import backed, backups, fill

__all__ = ["backed", "backups"]


@pytest.fixture
def zakaz(backups: Backups, backed: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`zakaz(…)`: exit code and output of the command in an installation of its own."""
    shelf, disk = backed
    endpoint = shelf.clickhouse
    secrets = private_folder(tmp_path / "secrets")
    lines = {
        "CLICKHOUSE_HOST": endpoint.host, "CLICKHOUSE_PORT": endpoint.port, "CLICKHOUSE_PASSWORD": f"'{endpoint.password}'",
    }  # fmt: skip
    write_private(secrets / "clickhouse.env", "\n".join(f"{name}={value}" for name, value in lines.items()).encode())
    write_private(secrets / "backup.env", f"BACKUP_DISK=backups\nBACKUP_PATH={disk}\nBACKUP_KEEP_FULL=1\n".encode())
    for name in ("DAGSTER_HOME", "CLICKHOUSE_HOST", "CLICKHOUSE_PORT", "CLICKHOUSE_PASSWORD", "CLICKHOUSE_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAKAZ_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("ZAKAZ_DATA_DIR", str(tmp_path / "data"))

    def run(words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, words.split())
        return done.exit_code, done.output

    return run


def test_a_night_a_rehearsal_a_loss_and_the_way_back(zakaz: Any, backups: Backups) -> None:
    wh = backups.admin
    code, full = zakaz("backup create --full")
    assert (code, bool(re.search(r"zakaz-\w+-full: \d+ tables, \d+ rows, \d+ bytes", full))) == (0, True), full
    fill(wh, 9)
    rows = wh.scalar("SELECT count() FROM meta_job_runs FINAL")
    assert "incremental: " in zakaz("backup create --incremental")[1]
    code, drilled = zakaz("backup drill")
    assert (code, bool(re.search(r"RPO 0\.0 h .*, RTO \d+ s", drilled))) == (0, True), drilled
    assert zakaz("backup verify")[0] == 0
    assert "2 backups" in zakaz("backup list")[1]

    wh.command("DROP TABLE meta_job_runs SYNC")
    code, refused = zakaz("backup restore")
    assert (code, "--over-live" in refused) == (3, True), refused
    code, beside = zakaz("backup restore --to zakaz_beside")
    assert (code, "restored into zakaz_beside" in beside) == (0, True), beside
    code, back = zakaz("backup restore --over-live")
    assert (code, "zakaz_before_" in back) == (0, True), back
    assert wh.scalar("SELECT count() FROM meta_job_runs FINAL") == rows
    assert zakaz("schema diff")[0] == 0
    kinds = {row["kind"] for row in wh.rows("SELECT kind FROM meta_backup_runs FINAL")}
    assert kinds >= {"full", "restore"}, "what came after the backup is told by the list of files"

    gone = re.findall(r"zakaz_before_\w+", back)[0]
    wh.command(f"DROP DATABASE {gone} SYNC", settings=schema.ANYWHERE)


def test_outdated_backups_go_and_the_files_beside_them_are_kept(zakaz: Any, tmp_path: Path) -> None:
    first = re.findall(r"zakaz-\w+-full", zakaz("backup create --full")[1])[0]
    time.sleep(1.1)  # a name has the second
    assert zakaz("backup create --full")[0] == 0
    code, pruned = zakaz("backup prune")
    assert (code, f"deleted {first}" in pruned) == (0, True), pruned
    assert "0 deleted" in zakaz("backup prune")[1]
    archive = tmp_path / "safe" / "files.tar.gz"
    code, kept = zakaz(f"backup files {archive}")
    assert (code, "data: 1 files" in kept, "secrets: 2 files" in kept) == (0, True, True), kept
    assert zakaz(f"backup files {archive} --unpack {tmp_path / 'back'}")[0] == 0
    assert (tmp_path / "back" / "secrets" / "backup.env").read_text().startswith("BACKUP_DISK")
