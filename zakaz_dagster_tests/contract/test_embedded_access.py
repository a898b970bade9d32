"""What SQL may reach beyond its own tables: nothing, whatever it hides behind, unless a name is allowed."""
# ruff: noqa: S608 - paths of the tests' own files

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.dev.clickhouse import access, landlock
from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint, serving

CANARY = "canary-7f3a"
FENCED = landlock.version() > 0


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outside") / "canary.txt"
    path.write_text(f"{CANARY}\n")
    return path


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[int, list[str]]]:
    """A server beyond the engine, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{CANARY}\n".encode())

        do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 - the library calls them so

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


# {file} is a file outside, {port} a web server outside, {out} a file that must not come to be.
READS = [
    "SELECT file('{file}')",
    "SELECT `file`('{file}')",
    "SELECT `f\\x69le` /* hidden */ ('{file}')",
    "SELECT -- hidden\n file\n('{file}')",
    "WITH (SELECT file('{file}')) AS hidden SELECT hidden",
    "SELECT * FROM (SELECT file('{file}') AS a UNION ALL SELECT 'b')",
    "SELECT * APPLY(file) FROM (SELECT '{file}' AS p)",
    "SELECT COLUMNS('p') APPLY file FROM (SELECT '{file}' AS p)",
    "SELECT arrayMap(file, ['{file}'])",
    "SELECT arrayMap(x -> file(x), ['{file}'])",
    "SELECT throwIf(file('{file}') != '', 'x') FORMAT Null",
    "SELECT 1 WHERE file('{file}') LIKE '%{canary}%'",
    "SELECT * FROM format(Values, 'x Nullable(String)', '(file(\\'{file}\\'))')",
    "SELECT * FROM format(JSONEachRow, 'x String DEFAULT file(\\'{file}\\')', '{{}}')",
    "SELECT * FROM values('x String DEFAULT file(\\'{file}\\')', ('a'))",
    "SELECT 1 SETTINGS additional_result_filter = 'throwIf(file(\\'{file}\\') != \\'\\')'",
    "SELECT * FROM eval('SELECT file(\\'{file}\\')') SETTINGS allow_experimental_eval_table_function = 1",
    "SELECT * FROM file('{file}', 'LineAsString')",
    "SELECT * FROM FILE('{file}', LineAsString)",
    "SELECT * FROM `{file}`",
    "SELECT * FROM default.`{file}`",
    "SELECT * FROM _files.`{file}`",
    "SELECT * FROM {{t:Identifier}}",
    "DESCRIBE TABLE file('{file}', 'LineAsString')",
    "SELECT * FROM url('file://{file}', 'LineAsString')",
    "SELECT * FROM fileCluster('default', '{file}', 'LineAsString')",
    "SELECT * FROM filesystem('{folder}')",
    "SELECT * FROM sqlite('{file}', 'x')",
    "SELECT * FROM icebergLocal('{folder}')",
    "SELECT * FROM deltaLakeLocal('{folder}')",
    "SELECT * FROM executable('cat {file}', 'LineAsString', 'x String')",
    "SELECT * FROM python('sys')",
    "SELECT * FROM url('http://127.0.0.1:{port}/a', 'LineAsString')",
    "SELECT * FROM `http://127.0.0.1:{port}/a.csv`",
    "SELECT * FROM urlCluster('default', 'http://127.0.0.1:{port}/b', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:{port}/bucket/c', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:{port}/bucket/c', NOSIGN, 'CSV', 'x String')",
    "SELECT * FROM gcs('http://127.0.0.1:{port}/bucket/d', 'LineAsString')",
    "SELECT * FROM azureBlobStorage('http://127.0.0.1:{port}/', 'c', 'b', 'a', 'YWJj', 'CSV', 'auto', 'x String')",
    "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
    "SELECT * FROM remote('127.0.0.1:{port}', view(SELECT file('{file}')))",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM mysql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:{port}', 'a', 'b', 'c', 'd', 'x String')",
    "SELECT * FROM redis('127.0.0.1:{port}', 'k', 'k String, v String')",
    "SELECT * FROM odbc('DSN=x', 'a', 'b')",
    "SELECT * FROM jdbc('jdbc:x', 'a', 'b')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:{port}/a', 'CSV', 'x String')",
    "SELECT aiGenerate('x')",
]
WRITES = [
    "INSERT INTO FUNCTION file('{out}', 'CSV', 'x String') SELECT 'a'",
    "INSERT INTO TABLE FUNCTION file('{out}', 'CSV', 'x String') VALUES ('a')",
    "INSERT INTO FUNCTION url('http://127.0.0.1:{port}/w', 'CSV', 'x String') SELECT 'a'",
    "INSERT INTO FUNCTION s3('http://127.0.0.1:{port}/bucket/w', 'CSV', 'x String') SELECT 'a'",
    "INSERT INTO FUNCTION remote('127.0.0.1:{port}', default, t) SELECT 1",
    "SELECT 1 INTO OUTFILE '{out}'",
    "CREATE TABLE evil (x String) ENGINE = File(CSV, '{out}')",
    "CREATE TABLE evil ENGINE = MergeTree ORDER BY tuple() AS SELECT file('{file}') AS x",
    "CREATE TABLE evil (a String DEFAULT file('{file}')) ENGINE = Memory",
    "CREATE TABLE evil AS file('{file}')",
    "CREATE TABLE evil (x String) ENGINE = URL('http://127.0.0.1:{port}/', CSV)",
    "CREATE TABLE evil (x String) ENGINE = S3('http://127.0.0.1:{port}/bucket/x', CSV)",
    "CREATE TABLE evil (x String) ENGINE = MySQL('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "CREATE TABLE evil (x String) ENGINE = Executable('x', TSV)",
    "CREATE TABLE evil (x String) ENGINE = FileLog('{folder}', CSV)",
    (
        "CREATE TABLE evil (x String) ENGINE = MergeTree ORDER BY x"
        " SETTINGS disk = disk(type = web, endpoint = 'http://127.0.0.1:{port}/')"
    ),
    "CREATE TEMPORARY TABLE evil (x String) ENGINE = URL('http://127.0.0.1:{port}/', CSV)",
    "ATTACH TABLE evil FROM '{folder}' (x String) ENGINE = MergeTree ORDER BY x",
    "CREATE VIEW evil AS SELECT * FROM file('{file}', 'LineAsString')",
    "CREATE VIEW evil AS WITH a AS (SELECT file('{file}') AS x) SELECT * FROM a",
    "CREATE MATERIALIZED VIEW evil ENGINE = URL('http://127.0.0.1:{port}/', CSV) AS SELECT 'a' AS x",
    "CREATE FUNCTION evil AS (x) -> file(x)",
    (
        "CREATE DICTIONARY evil (a String, b String) PRIMARY KEY a"
        " SOURCE(EXECUTABLE(COMMAND 'cat {file}' FORMAT 'TSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
    ),
    (
        "CREATE DICTIONARY evil (a String, b String) PRIMARY KEY a"
        " SOURCE(HTTP(URL 'http://127.0.0.1:{port}/' FORMAT 'TSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
    ),
    (
        "CREATE DICTIONARY evil (a String, b String) PRIMARY KEY a"
        " SOURCE(FILE(PATH '{file}' FORMAT 'TSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
    ),
    (
        "CREATE DICTIONARY evil (a String, b String) PRIMARY KEY a"
        " SOURCE(CLICKHOUSE(HOST '127.0.0.1' PORT {port} TABLE 'x')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
    ),
    (
        "CREATE DICTIONARY evil (a String, b String) PRIMARY KEY a"
        " SOURCE(REDIS(HOST '127.0.0.1' PORT {port})) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
    ),
    (
        "CREATE OR REPLACE DICTIONARY evil (a String, b String) PRIMARY KEY a"
        " SOURCE(`EXECUTABLE_POOL`(COMMAND 'cat {file}' FORMAT 'TSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)"
    ),
    "CREATE DATABASE evil ENGINE = Filesystem('{folder}')",
    "CREATE DATABASE evil ENGINE = MySQL('127.0.0.1:{port}', 'a', 'b', 'c')",
    "CREATE DATABASE evil ENGINE = PostgreSQL('127.0.0.1:{port}', 'a', 'b', 'c')",
    "CREATE DATABASE evil ENGINE = SQLite('{file}')",
    "CREATE DATABASE evil ENGINE = S3('http://127.0.0.1:{port}/bucket')",
    "CREATE DATABASE evil ENGINE = Backup('default', File('{folder}'))",
    (
        "CREATE DATABASE evil ENGINE = DataLakeCatalog('http://127.0.0.1:{port}/') SETTINGS catalog_type = 'rest',"
        " warehouse = 'x'"
    ),
    "CREATE NAMED COLLECTION evil AS url = 'http://127.0.0.1:{port}/'",
    "BACKUP DATABASE default TO File('{out}')",
    "BACKUP DATABASE default TO S3('http://127.0.0.1:{port}/bucket/b', 'a', 'b')",
    "RESTORE DATABASE default FROM File('{folder}')",
    "GRANT FILE ON *.* TO default",
    "SYSTEM SHUTDOWN",
    "SYSTEM KILL",
    "SYSTEM RELOAD DICTIONARIES",
    "SET dialect = 'prql'",
    "SELECT addressToLine(toUInt64(1)) SETTINGS allow_introspection_functions = 1",
]


def attempt(endpoint: Endpoint, statement: str, canary: Path, port: int, out: Path) -> tuple[int, str]:
    sql = statement.format(file=canary, folder=canary.parent, port=port, out=out, canary=CANARY[:6])
    reply = send(endpoint, sql, param_t=str(canary))
    return reply.status, reply.text


def assert_closed(endpoint: Endpoint, statement: str, canary: Path, web: tuple[int, list[str]], out: Path) -> None:
    port, asked = web
    status, text = attempt(endpoint, statement, canary, port, out)
    assert status != 200, text
    assert CANARY not in text.replace(statement, "")
    assert asked == []
    assert not out.exists()


@pytest.mark.parametrize("statement", READS)
def test_nothing_is_read_beyond_the_tables(clickhouse, canary, web, tmp_path, statement):
    assert_closed(clickhouse, statement, canary, web, tmp_path / "out")


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_is_written_kept_or_started_beyond_the_tables(clickhouse, canary, web, tmp_path, statement):
    assert_closed(clickhouse, statement, canary, web, tmp_path / "out")
    assert send(clickhouse, "EXISTS evil").text == "0\n"


@pytest.mark.parametrize(
    "data", ["(file('{file}'))", "((SELECT file('{file}')))", "(concat('x', `f\\x69le`('{file}')))"]
)
def test_values_are_no_way_in(clickhouse, canary, data):
    send(clickhouse, "CREATE TABLE IF NOT EXISTS words (x String) ENGINE = Memory")
    reply = send(clickhouse, data.format(file=canary), query="INSERT INTO words VALUES")
    assert reply.status != 200
    padding = ",('x')" * (access.LARGEST_READ // 6)
    reply = send(clickhouse, data.format(file=canary) + padding, query="INSERT INTO words VALUES")
    assert reply.status != 200
    assert CANARY not in send(clickhouse, "SELECT groupUniqArray(x) FROM words").text


def test_plain_expressions_in_values_still_work(clickhouse):
    send(clickhouse, "CREATE TABLE IF NOT EXISTS days (d Date, x String) ENGINE = Memory")
    assert send(clickhouse, "INSERT INTO days VALUES (toDate('2026-11-22') + 1, lower('FILE (x)'))").status == 200
    assert send(clickhouse, "SELECT d, x FROM days").text == "2026-11-23\tfile (x)\n"


@pytest.mark.parametrize("setting", ["additional_result_filter", "schema_inference_hints"])
def test_settings_of_the_url_are_no_way_in(clickhouse, canary, setting):
    reply = send(clickhouse, "SELECT 1", **{setting: f"throwIf(file('{canary}') != '')"})
    assert (reply.status, reply.code) == (403, "497"), reply.text


@pytest.mark.parametrize(
    "name", ["local_filesystem_read_method", "compatibility_of_files", "dictionary_use_async_executor"]
)
def test_a_setting_whose_value_is_a_word_costs_no_question_to_the_engine(name):
    nobody: Any = None  # a question would be an AttributeError
    access.Doors().check(nobody, f"SET {name} = 'pread'", f"SET {name} = 'Europe/Moscow'", f"SET {name} = ''")
    for more in ("file(1)", "a b", "a\\'b", "a'; SELECT file(1)"):
        with pytest.raises(AttributeError):
            access.Doors().check(nobody, f"SET {name} = '{more}'")


def test_the_structure_of_an_external_table_is_no_way_in(clickhouse, canary):
    boundary = "b0und"
    form = f'--{boundary}\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n{{}}\r\n--{boundary}--\r\n'
    reply = send(
        clickhouse, form, query="SELECT * FROM t", t_structure=f"x String DEFAULT file('{canary}')",
        t_format="JSONEachRow", headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )  # fmt: skip
    assert (reply.status, CANARY in reply.text) == (403, False), reply.text


def test_columns_and_words_called_like_a_closed_function_are_fine(clickhouse):
    for sql in (
        "SELECT t.file, t.disk FROM (SELECT 'a' AS file, 'b' AS disk) AS t",
        "SELECT name FROM system.disks",
        "SELECT 'a file, or python' AS executable",
        "SELECT length(file) FROM (SELECT 'a' AS file)",
        "SELECT 'a file (or python (x))'",
    ):
        assert send(clickhouse, sql).status == 200, sql


@pytest.mark.skipif(not FENCED, reason="the kernel has no Landlock")
@pytest.mark.parametrize("path", ["{canary}", "/etc/passwd", "/proc/self/environ", "{home}/.bashrc", "{data}/held"])
def test_the_kernel_holds_what_sql_hides_from_every_reader(clickhouse, canary, path):
    """A name that is put together while the query runs: neither rights nor formatter can see it."""
    where = path.format(canary=canary, home=Path.home(), data=clickhouse.folder)
    hidden = f"concat('x String DEFAULT fi', 'le(\\'{where}\\')')"
    reply = send(clickhouse, f"SELECT * FROM format(JSONEachRow, {hidden}, '{{}}')")
    assert (reply.status, "Permission denied" in reply.text) == (503, True), reply.text


def test_what_is_allowed_by_name_opens_and_nothing_else(tmp_path, canary, web):
    port, asked = web
    with serving(tmp_path / "data", "--allow=file") as endpoint:
        assert attempt(endpoint, READS[0], canary, port, tmp_path)[1] == f"{CANARY}\\n\n"
        assert attempt(endpoint, "SELECT * FROM file('{file}', 'LineAsString')", canary, port, tmp_path)[0] == 200
        assert (
            attempt(endpoint, "SELECT * FROM url('http://127.0.0.1:{port}/', 'LineAsString')", canary, port, tmp_path)[
                0
            ]
            == 403
        )
        assert asked == []
    with serving(tmp_path / "data", "--allow=url") as endpoint:
        assert (
            CANARY
            in attempt(
                endpoint, "SELECT * FROM url('http://127.0.0.1:{port}/', 'LineAsString')", canary, port, tmp_path
            )[1]
        )
        assert attempt(endpoint, READS[0], canary, port, tmp_path)[0] == 403
    asked.clear()


def test_every_right_and_engine_that_is_written_is_one_the_engine_knows(tmp_path):
    with serving(tmp_path, *(f"--allow={name}" for name in access.NAMES)) as endpoint:
        assert send(endpoint, "SELECT 1").text == "1\n"
