"""The memory of lineage answers exactly what reading anew would, and is dropped when anything it stands on changes."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zakaz_dagster.warehouse import lineage, lineage_cache
from zakaz_dagster.warehouse.sql_files import Statement, load


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty memory in a folder of its own."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    lineage_cache._memory.cache_clear()
    yield tmp_path
    lineage_cache._memory.cache_clear()


def views() -> list[Statement]:
    return list(load("views").values())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two views stand for all of sql/, which takes a second to read."""
    monkeypatch.setattr(lineage_cache, "_statements", lambda: iter(views()[:2]))


def test_written_and_read_memory_agree_with_lineage(place: Path) -> None:
    for _ in ("computed", "read back"):
        lineage_cache._memory.cache_clear()
        for each in [*views(), *load("builds").values()]:
            assert [(c.name, c.type, c.comment) for c in lineage.columns(each)] == list(lineage_cache.columns(each))
            assert lineage_cache.reads(each) == lineage.reads(each)
            assert lineage_cache.column_lineage(each) == lineage.column_lineage(each)
    assert len(list(place.rglob("lineage*.json"))) == 1


def test_the_second_process_reads_and_does_not_compute(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {each.name: lineage_cache.reads(each) for each in views()}
    lineage_cache._memory.cache_clear()
    monkeypatch.setattr(lineage, "parsed", lambda _: pytest.fail("computed again"))
    assert {each.name: lineage_cache.reads(each) for each in views()} == first


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("spoilt", ["", "{}", '{"key": "other", "entries": {}}', "[1]"])
def test_a_spoilt_memory_is_made_again(place: Path, spoilt: str) -> None:
    view = views()[0]
    expected = lineage_cache.reads(view)
    (path,) = place.rglob("lineage*.json")
    path.write_text(spoilt, "utf-8")
    lineage_cache._memory.cache_clear()
    assert lineage_cache.reads(view) == expected
    assert json.loads(path.read_text("utf-8"))["entries"]


@pytest.mark.usefixtures("few")
def test_a_statement_that_is_not_in_the_files_is_read_itself(place: Path) -> None:
    view = views()[0]
    changed = dataclasses.replace(view, kind="builds", sql="SELECT e.city AS city FROM dim_events AS e")
    assert lineage_cache.reads(changed) == {"dim_events"}
    assert lineage_cache.column_lineage(changed) == {"city": (("dim_events", "city"),)}


@pytest.mark.usefixtures("few")
def test_nothing_is_written_where_python_may_not(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert lineage_cache.reads(views()[0])
    assert not list(place.rglob("lineage*.json"))
