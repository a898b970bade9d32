"""What stands beside ClickHouse is kept in one archive and comes back byte by byte."""

from __future__ import annotations

import sqlite3
import stat
import tarfile
from pathlib import Path

import pytest

from zakaz_dagster.backup.files import pack, unpack
from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.resources import kept_folders
from zakaz_dagster.settings import Settings


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    data, secrets = tmp_path / "data", tmp_path / "secrets"
    for path, text in {
        data / "tokens" / "gmail.json": "token",
        data / "clickhouse" / "store.bin": "large",
        data / "preview" / "romi.html": "made again",
        secrets / "zakaz.env": "ZAKAZ_PRIVACY_SALT=salt",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (secrets / "link").symlink_to("/etc/passwd")
    return {"data": data, "secrets": secrets, "absent": tmp_path / "none"}


def test_state_and_secrets_come_back_and_nothing_else(places, tmp_path):
    archive = tmp_path / "kept" / "files.tar.gz"
    assert dict(pack(places, archive).files) == {"data": 1, "secrets": 1}
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    found = unpack(archive, tmp_path / "back")
    assert dict(found.files) == {"data": 1, "secrets": 1}
    assert (tmp_path / "back" / "data" / "tokens" / "gmail.json").read_text() == "token"
    assert stat.S_IMODE((tmp_path / "back" / "secrets" / "zakaz.env").stat().st_mode) == 0o600


def test_all_that_cannot_be_made_again_is_kept(tmp_path, monkeypatch):
    data, secrets, home, token = (tmp_path / name for name in ("data", "secrets", "dagster", "elsewhere/vk.json"))
    wanted = {
        data / "tokens" / "gmail.json", data / "alerts.sqlite3", data / "webhooks.sqlite3", data / "datalens" / "book.json",
        data / "backups" / "zakaz-full.json", secrets / "zakaz.env", home / "history" / "runs.db", home / "dagster.yaml", token,
    }  # fmt: skip
    for path in wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kept")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    given = {"ZAKAZ_DATA_DIR": str(data), "VK_ADS_TOKEN_FILE": str(token)}
    places = kept_folders(Settings(secrets, given))
    archive = data / "files.tar.gz"  # beside what it keeps, and not in itself
    assert dict(pack(places, archive).files) == {"data": 5, "secrets": 1, "dagster": 2, "vk_ads_token": 1}
    assert dict(pack(places, archive).files) == {"data": 5, "secrets": 1, "dagster": 2, "vk_ads_token": 1}
    unpack(archive, tmp_path / "back")
    assert {path.name for path in (tmp_path / "back").rglob("*") if path.is_file()} >= {path.name for path in wanted}


def test_a_storage_within_the_data_folder_is_kept_once(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    assert set(kept_folders(Settings(environment={"ZAKAZ_DATA_DIR": str(tmp_path)}))) == {"data", "secrets"}


def test_an_sqlite_file_is_copied_with_what_its_log_holds(places, tmp_path):
    path = places["data"] / "alerts.sqlite3"
    live = sqlite3.connect(path)
    live.execute("PRAGMA journal_mode = WAL")
    live.execute("CREATE TABLE incidents (name TEXT)")
    live.execute("INSERT INTO incidents VALUES ('open')")
    live.commit()
    assert path.with_name("alerts.sqlite3-wal").stat().st_size > 0, "the row is in the log, not in the file"
    pack(places, tmp_path / "files.tar.gz")
    live.close()
    unpack(tmp_path / "files.tar.gz", tmp_path / "back")
    copy = sqlite3.connect(tmp_path / "back" / "data" / "alerts.sqlite3")
    assert copy.execute("SELECT name FROM incidents").fetchall() == [("open",)]
    copy.close()


def test_what_is_no_archive_of_ours_or_has_no_room_is_named(places, tmp_path):
    (tmp_path / "other.tar.gz").write_bytes(b"nothing")
    with pytest.raises(BadData, match="no archive of ours"):
        unpack(tmp_path / "other.tar.gz", tmp_path / "back")
    with tarfile.open(tmp_path / "foreign.tar.gz", "w:gz") as tar:
        tar.add(places["secrets"] / "zakaz.env", arcname="../outside")
    (tmp_path / "back2").mkdir()
    with pytest.raises(BadData, match="no archive of ours"):
        unpack(tmp_path / "foreign.tar.gz", tmp_path / "back2")
    assert not (tmp_path / "outside").exists(), "an archive writes nothing beside its folder"
    with pytest.raises(ConfigFault, match="not empty"):
        unpack(tmp_path / "foreign.tar.gz", places["data"])
    with pytest.raises(ConfigFault, match="nothing to keep"):
        pack({"none": tmp_path / "none"}, tmp_path / "empty.tar.gz")
