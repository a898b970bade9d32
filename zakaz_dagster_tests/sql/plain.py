"""Views beside their plain form: the same SELECT over the facts alone, without the tables that are kept for speed.

Belongs here: comparing both, row by row. Does not: worlds (the tests).
"""

# ruff: noqa: S608  (names come from our own files)
from __future__ import annotations

from math import isclose
from pathlib import Path

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.view_contract import AS_DATALENS

PLAIN = {path.stem: path.read_text("utf-8") for path in sorted(Path(__file__).with_name("plain_views").glob("*.sql"))}


def rows_of(wh: Warehouse, view: str) -> int:
    """How many rows the view has, each of them equal to that of its plain form."""
    shown = _rows(wh, f"SELECT * FROM {view} ORDER BY ALL")
    plain = _rows(wh, f"SELECT * FROM ({PLAIN[view]}) ORDER BY ALL")
    assert len(shown) == len(plain), (view, [row for row in plain if row not in shown][:3])
    for ours, theirs in zip(shown, plain, strict=True):
        other = {name: (ours[name], theirs[name]) for name in ours if not _same(ours[name], theirs[name])}
        assert not other, (view, other, theirs)
    return len(shown)


def _rows(wh: Warehouse, query: str) -> list[dict[str, object]]:
    return wh.rows(query, settings=AS_DATALENS)


def _same(one: object, other: object) -> bool:
    """Roubles and tickets exactly; what is divided may differ in its last digit, in which order it was added up."""
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-12, abs_tol=1e-9)
    return one == other
