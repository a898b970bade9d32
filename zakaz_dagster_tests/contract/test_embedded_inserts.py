"""Rows that come in over HTTP: in every format and compression, whole or not at all."""
# ruff: noqa: S608 - tables of these tests are named by the tests

import gzip
import io
import zlib

import lz4.frame
import pyarrow as pa
import pytest
import zstandard

from zakaz_dagster_tests.contract.raw_http import count, rows, send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint

ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_every_frame_of_a_compressed_insert_arrives(clickhouse: Endpoint, table: str, encoding: str):
    blocks = ["".join(f"{number}\n" for number in range(start, start + 1000)) for start in range(0, 9000, 1000)]
    body = [ENCODERS[encoding](block.encode()) for block in blocks]
    reply = send(clickhouse, body, query=f"INSERT INTO {table} (a) FORMAT TSV", headers={"Content-Encoding": encoding})
    assert reply.summary["written_rows"] == 9000
    assert rows(clickhouse, f"SELECT count() AS n, sum(a) AS total FROM {table}") == [
        {"n": 9000, "total": sum(range(9000))}
    ]


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_broken_compressed_insert_inserts_nothing(clickhouse: Endpoint, table: str, encoding: str):
    good = ENCODERS[encoding](b"".join(b"%d\n" % number for number in range(5000)))
    for body in (good + good[:-9], good + b"rubbish", b"1\n2\n", good[:20]):
        reply = send(
            clickhouse, body, query=f"INSERT INTO {table} (a) FORMAT TSV", headers={"Content-Encoding": encoding}
        )
        assert (reply.status, reply.code) == (400, "117"), reply.text
    assert count(clickhouse, table) == 0


def test_an_arrow_stream_cut_short_inserts_nothing(clickhouse: Endpoint, table: str):
    sink = io.BytesIO()
    data = pa.table({"a": list(range(200_000)), "s": ["text"] * 200_000})
    with pa.ipc.new_stream(sink, data.schema) as writer:
        for batch in data.to_batches(10_000):
            writer.write(batch)
    whole = sink.getvalue()
    cut = send(clickhouse, whole[: len(whole) * 2 // 3], query=f"INSERT INTO {table} FORMAT ArrowStream")
    assert (cut.status, cut.code, count(clickhouse, table)) == (500, "33", 0)
    assert send(clickhouse, whole, query=f"INSERT INTO {table} FORMAT ArrowStream").summary["written_rows"] == 200_000


def test_format_of_an_insert_stands_in_query_parameter_or_header(clickhouse: Endpoint, table: str):
    assert send(clickhouse, '{"a": 1}', query=f"INSERT INTO {table} FORMAT JSONEachRow").status == 200
    assert send(clickhouse, '{"a": 2}', query=f"INSERT INTO {table}", default_format="JSONEachRow").status == 200
    assert (
        send(
            clickhouse, '{"a": 3}', query=f"INSERT INTO {table}", headers={"X-ClickHouse-Format": "JSONEachRow"}
        ).status
        == 200
    )
    assert send(clickhouse, f"INSERT INTO {table} (a) FORMAT CSV\n4\n5\n").status == 200
    assert send(clickhouse, "(6),(7)", query=f"INSERT INTO {table} (a) VALUES").status == 200
    assert send(clickhouse, [b"8\n", b"9\n"], query=f"INSERT INTO {table} (a) FORMAT TSV").status == 200
    assert [row["a"] for row in rows(clickhouse, f"SELECT a FROM {table} ORDER BY a")] == list(range(1, 10))


@pytest.mark.parametrize("data", ["(1); (2)", "(1), (2); SELECT 1", "(1)\n;\nDROP TABLE x"])
def test_rows_behind_the_end_of_values_are_not_dropped_silently(clickhouse: Endpoint, table: str, data: str):
    for reply in (
        send(clickhouse, data, query=f"INSERT INTO {table} (a) VALUES"),
        send(clickhouse, f"INSERT INTO {table} (a) VALUES {data}"),
        send(clickhouse, query=f"INSERT INTO {table} (a) VALUES {data}"),
    ):
        assert (reply.code, count(clickhouse, table)) == ("117", 0)
    assert send(clickhouse, f"INSERT INTO {table} VALUES (1, 'a;b'), (2, '); (3');").summary["written_rows"] == 2


def test_a_second_arrow_stream_is_not_dropped_silently(clickhouse: Endpoint, table: str):
    def stream(*values: int) -> bytes:
        sink = io.BytesIO()
        with pa.ipc.new_stream(
            sink, pa.schema({"a": pa.int64(), "s": pa.dictionary(pa.int32(), pa.string())})
        ) as writer:
            column = pa.array(["x"] * len(values)).dictionary_encode()
            writer.write_table(pa.table({"a": list(values), "s": column}), max_chunksize=2)
        return sink.getvalue()

    query = f"INSERT INTO {table} FORMAT ArrowStream"
    for body in (stream(1, 2) + stream(3), stream(1) + b"rest"):
        assert (send(clickhouse, body, query=query).code, count(clickhouse, table)) == ("117", 0)
    assert send(clickhouse, stream(1, 2, 3, 4, 5), query=query).summary["written_rows"] == 5
    assert send(clickhouse, stream(6), query=query).summary["written_rows"] == 1
    assert send(clickhouse, stream(7)[:-8], query=query).summary["written_rows"] == 1  # no end mark is allowed
