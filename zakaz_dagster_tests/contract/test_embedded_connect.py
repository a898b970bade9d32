"""clickhouse-connect, unchanged, against the embedded endpoint."""
# ruff: noqa: S608 - tables of these tests are named by the tests

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal

import clickhouse_connect
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster_tests.plugins.clickhouse import Endpoint

COMPRESSIONS = [False, "lz4", "zstd", "gzip"]
ROWS = 1_000_000


def connect(endpoint: Endpoint, **options: object) -> Client:
    options = {"autogenerate_session_id": False, **options}
    return clickhouse_connect.get_client(
        host=endpoint.host, port=endpoint.port, username=endpoint.user, password=endpoint.password, **options
    )


@pytest.fixture(scope="module")
def database(clickhouse: Endpoint) -> Iterator[str]:
    with connect(clickhouse) as client:
        client.command("CREATE DATABASE connect")
        yield "connect"
        client.command("DROP DATABASE connect")


@pytest.fixture
def client(clickhouse: Endpoint, database: str) -> Iterator[Client]:
    with connect(clickhouse, database=database) as client:
        yield client


@pytest.fixture
def sales(client: Client) -> str:
    client.command(
        "CREATE OR REPLACE TABLE sales (day Date, city LowCardinality(String), at DateTime('Europe/Moscow'),"
        " price Decimal(18, 2), note Nullable(String), tags Array(String)) ENGINE = MergeTree ORDER BY day"
    )
    return "sales"


@pytest.fixture(scope="module")
def million() -> pa.Table:
    numbers = pa.array(range(ROWS), pa.int64())
    return pa.table({"a": numbers, "s": numbers.cast(pa.string())})


def wide_table(client: Client, name: str) -> str:
    client.command(f"CREATE OR REPLACE TABLE {name} (a Int64, s String) ENGINE = MergeTree ORDER BY a")
    return name


def test_rows_of_every_type_come_back_as_they_went(client: Client, sales: str):
    at = datetime(2026, 11, 22, 21, 30, tzinfo=MOSCOW)
    given = [
        (date(2026, 11, 22), "томск", at, Decimal("1500.00"), None, ["a", "it's"]),
        (date(2026, 11, 23), "красноярск", at, Decimal("-0.01"), "x\ty", []),
    ]
    assert client.insert(sales, given).written_rows == 2
    assert client.query(f"SELECT * FROM {sales} ORDER BY day").result_rows == given
    assert client.server_tz == MOSCOW


