"""Every file of sql/ is one statement that the engine and our own readers understand, and says what it is."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from zakaz_dagster.seeds import seed
from zakaz_dagster.warehouse import checks, ddl, lineage, schema
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.drift import quoted
from zakaz_dagster.warehouse.sql_files import SQL_ROOT, TEMPLATES, Kind, Statement, load

ALL = [statement for kind in get_args(Kind) for statement in load(kind).values()]
CREATED = [statement for statement in ALL if statement.kind in ("tables", "views")]
TABLES, VIEWS = list(load("tables").values()), list(load("views").values())
QUERIES = [statement for statement in ALL if statement.kind in ("views", "builds", "checks")]


def named(statements: list[Statement]) -> pytest.MarkDecorator:
    cases = [pytest.param(statement, id=f"{statement.kind}/{statement.name}") for statement in statements]
    return pytest.mark.parametrize("statement", cases)


def test_every_sql_file_is_of_a_known_kind() -> None:
    templates = set((SQL_ROOT / TEMPLATES).glob("*.sql"))
    assert set(SQL_ROOT.rglob("*.sql")) == {statement.path for statement in ALL} | templates
    assert {path.stem for path in templates} == {each.meta["template"] for each in ALL if "template" in each.meta}


@named(ALL)
def test_the_engine_parses_it_as_one_statement(empty_warehouse: Warehouse, statement: Statement) -> None:
    query = f"SELECT formatQuerySingleLine({quoted(statement.sql)})"
    assert empty_warehouse.scalar(query, None, schema.ANYWHERE)


@named(ALL)
def test_it_has_a_title_in_one_sentence(statement: Statement) -> None:
    assert re.fullmatch(r"[A-ZА-ЯЁ\d].{10,160}[.;:]?", statement.title)


@named(CREATED)
def test_its_file_name_is_its_name(statement: Statement) -> None:
    assert ddl.parse(statement.sql).name == statement.name


@named(CREATED)
def test_it_states_its_grain(statement: Statement) -> None:
    assert statement.meta.get("grain")


@named(CREATED)
def test_it_and_every_column_have_a_russian_comment(statement: Statement) -> None:
    created = ddl.parse(statement.sql)
    technical = {f"utm_{part}" for part in ("source", "medium", "campaign", "content", "term")}
    silent = [
        column.name
        for column in created.columns
        if not re.search("[а-яё]", column.comment) and not (column.name in technical and column.comment)
    ]
    assert silent == []
    assert re.search("[А-Яа-яё]", created.comment)
    assert created.columns


@named(TABLES)
def test_the_day_of_a_table_is_one_of_its_date_columns(statement: Statement) -> None:
    if "day" in statement.meta:
        types = {column.name: column.type for column in ddl.parse(statement.sql).columns}
        assert types[statement.meta["day"]] == "Date"


@named([table for table in TABLES if "seed" in table.meta])
def test_the_seed_of_a_table_has_its_columns(statement: Statement) -> None:
    declared = [column.name for column in ddl.parse(statement.sql).columns if not column.name.startswith("_")]
    rows = seed(statement.meta["seed"])
    assert rows
    assert all(list(row) == declared for row in rows)


@named(QUERIES)
def test_it_reads_only_what_sql_defines(statement: Statement) -> None:
    assert lineage.reads(statement) <= lineage.known_columns().keys()


@named([statement for statement in QUERIES if statement.kind != "checks"])
def test_each_of_its_columns_can_be_traced(statement: Statement) -> None:
    assert lineage.column_lineage(statement)


@named(VIEWS)
def test_a_view_reads_as_its_definer_and_declares_its_columns(statement: Statement) -> None:
    assert "DEFINER = CURRENT_USER SQL SECURITY DEFINER" in " ".join(statement.sql.split())


@named(VIEWS)
def test_the_comment_of_a_view_stands_behind_a_select_in_parentheses(statement: Statement) -> None:
    """Servers before 26.7 read `FROM x COMMENT` as an alias, and those before 26.3 know no other place for it."""
    assert re.search(r"^AS \(\n.*^\)\nCOMMENT '[^\n]*'\n\Z", statement.sql, re.DOTALL | re.MULTILINE)


@named(list(load("checks").values()))
def test_a_check_is_named_after_its_asset_and_says_what_to_do(statement: Statement) -> None:
    assert {"asset", "severity", "action"} <= statement.meta.keys()
    assert statement.meta["severity"] in ("error", "warn")
    assert statement.meta.get("blocking", "no") in ("yes", "no")
    assert "__" in statement.name
    assert all(re.search("[а-яё]", statement.meta.get(key, "")) for key in ("ru", "ru_action")), "mails are in Russian"


@named(list(load("checks").values()))
def test_a_check_answers_on_an_empty_warehouse(empty_warehouse: Warehouse, statement: Statement) -> None:
    assert checks.evaluate(empty_warehouse, statement).detail
