"""Splitting a request: where the query ends, where data begins, which FORMAT was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.dev.clickhouse.errors import ClickHouseError
from zakaz_dagster.dev.clickhouse.statement import Kind, parse


@pytest.mark.parametrize(
    ("text", "sql", "form"),
    [
        ("SELECT 1", "SELECT 1", ""),
        ("select 1 format JSON", "select 1 ", "JSON"),
        ("SELECT 1 FORMAT JSON;", "SELECT 1 ", "JSON"),
        ("SELECT 1 FORMAT JSON; ;", "SELECT 1 ", "JSON"),
        ("SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "SELECT 1  SETTINGS max_threads = 1", "JSON"),
        ("SELECT 'FORMAT JSON'", "SELECT 'FORMAT JSON'", ""),
        ("SELECT 1 AS format", "SELECT 1 AS format", ""),
        ("SELECT format FROM t", "SELECT format FROM t", ""),
        ("SELECT 1 -- FORMAT JSON", "SELECT 1 -- FORMAT JSON", ""),
        ("SELECT 1 /* ; */", "SELECT 1 /* ; */", ""),
        ("(SELECT 1 FORMAT CSV)", "(SELECT 1 FORMAT CSV)", ""),
        ("/* who */ WITH 1 AS x SELECT x FORMAT Arrow", "/* who */ WITH 1 AS x SELECT x ", "Arrow"),
        ("SELECT 'it''s; \\'q\\';' FORMAT CSV", "SELECT 'it''s; \\'q\\';' ", "CSV"),
        ("SELECT $tag$;'FORMAT$tag$ FORMAT CSV", "SELECT $tag$;'FORMAT$tag$ ", "CSV"),
        ('SELECT `a;b`, "c;d" FROM t', 'SELECT `a;b`, "c;d" FROM t', ""),
        ("SELECT 'город' FORMAT CSV", "SELECT 'город' ", "CSV"),
    ],
)
def test_a_closing_format_is_cut_out_of_a_query(text: str, sql: str, form: str):
    found = parse(text.encode())
    assert (found.kind, found.sql, found.format) == (Kind.READ, sql, form)


@pytest.mark.parametrize(
    ("text", "sql", "form", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2\n", "INSERT INTO t ", "CSV", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV 1,2\n", "INSERT INTO t ", "CSV", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV;\r\n1,2", "INSERT INTO t ", "CSV", b"1,2"),
        (
            b"INSERT INTO t (a, format) FORMAT Native\n\x00\xffSELECT",
            "INSERT INTO t (a, format) ",
            "Native",
            b"\x00\xffSELECT",
        ),
        (b"INSERT INTO d.t VALUES (1, ';')", "INSERT INTO d.t ", "Values", b" (1, ';')"),
        (b"INSERT INTO `values` SETTINGS x = 1 VALUES (1)", "INSERT INTO `values` SETTINGS x = 1 ", "Values", b" (1)"),
        (
            b"INSERT INTO TABLE FUNCTION null('a Int8') VALUES (1)",
            "INSERT INTO TABLE FUNCTION null('a Int8') ",
            "Values",
            b" (1)",
        ),
        (b'INSERT INTO t\n{"a":1}', "INSERT INTO t\n", "", b'{"a":1}'),
        (b"insert into values values (1)", "insert into values ", "Values", b" (1)"),
    ],
)
def test_the_data_of_an_insert_begins_behind_its_format(text: bytes, sql: str, form: str, data: bytes):
    found = parse(text)
    assert (found.kind, found.sql, found.format, text[found.data_at :]) == (Kind.INSERT, sql, form, data)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a) (SELECT 1)",
        "INSERT INTO t WITH 1 AS x SELECT x",
        "WITH 1 AS x INSERT INTO t SELECT x",
        "SHOW TABLES FORMAT JSON",
        "EXPLAIN SELECT 1",
        "nonsense",
    ],
)
def test_everything_else_is_left_to_the_engine_as_it_is(text: str):
    found = parse(text.encode())
    assert (found.kind, found.whole) == (Kind.OTHER, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", 62),
        (b"  -- only a comment", 62),
        (b";", 62),
        (b"SELECT 1; SELECT 2", 62),
        (b"DROP TABLE a; DROP TABLE b", 62),
        (b"SELECT '\x00'", 62),
        (b"SELECT '\xff'", 62),
        (b"SELECT 1 INTO OUTFILE 'x'", 358),
        (b"INSERT INTO t SELECT * FROM input('a Int8') FORMAT CSV\n1", 48),
    ],
)
def test_what_a_server_would_not_do_is_refused(text: bytes, code: int):
    with pytest.raises(ClickHouseError) as caught:
        parse(text)
    assert caught.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_split_or_refused_and_nothing_is_lost(text: bytes):
    try:
        found = parse(text)
    except ClickHouseError:
        return
    assert text.startswith(found.sql.encode()) or found.format


@given(st.binary(max_size=200), st.sampled_from([b"CSV", b"Native", b"JSONEachRow", b"ArrowStream"]))
def test_data_reaches_the_engine_byte_for_byte(data: bytes, form: bytes):
    head = b"INSERT INTO zakaz.t (a, `b)`) FORMAT " + form + b"\n"
    found = parse(head + data)
    assert (found.kind, (head + data)[found.data_at :]) == (Kind.INSERT, data)