def test_data_frames_go_in_and_come_out(client: Client):
    table = wide_table(client, "frames")
    frame = pd.DataFrame({"a": range(1000), "s": [f"город {number}" for number in range(1000)]})
    client.insert_df(table, frame)
    back = client.query_df(f"SELECT a, s FROM {table} ORDER BY a")
    assert back["a"].tolist() == frame["a"].tolist()
    assert back["s"].tolist() == frame["s"].tolist()


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_a_million_arrow_rows_arrive_and_come_back(clickhouse: Endpoint, database: str, million: pa.Table, compress):
    with connect(clickhouse, database=database, compress=compress) as client:
        table = wide_table(client, f"arrow_{compress}")
        assert client.insert_arrow(table, million).written_rows == ROWS
        assert client.query(f"SELECT count(), sum(a), uniqExact(s) FROM {table}").result_rows == [
            (ROWS, ROWS * (ROWS - 1) // 2, ROWS)
        ]
        back = client.query_arrow(f"SELECT a FROM {table} ORDER BY a")
        assert back["a"].to_pylist() == list(range(ROWS))
        client.command(f"DROP TABLE {table}")


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_an_insert_of_several_blocks_loses_none(clickhouse: Endpoint, database: str, compress):
    """Each block is a frame of its own in the body."""
    with connect(clickhouse, database=database, compress=compress) as client:
        table = wide_table(client, f"blocks_{compress}")
        rows = [[number, f"{number:0100d}"] for number in range(120_000)]
        assert client.insert(table, rows, column_names=["a", "s"]).written_rows == len(rows)
        assert client.command(f"SELECT count() FROM {table} WHERE length(s) = 100") == len(rows)


@pytest.mark.parametrize("compression", [None, "lz4", "zstd", "gzip"])
def test_a_streamed_insert_of_a_generator(client: Client, compression: str | None):
    table = wide_table(client, "streamed")

    def blocks() -> Iterator[bytes]:
        for start in range(0, 50_000, 5_000):
            yield "".join(f"{number},x\n" for number in range(start, start + 5_000)).encode()

    body = blocks() if compression is None else io.BytesIO(_compressed(compression, list(blocks())))
    done = client.raw_insert(table, ["a", "s"], body, fmt="CSV", compression=compression)
    assert done.written_rows == 50_000
    assert client.command(f"SELECT sum(a) FROM {table}") == sum(range(50_000))


def _compressed(compression: str, blocks: list[bytes]) -> bytes:
    from clickhouse_connect.driver.compression import get_compressor

    compressor = get_compressor(compression)
    return b"".join(bytes(compressor.compress_block(block)) for block in blocks) + bytes(compressor.flush() or b"")


def test_large_answers_stream_block_by_block(client: Client):
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(500000)") as stream:
        sizes = [len(block) for block in stream]
    assert sum(sizes) == 500_000
    assert len(sizes) > 1
    with client.query_arrow_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(batch.num_rows for batch in stream) == 300_000


def test_query_parameters_and_settings(client: Client):
    result = client.query(
        "SELECT {city:String} AS city, {day:Date} AS day, {ids:Array(Int32)} AS ids, getSetting('max_threads') AS threads",
        parameters={"city": "Ростов-на-Дону 'x' \\ \t", "day": date(2026, 11, 22), "ids": [1, 2]},
        settings={"max_threads": 1},
    )
    assert result.first_row == ("Ростов-на-Дону 'x' \\ \t", date(2026, 11, 22), [1, 2], 1)
    assert client.query("SELECT %(x)s AS x", parameters={"x": "it's"}).first_row == ("it's",)
    big = list(range(20_000))
    assert client.query("SELECT length({ids:Array(Int64)})", parameters={"ids": big}).first_row == (len(big),)


def test_the_summary_has_the_counters(client: Client):
    result = client.query("SELECT number FROM numbers(1234)")
    assert (int(result.summary["read_rows"]), int(result.summary["result_rows"])) == (1234, 1234)
    assert client.query("SELECT 1", settings={"query_id": "summary.1"}).query_id == "summary.1"


def test_external_data(client: Client):
    data = ExternalData(file_name="cities", data=b"1\ttomsk\n2\tomsk\n", structure=["id Int32", "city String"])
    assert client.query("SELECT city FROM cities ORDER BY id", external_data=data).result_rows == [
        ("tomsk",),
        ("omsk",),
    ]


@pytest.mark.parametrize(
    ("sql", "code"), [("SELECT nope", 47), ("SELECT * FROM nope", 60), ("SELEC 1", 62), ("SELECT throwIf(1)", 395)]
)
def test_a_server_error_brings_its_code(client: Client, sql: str, code: int):
    with pytest.raises(DatabaseError) as caught:
        client.query(sql)
    assert f"code: {code}" in str(caught.value)
    assert caught.value.code == code


def test_an_unknown_setting_is_refused_by_the_client_or_the_engine(client: Client):
    with pytest.raises(Exception, match="no_such_setting"):
        client.query("SELECT 1", settings={"no_such_setting": 1})


def test_a_wrong_password_is_told(clickhouse: Endpoint):
    with pytest.raises(DatabaseError, match="516"):
        clickhouse_connect.get_client(host=clickhouse.host, port=clickhouse.port, password="wrong")


def test_temporary_tables_live_in_the_clients_session(clickhouse: Endpoint):
    with (
        connect(clickhouse, autogenerate_session_id=True) as first,
        connect(clickhouse, autogenerate_session_id=True) as second,
    ):
        first.command("CREATE TEMPORARY TABLE mine (a Int8)")
        first.insert("mine", [[1], [2]], column_names=["a"], column_type_names=["Int8"])
        assert first.query("SELECT sum(a) FROM mine").first_row == (3,)
        with pytest.raises(DatabaseError, match="60"):
            second.query("SELECT * FROM mine")


def test_many_clients_insert_and_read_at_once(clickhouse: Endpoint, database: str):
    with connect(clickhouse, database=database) as client:
        wide_table(client, "shared")

    def work(worker: int) -> int:
        with connect(clickhouse, database=database) as client:
            for part in range(5):
                client.insert(
                    "shared", [[worker * 1000 + part * 100 + n, "x"] for n in range(100)], column_names=["a", "s"]
                )
                assert (
                    client.command(f"SELECT count() FROM shared WHERE intDiv(a, 1000) = {worker}") == (part + 1) * 100
                )
        return worker

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == list(range(8))
    with connect(clickhouse, database=database) as client:
        assert client.query("SELECT count(), uniqExact(a) FROM shared").first_row == (4000, 4000)


def test_the_asynchronous_client(clickhouse: Endpoint):
    pytest.importorskip(
        "aiohttp", reason="clickhouse-connect's asynchronous client needs aiohttp, which is not installed"
    )

    async def go() -> list[object]:
        client = await clickhouse_connect.get_async_client(
            host=clickhouse.host, port=clickhouse.port, password=clickhouse.password, autogenerate_session_id=False
        )
        try:
            done = await asyncio.gather(*(client.query(f"SELECT {number}") for number in range(10)))
            return [result.first_row[0] for result in done]
        finally:
            await client.close()

    assert asyncio.run(go()) == list(range(10))
