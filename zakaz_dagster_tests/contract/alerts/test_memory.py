"""The memory of alerts: what cannot be written, a full disk, and none at all."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from zakaz_dagster.alerts import store
from zakaz_dagster.alerts.send import Folder
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster_tests.contract.alerts.telling import MINUTE, NOW, kinds, ok, verdict


@pytest.mark.parametrize("harm", ["foreign", "folder", "locked"])
def test_a_memory_that_cannot_be_written_is_told_once_and_taken_back_later(alerts, mailbox, harm, monkeypatch):
    alerts.notify([verdict("fact_old__agrees")], NOW)
    kept = alerts.path.read_bytes()
    rival = None
    if harm == "locked":
        monkeypatch.setattr("zakaz_dagster.alerts.store.BUSY_SECONDS", 0.05)
        rival = sqlite3.connect(alerts.path, isolation_level=None)
        rival.execute("BEGIN IMMEDIATE")
    else:
        alerts.path.unlink()
        alerts.path.write_bytes(
            b"not a database, but long enough to be looked at" * 9
        ) if harm == "foreign" else alerts.path.mkdir()
    for minute in range(1, 4):
        alerts.notify(
            [verdict(), verdict("fact_old__agrees")] if harm == "locked" else [verdict()], NOW + minute * MINUTE
        )
    assert len(mailbox.mails) == 3, mailbox.subjects
    assert "Zakaz: ошибка — Память оповещений не пишется" in mailbox.subjects
    if rival:
        rival.close()
    else:
        alerts.path.rmdir() if harm == "folder" else alerts.path.unlink()
        alerts.path.write_bytes(kept)
    alerts.notify([ok()], NOW + 5 * MINUTE)
    assert kinds(mailbox)[3:] == ["решено: 2"]
    assert not store.spare_path(alerts.path).exists()


def test_a_full_disk_does_not_stop_the_telling(alerts, mailbox):
    alerts.notify([], NOW)
    with sqlite3.connect(alerts.path) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    full = _FullDisk(alerts.path, pages)
    with full:
        for minute in range(3):
            alerts.notify([replace(verdict(), detail="x" * 50_000)], NOW + minute * MINUTE)
    assert sorted(mailbox.subjects) == [
        "Zakaz: ошибка — Память оповещений не пишется",
        "Zakaz: ошибка — Проверка не прошла: fact_x__agrees",
    ]
    alerts.notify([ok()], NOW + 10 * MINUTE)
    assert kinds(mailbox)[2:] == ["решено", "решено"]


class _FullDisk:
    """SQLite's own limit stands for the disk's: every connection to this file refuses to grow it."""

    def __init__(self, path, pages):
        self.path, self.pages = path, pages

    def __enter__(self):
        self.connect = sqlite3.connect
        sqlite3.connect = self._limited

    def __exit__(self, *_):
        sqlite3.connect = self.connect

    def _limited(self, path, **options):
        connection = self.connect(path, **options)
        if path == self.path:
            connection.execute(f"PRAGMA max_page_count = {self.pages}")
        return connection


def test_what_waits_for_a_channel_goes_by_the_one_that_takes_its_place(alerts, mailbox, tmp_path):
    """A token in a URL was corrected, or mail is used instead: the old channel's name is gone."""
    mailbox.stop()
    for minute in range(0, 40, 5):
        alerts.notify([verdict()], NOW + minute * MINUTE)
    folder = Folder(tmp_path / "mail")
    other = replace(alerts, channels=[folder])
    other.notify([verdict()], NOW + 41 * MINUTE)
    mailbox.back()
    alerts.notify([ok()], NOW + 80 * MINUTE)
    sent = [path.name.split(".")[0] for path in folder.path.iterdir()]
    assert sent.count("fact_x__agrees") == 1
    assert "ошибка" not in kinds(mailbox), "it was told already"


def test_a_channel_that_is_left_is_not_told_twice_what_another_one_never_took(alerts, mailbox, tmp_path):
    mailbox.stop()
    folder = Folder(tmp_path / "mail")
    both = replace(alerts, channels=[*alerts.channels, folder])
    both.notify([verdict()], NOW)
    replace(alerts, channels=[folder]).notify([verdict()], NOW + 5 * MINUTE)
    assert len([*folder.path.iterdir()]) == 1


def test_what_was_wrong_before_there_was_a_channel_is_told_by_the_first_one(alerts, mailbox):
    nobody = replace(alerts, channels=[])
    for minute in (0, 10, 20):
        nobody.notify([verdict(), verdict("fact_y__agrees")], NOW + minute * MINUTE)
    nobody.notify([verdict(), ok("fact_y__agrees")], NOW + 30 * MINUTE)
    alerts.notify([verdict(), ok("fact_y__agrees")], NOW + 40 * MINUTE)
    alerts.notify([verdict(), ok("fact_y__agrees")], NOW + 50 * MINUTE)
    assert [each for each in mailbox.subjects if "fact_" in each] == [
        "Zakaz: ошибка — Проверка не прошла: fact_x__agrees"
    ]


def test_where_there_is_no_memory_of_alerts_nobody_says_that_none_is_open(alerts, tmp_path):
    elsewhere = replace(alerts, path=tmp_path / "elsewhere" / "alerts.sqlite3")
    with pytest.raises(ConfigFault, match=r"no memory of alerts at .*elsewhere.*ZAKAZ_DATA_DIR"):
        elsewhere.open_incidents()
    assert not elsewhere.path.parent.exists()
    elsewhere.watching_since(NOW)
    with pytest.raises(ConfigFault, match="no memory of alerts"):
        elsewhere.open_incidents()
    elsewhere.path.write_text("not a database, but long enough to be looked at" * 9)
    with pytest.raises(ConfigFault, match="cannot be read"):
        elsewhere.open_incidents()
    alerts.notify([], NOW)
    assert alerts.open_incidents() == {}


def test_the_watch_knows_since_when_it_runs_and_that_a_pause_is_a_new_start(alerts):
    assert alerts.watching_since(NOW) == NOW, "a look begins it as well"
    for minute in (70, 71, 120, 170):
        alerts.notify([], NOW + minute * MINUTE)
        assert alerts.watching_since(NOW + minute * MINUTE) == NOW
    alerts.notify([], NOW + 300 * MINUTE)
    alerts.notify([], NOW + 301 * MINUTE)
    assert alerts.watching_since(NOW + 302 * MINUTE) == NOW + 300 * MINUTE
