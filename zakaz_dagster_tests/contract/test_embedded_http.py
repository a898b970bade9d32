"""The HTTP interface itself: parameters, formats, answers, headers, errors."""
# ruff: noqa: S608 - tables of these tests are named by the tests

import gzip
import io
import json
import zlib

import lz4.frame
import pytest
import zstandard

from zakaz_dagster_tests.contract.raw_http import rows, send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint

DECODERS = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read(),
    "lz4": lz4.frame.decompress,
}


def test_a_query_comes_in_the_url_in_the_body_or_in_both(clickhouse: Endpoint):
    assert send(clickhouse, method="GET", query="SELECT 1").text == "1\n"
    assert send(clickhouse, "SELECT 2").text == "2\n"
    assert send(clickhouse, " 3 + 4", query="SELECT").text == "7\n"
    assert send(clickhouse, [b"SEL", b"ECT ", b"5"]).text == "5\n"


def test_ping_and_root_answer_a_load_balancer(clickhouse: Endpoint):
    for path in ("/ping", "/replicas_status"):
        assert send(clickhouse, method="GET", path=path, login=False).text == "Ok.\n"
    assert send(clickhouse, method="GET").text == "Ok.\n"
    assert send(clickhouse, method="GET", path="/nowhere").status == 404


@pytest.mark.parametrize(
    ("sql", "headers", "parameters", "form"),
    [
        ("SELECT 1 AS x", {}, {}, "TabSeparated"),
        ("SELECT 1 AS x", {}, {"default_format": "JSONEachRow"}, "JSONEachRow"),
        ("SELECT 1 AS x", {"X-ClickHouse-Format": "CSVWithNames"}, {}, "CSVWithNames"),
        ("SELECT 1 AS x FORMAT JSONCompact", {"X-ClickHouse-Format": "CSV"}, {"default_format": "TSV"}, "JSONCompact"),
        ("SHOW DATABASES FORMAT CSV", {}, {"default_format": "JSON"}, "CSV"),
        ("SELECT 1 AS x FORMAT Null", {}, {}, "Null"),
    ],
)
def test_format_stands_in_query_parameter_or_header(clickhouse: Endpoint, sql: str, headers, parameters, form: str):
    reply = send(clickhouse, sql, headers=headers, **parameters)
    assert (reply.status, reply.headers["x-clickhouse-format"]) == (200, form)
    if form == "JSONEachRow":
        assert json.loads(reply.text) == {"x": 1}
    if form == "Null":
        assert reply.body == b""


def test_headers_say_what_was_done(clickhouse: Endpoint, table: str):
    reply = send(clickhouse, "SELECT number FROM numbers(1000) FORMAT Native", query_id="my.query-1")
    assert reply.headers["x-clickhouse-query-id"] == "my.query-1"
    assert reply.headers["x-clickhouse-timezone"] == "Europe/Moscow"
    assert reply.headers["x-clickhouse-server-display-name"]
    assert (reply.summary["read_rows"], reply.summary["result_rows"]) == (1000, 1000)
    assert reply.summary["elapsed_ns"] > 0
    selected = send(clickhouse, f"INSERT INTO {table} (a) SELECT number FROM numbers(70)")
    sent = send(clickhouse, "1\n2\n3\n", query=f"INSERT INTO {table} (a) FORMAT CSV")
    assert (selected.summary["written_rows"], sent.summary["written_rows"]) == (70, 3)


@pytest.mark.parametrize("encoding", DECODERS)
def test_answers_are_compressed_when_asked(clickhouse: Endpoint, encoding: str):
    sql = "SELECT number FROM numbers(20000)"
    plain = send(clickhouse, sql)
    off = send(clickhouse, sql, headers={"Accept-Encoding": encoding}, enable_http_compression=0)
    small = send(clickhouse, sql, headers={"Accept-Encoding": f"x, {encoding};q=0.5"})
    assert "content-encoding" not in plain.headers
    assert off.body == plain.body
    assert small.headers["content-encoding"] == encoding
    assert len(small.body) < len(plain.body)
    assert DECODERS[encoding](small.body) == plain.body


