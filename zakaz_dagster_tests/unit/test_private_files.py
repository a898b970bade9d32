"""State is for its owner only, whatever the umask."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zakaz_dagster.alerts.send import Folder
from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster.dev.clickhouse import config
from zakaz_dagster.private_files import private_file, private_folder, read_private, write_private
from zakaz_dagster.verdicts import Status, Verdict


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_every_folder_made_for_them_are_closed(tmp_path):
    write_private(tmp_path / "a" / "b" / "token.json", b"x")
    private_file(tmp_path / "a" / "c" / "state.sqlite3")
    for folder in ("a", "a/b", "a/c"):
        assert mode(tmp_path / folder) == 0o700
    for file in ("a/b/token.json", "a/c/state.sqlite3"):
        assert mode(tmp_path / file) == 0o600


def test_what_others_could_read_is_closed_and_kept(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "old").write_bytes(b"kept")
    (tmp_path / "old").chmod(0o644)
    assert private_file(tmp_path / "old").read_bytes() == b"kept"
    assert (mode(tmp_path / "old"), mode(tmp_path)) == (0o600, 0o700)
    (tmp_path / "old").chmod(0o664)
    assert read_private(tmp_path / "old") == b"kept"
    assert mode(tmp_path / "old") == 0o600


def test_a_folder_that_many_share_stays_open(tmp_path, monkeypatch):
    shared, home, work = (tmp_path / name for name in ("shared", "home", "work"))
    for folder in (shared, home, work):
        folder.mkdir()
        folder.chmod(0o1777 if folder is shared else 0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    assert [mode(private_folder(folder)) & 0o777 for folder in (shared, home, work)] == [0o777, 0o755, 0o755]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    write_private(tmp_path / "f", b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_private(tmp_path / "f", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"old")]


def test_the_memory_of_alerts_and_mails_kept_as_files_are_closed(tmp_path):
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    told = Alerts(tmp_path / "data" / "alerts.sqlite3", [Folder(tmp_path / "mail")])
    told.notify([Verdict("fact_x__agrees", "data", Status.ERROR, "x")], now)
    (mail,) = (tmp_path / "mail").iterdir()
    assert [mode(path) for path in (tmp_path / "data" / "alerts.sqlite3", mail)] == [0o600, 0o600]
    assert [mode(path) for path in (tmp_path / "data", tmp_path / "mail")] == [0o700, 0o700]


def test_the_local_engines_configuration_is_closed(tmp_path):
    assert mode(config.written(tmp_path, None, None, ())) == 0o600
    assert mode(tmp_path / "users.xml") == 0o600
