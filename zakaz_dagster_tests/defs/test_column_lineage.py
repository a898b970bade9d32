"""What each column is made of, as its description says it: from every view to a vendor's field, a seed or our books."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.specs import LINEAGE, MADE_OF
from zakaz_dagster.warehouse.arrow import SERVICE_COLUMNS
from zakaz_dagster.warehouse.lineage import known_columns
from zakaz_dagster.warehouse.sql_files import load

Column = tuple[str, str]
TABLES, VIEWS = load("tables"), load("views")
SEEDS = {name for name, table in TABLES.items() if "seed" in table.meta}
FILES = sorted(path for path in LINEAGE.glob("*.csv") if path.stem != "ours")


def lines(name: str) -> list[dict[str, str]]:
    with (LINEAGE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


OURS = {(row["table"], row["column"]): row["why"] for row in lines("ours")}


class Shown:
    """What the UI is given: each asset's columns, what they are made of, and whether it lies outside of our runs."""

    def __init__(self) -> None:
        self.columns: dict[str, list[str]] = {}
        self.outside: set[str] = set()
        self.made_of: dict[Column, list[Column]] = {}
        graph = build_definitions().resolve_asset_graph()
        for key in graph.get_all_asset_keys():
            self._take(key.to_user_string(), graph.get(key))

    def _take(self, name: str, node: Any) -> None:
        if node.tags.get("layer") == "vendor":
            self.outside.add(name)
        schema = _value(node.metadata, "dagster/column_schema")
        self.columns[name] = [column.name for column in schema.columns] if schema else []
        for column in schema.columns if schema else ():
            _, made, listed = (column.description or "").partition(MADE_OF)
            if made:
                self.made_of[name, column.name] = [_origin(each) for each in listed.split(", ")]

    def ends(self, column: Column) -> set[Column]:
        """Where the way back from a column ends: columns that are made of nothing."""
        found, pending, seen = set(), [column], {column}
        while pending:
            here = pending.pop()
            origins = self.made_of.get(here, [])
            if not origins:
                found.add(here)
            pending += [each for each in origins if each not in seen]
            seen.update(origins)
        return found


def _origin(text: str) -> Column:
    table, _, column = text.partition(".")
    return table, column


def _value(metadata: Mapping[str, Any], key: str) -> Any:
    return getattr(metadata.get(key), "value", metadata.get(key))


@pytest.fixture(scope="module")
def shown() -> Shown:
    return Shown()


def test_every_origin_is_a_column_that_the_ui_shows(shown: Shown) -> None:
    dangling = {
        (column, origin)
        for column, origins in shown.made_of.items()
        for origin in origins
        if origin[1] not in shown.columns.get(origin[0], [])
    }
    assert dangling == set()


def test_every_column_of_every_view_reaches_where_it_comes_from(shown: Shown) -> None:
    """No way back may end in the middle: in a fact, a view or a column of staging that no vendor's field explains."""
    assert {name for name in VIEWS if shown.columns[name]} == set(VIEWS)
    broken = {}
    for view in VIEWS:
        for column in shown.columns[view]:
            unexplained = {end for end in shown.ends((view, column)) if not _explained(shown, end)}
            if unexplained:
                broken[view, column] = unexplained
    assert broken == {}


def _explained(shown: Shown, column: Column) -> bool:
    return column[0] in shown.outside | SEEDS or column[1] in SERVICE_COLUMNS or column in OURS


def test_every_column_of_a_loaded_or_built_table_comes_from_somewhere_or_says_why_not(shown: Shown) -> None:
    loaded = {table for table in shown.columns if any(key[0] == table for key in shown.made_of)} & set(TABLES)
    assert len(loaded) > 15
    silent = {
        (table, column)
        for table in loaded
        for column in shown.columns[table]
        if not shown.made_of.get((table, column)) and not _explained(shown, (table, column))
    }
    assert silent == set()


def test_the_mail_channel_leads_to_the_mailbox(shown: Shown) -> None:
    sold = {table for table, _ in shown.ends(("v_sales_daily", "revenue_rub"))}
    assert sold >= {"qtickets/orders", "gmail/messages"}


def test_what_is_ours_is_written_down_only_where_it_is_so(shown: Shown) -> None:
    stale = {column for column in OURS if shown.made_of.get(column) or column[1] not in shown.columns[column[0]]}
    assert stale == set()
    assert all(OURS.values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_fields_are_given_for_columns_that_exist(path: Any) -> None:
    known = known_columns()
    rows = lines(path.stem)
    assert [row for row in rows if row["column"] not in known.get(row["table"], ())] == []
    assert all(row["endpoint"] and row["field"] for row in rows)
    assert len({tuple(row.values()) for row in rows}) == len(rows), "a line twice"


def test_every_field_is_of_an_endpoint_that_is_an_asset(shown: Shown) -> None:
    named = {row["endpoint"] for path in FILES for row in lines(path.stem)}
    assert named <= {dg.AssetKey(name.split("/")).to_user_string() for name in shown.columns}