@pytest.mark.parametrize(
    "body",
    [
        b"hello world",
        b"1,2,3\n",
        b'{"a": 1}',
        b"\x89PNG\r\n\x1a\n",
        b"\x00\x00",
        b"\xff\xfe",
        b"",
        b"-- nothing",
        b"SELECT 1; SELECT 2",
    ],
)
def test_a_body_that_is_not_one_query_is_refused(clickhouse: Endpoint, body: bytes):
    reply = send(clickhouse, body)
    assert (reply.status, reply.code) == (400, "62"), reply.text


@pytest.mark.parametrize(
    ("sql", "parameters", "status", "code"),
    [
        ("SELECT * FROM nope", {}, 404, 60),
        ("SELECT nope", {}, 404, 47),
        ("SELECT 1 FORMAT Nope", {}, 404, 73),
        ("SELECT 1", {"default_format": "CSV; DROP TABLE x"}, 404, 73),
        ("SELECT 1", {"database": "nope"}, 404, 81),
        ("SELECT 1", {"no_such_setting": 1}, 404, 115),
        ("SELECT (", {}, 400, 62),
        ("SELECT toUInt8('x')", {}, 400, 6),
        ("SELECT {x:UInt8}", {}, 500, 456),
        ("SELECT throwIf(number = 3) FROM numbers(9)", {}, 500, 395),
        ("SELECT sleep(3)", {"max_execution_time": 1}, 408, 159),
        ("SELECT number FROM numbers(100)", {"max_result_rows": 10, "result_overflow_mode": "throw"}, 500, 396),
        ("INSERT INTO nope VALUES (1)", {}, 404, 60),
        ("CREATE TABLE x (a Int8) ENGINE = Memory", {"readonly": 2}, 500, 164),
        ("SELECT 1", {"session_id": "unknown", "session_check": 1}, 500, 372),
        ("SELECT 1", {"compress": 1}, 501, 48),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", {}, 500, 358),
    ],
)
def test_an_error_has_the_status_the_code_and_the_text_of_a_server(
    clickhouse: Endpoint, sql: str, parameters, status: int, code: int
):
    reply = send(clickhouse, sql, **parameters)
    assert (reply.status, reply.code) == (status, str(code)), reply.text
    assert reply.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "scratch" not in reply.text
    assert "OUTFILE '/" not in reply.text


def test_a_late_error_is_an_error_and_not_a_short_answer(clickhouse: Endpoint):
    reply = send(clickhouse, "SELECT throwIf(number = 2000000) FROM numbers(3000000) FORMAT TSV")
    assert (reply.status, reply.code) == (500, "395")


def test_get_reads_only(clickhouse: Endpoint, table: str):
    for sql in (
        f"INSERT INTO {table} (a) VALUES (1)",
        f"WITH 1 AS x INSERT INTO {table} (a) SELECT x",
        f"DROP TABLE {table}",
    ):
        assert send(clickhouse, method="GET", query=sql).code == "164"
    assert send(clickhouse, method="GET", query=f"SELECT count() FROM {table}").text == "0\n"
    assert send(clickhouse, method="GET", query="SHOW TABLES LIKE 'nope'").status == 200


def test_a_long_query_is_read_whole(clickhouse: Endpoint):
    """Longer than the head that is looked at for an INSERT; the cut must not fall into a character or a string."""
    text = "; город' " * 90_000
    reply = send(clickhouse, "SELECT length('" + text.replace("'", "\\'") + "')", max_query_size=10_000_000)
    assert reply.text == f"{len(text.encode())}\n"


def test_settings_reach_the_format_and_the_query(clickhouse: Endpoint):
    quoted = send(clickhouse, "SELECT toUInt64(1) AS x FORMAT JSONEachRow", output_format_json_quote_64bit_integers=1)
    assert quoted.text == '{"x":"1"}\n'
    inline = send(
        clickhouse, "SELECT toUInt64(1) AS x FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 1"
    )
    assert inline.text == '{"x":"1"}\n'
    datalens = {"join_use_nulls": 1, "send_progress_in_http_headers": 0, "readonly": 2, "database": "system"}
    assert json.loads(send(clickhouse, "select 1 as res_0", default_format="JSONCompact", **datalens).text)["data"] == [
        [1]
    ]


def test_parameters_are_values_and_never_sql(clickhouse: Endpoint):
    nasty = "O'Neil \\\\ `; DROP -- город"
    reply = send(clickhouse, "SELECT {s:String} AS s, {n:Int32} + 1 AS n FORMAT JSONEachRow", param_s=nasty, param_n=-5)
    assert json.loads(reply.text) == {"s": nasty.replace("\\\\", "\\"), "n": -4}
    assert send(clickhouse, "SELECT {a:Array(String)}[2]", param_a="['x','y']").text == "y\n"
    assert send(clickhouse, "SELECT count() > 0 FROM {t:Identifier}", param_t="tables", database="system").text == "1\n"


def test_a_form_brings_query_parameters_and_external_tables(clickhouse: Endpoint):
    body = (
        '--B\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT sum(k) + {x:Int32} FROM ids\r\n'
        '--B\r\nContent-Disposition: form-data; name="param_x"\r\n\r\n100\r\n'
        '--B\r\nContent-Disposition: form-data; name="ids"; filename="ids"\r\n\r\n1\ta\n2\tb\n\r\n--B--\r\n'
    )
    form = {"Content-Type": "multipart/form-data; boundary=B"}
    assert send(clickhouse, body, headers=form, ids_structure="k Int32, v String").text == "103\n"
    assert send(clickhouse, body.replace("(k)", "(_1)"), headers=form, ids_types="Int32,String").text == "103\n"
    assert send(clickhouse, body, headers=form).code == "36"
    assert send(clickhouse, body[:-10], headers=form, ids_types="Int32").code == "117"
    assert send(clickhouse, "SELECT * FROM ids").code == "60"
    two = send(
        clickhouse, body, headers=form, ids_structure="k Int32) ENGINE = Memory; CREATE DATABASE sneaked; SELECT (1"
    )
    assert two.code == "62"
    assert send(clickhouse, "EXISTS DATABASE sneaked").text == "0\n"


def test_the_query_log_has_comment_and_query_id(clickhouse: Endpoint):
    comment = '{"asset": "sales", "who": "it\'s me"}'
    send(clickhouse, "SELECT 'logged' AS it", log_comment=comment, query_id="logged.1")
    send(clickhouse, "SYSTEM FLUSH LOGS")
    found = rows(
        clickhouse,
        "SELECT log_comment, Settings['http_response_headers'] AS tag FROM system.query_log"
        " WHERE type = 'QueryFinish' AND log_comment = {c:String} AND query LIKE '%logged%'",
        param_c=comment.replace("\\", "\\\\"),
    )
    assert found == [{"log_comment": comment, "tag": "{'X-ClickHouse-Query-Id':'logged.1'}"}]


def test_credentials_are_checked_in_every_form(clickhouse: Endpoint):
    key = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}
    assert send(clickhouse, "SELECT 1", headers=key, login=False).status == 200
    assert send(clickhouse, "SELECT 1", login=False, user=clickhouse.user, password=clickhouse.password).status == 200
    nobody = send(clickhouse, "SELECT 1", login=False)
    assert (nobody.status, nobody.code) == (401, "194")
    wrong = send(clickhouse, "SELECT 1", login=False, user="default", password="guess")
    assert (wrong.status, wrong.code) == (403, "516")
    assert send(clickhouse, "SELECT 1", login=False, user="admin", password=clickhouse.password).code == "516"
    assert send(clickhouse, "SELECT 1", headers=key).code == "516"
    assert send(clickhouse, "SELECT 1", login=False, headers={"Authorization": "Basic ???"}).code == "516"
    assert clickhouse.password not in wrong.text


@pytest.mark.parametrize("headers", [{"Origin": "https://page.example"}, {"Host": "page.example"}])
def test_a_page_in_a_browser_cannot_reach_it(clickhouse: Endpoint, headers: dict[str, str]):
    assert send(clickhouse, "SELECT 1", headers=headers).status == 403
