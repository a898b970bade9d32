"""The client against a running engine and against a proxy that breaks things on purpose."""

# ruff: noqa: S608
from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData, ConfigFault, Fatal, Retriable
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.arrow import BLOCK_ROWS, Blocks
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.errors import PASSING
from zakaz_dagster_tests.contract.faulty import Fault, Proxy, proxied


@pytest.fixture
def target(bare_warehouse: Warehouse) -> Warehouse:
    """A database with one plain table `t`, where a repeated insert would show."""
    wh = bare_warehouse
    wh.command(f"CREATE DATABASE {wh.config.database}", settings=schema.ANYWHERE)
    wh.command("CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    return wh


@pytest.fixture
def proxy(target: Warehouse) -> Iterator[Proxy]:
    with proxied(target.config.host, target.config.port) as running:
        yield running


@pytest.fixture
def wh(target: Warehouse, proxy: Proxy) -> Iterator[Warehouse]:
    """The same database through the proxy, already connected."""
    through = Warehouse.connect(replace(target.config, port=proxy.port))
    assert through.scalar("SELECT 1") == 1
    yield through
    through.close()


def numbers(count: int) -> pa.Table:
    return pa.table({"a": pa.array(range(count), pa.uint64()), "s": pa.array(["text"] * count)})


def test_values_come_back_as_they_are(target: Warehouse) -> None:
    sql = (
        "SELECT toDecimal64('1234567.89', 2) AS money, toDate('2026-03-01') AS day,"
        " toDateTime('2026-03-01 12:00:00', 'Europe/Moscow') AS at, CAST(NULL AS Nullable(Date)) AS none, 'ё' AS text"
    )
    row = target.rows(sql)[0]
    assert row["money"] == Decimal("1234567.89")
    assert (row["day"], row["none"], row["text"]) == (date(2026, 3, 1), None, "ё")
    assert row["at"].astimezone(UTC) == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert target.query(sql).column("money").to_pylist() == [Decimal("1234567.89")]


def test_today_and_bare_times_are_moscow(target: Warehouse) -> None:
    assert target.scalar("SELECT toString(timezone())") == "Europe/Moscow"


def test_no_rows_are_an_empty_table_with_its_columns(target: Warehouse) -> None:
    assert target.query("SELECT a, s FROM t").column_names == ["a", "s"]
    assert target.rows("SELECT a FROM t") == []
    assert target.scalar("SELECT a FROM t") is None


def test_queries_carry_their_tags(wh: Warehouse, proxy: Proxy) -> None:
    tagged = wh.tagged(run="run-1", asset="stg_x", partition="2026-03-01").tagged(statement="probe")
    tagged.scalar("SELECT 41")
    comment = next(p["log_comment"] for p, sql in zip(proxy.params, proxy.seen, strict=True) if "SELECT 41" in sql)
    assert json.loads(comment) == {
        "run": "run-1",
        "asset": "stg_x",
        "partition": "2026-03-01",
        "statement": "probe",
    }


def test_threads_share_one_connection(wh: Warehouse) -> None:
    results: list[object] = []
    threads = [threading.Thread(target=lambda n=n: results.append(wh.scalar(f"SELECT {n}"))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(12))  # type: ignore[type-var]


def test_names_of_the_retry_table_are_the_engines_own(target: Warehouse) -> None:
    for code, passing in PASSING.items():
        assert target.scalar("SELECT errorCodeToName({code:Int32})", {"code": code}) == passing.name


@pytest.mark.parametrize("code", sorted(PASSING))
def test_a_passing_code_is_retried(wh: Warehouse, proxy: Proxy, code: int) -> None:
    proxy.faults = [Fault("SELECT 42", code=code)]
    assert wh.scalar("SELECT 42") == 42
    assert proxy.count("SELECT 42") == 2


@pytest.mark.parametrize(
    ("code", "failure"), [(62, Fatal), (60, Fatal), (53, Fatal), (516, ConfigFault), (497, ConfigFault)]
)
def test_a_permanent_code_fails_at_once(wh: Warehouse, proxy: Proxy, code: int, failure: type[Exception]) -> None:
    proxy.faults = [Fault("SELECT 42", code=code)]
    with pytest.raises(failure, match=f"error {code}"):
        wh.tagged(statement="probe").scalar("SELECT 42")
    assert proxy.count("SELECT 42") == 1


@pytest.mark.parametrize("fault", [Fault("SELECT 42", before=True), Fault("SELECT 42", status=503)])
def test_a_query_survives_a_broken_connection(wh: Warehouse, proxy: Proxy, fault: Fault) -> None:
    proxy.faults = [fault]
    assert wh.scalar("SELECT 42") == 42


def test_a_proxy_that_stays_ill_is_named_with_its_status(wh: Warehouse, proxy: Proxy) -> None:
    proxy.faults = [Fault("SELECT 42", status=502) for _ in range(200)]
    impatient = Warehouse(replace(wh.config, patience=0.5), wh._link, {})
    with pytest.raises(Retriable, match=rf"127\.0\.0\.1:{proxy.port} answered HTTP 502"):
        impatient.scalar("SELECT 42")
    proxy.faults = [Fault("SELECT 42", status=404)]
    with pytest.raises(Fatal, match="HTTP interface"):
        wh.scalar("SELECT 42")


def test_the_failure_names_statement_and_code_but_no_parameter(target: Warehouse) -> None:
    with pytest.raises(Fatal) as caught:
        target.tagged(statement="v_probe").scalar("SELECT {day:Date}", {"day": "private-value"})
    assert "v_probe: error" in str(caught.value)
    assert "private-value" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_interrupted_insert_is_not_repeated_on_its_own(wh: Warehouse, proxy: Proxy, target: Warehouse) -> None:
    proxy.faults = [Fault("INSERT INTO t", after=True)]
    with pytest.raises(Retriable, match="broke the connection"):
        wh.insert("t", numbers(10))
    assert target.scalar("SELECT count() FROM t") == 10  # written once, and said to be uncertain


def test_an_interrupted_insert_with_undo_is_exact(wh: Warehouse, proxy: Proxy, target: Warehouse) -> None:
    proxy.faults = [Fault("INSERT INTO t", after=True), Fault("INSERT INTO t", before=True)]
    assert wh.insert("t", numbers(10), undo=lambda: wh.command("TRUNCATE TABLE t")) == 10
    assert target.scalar("SELECT count() FROM t") == 10


def test_an_insert_refused_at_the_door_is_repeated(wh: Warehouse, proxy: Proxy, target: Warehouse) -> None:
    proxy.faults = [Fault("INSERT INTO t", code=252), Fault("INSERT INTO t", code=202)]
    assert wh.insert("t", numbers(10)) == 10
    assert target.scalar("SELECT count() FROM t") == 10


def test_insert_select_runs_at_most_once(wh: Warehouse, proxy: Proxy, target: Warehouse) -> None:
    proxy.faults = [Fault("INSERT INTO t SELECT", after=True)]
    with pytest.raises(Retriable):
        wh.command("INSERT INTO t SELECT 1, 'x'")
    assert target.scalar("SELECT count() FROM t") == 1


def test_rows_that_the_server_did_not_count_are_a_failure(wh: Warehouse, proxy: Proxy) -> None:
    proxy.faults = [Fault("INSERT INTO t", headers={"X-ClickHouse-Summary": '{"written_rows":"7"}'})]
    with pytest.raises(BadData, match="7 of 10 rows"):
        wh.insert("t", numbers(10))


def test_a_large_insert_streams_in_blocks(wh: Warehouse, proxy: Proxy, target: Warehouse) -> None:
    rows = numbers(3 * BLOCK_ROWS + 1)
    assert wh.insert("t", rows) == rows.num_rows
    assert max(proxy.chunks) >= 4
    assert wh.insert("t", iter(rows.to_batches(max_chunksize=1000))) == rows.num_rows
    assert wh.insert("t", iter([])) == 0
    assert target.scalar("SELECT count(), sum(a) FROM t") == 2 * rows.num_rows


def test_a_stream_holds_one_block_at_a_time() -> None:
    def endless() -> Iterator[pa.RecordBatch]:
        batch = numbers(BLOCK_ROWS).to_batches()[0]
        for _ in range(50):
            yield batch

    blocks = Blocks(endless())
    before = pa.total_allocated_bytes()
    sizes = []
    for part in blocks.stream():
        sizes.append(len(part))
        assert pa.total_allocated_bytes() - before < 20_000_000
    assert blocks.sent == 50 * BLOCK_ROWS
    assert len(sizes) >= 50


@pytest.mark.parametrize("column", [pa.array([None], pa.string()), pa.array([None], pa.null())])
def test_null_never_becomes_an_empty_value(target: Warehouse, column: pa.Array) -> None:
    with pytest.raises(Fatal):
        target.insert("t", pa.table({"a": pa.array([1], pa.uint64()), "s": column}))
    assert target.scalar("SELECT count() FROM t") == 0


def test_an_unknown_column_is_an_error(target: Warehouse) -> None:
    with pytest.raises(Fatal, match="error 16"):
        target.insert("t", numbers(1).append_column("extra", pa.array(["x"])))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_clickhouse_away_is_retried_then_said_with_its_address(target: Warehouse) -> None:
    config = replace(target.config, port=free_port(), patience=1.5)
    began = time.monotonic()
    with pytest.raises(Retriable) as caught:
        Warehouse.connect(config).scalar("SELECT 1")
    assert 0.5 < time.monotonic() - began < 5
    for part in (f"127.0.0.1:{config.port} refuses connections", "zakaz clickhouse serve", "CLICKHOUSE_HOST"):
        assert part in str(caught.value)


def test_clickhouse_that_comes_back_is_used(target: Warehouse) -> None:
    port = free_port()
    config = replace(target.config, port=port, patience=15.0)
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(Warehouse.connect(config).scalar("SELECT 7")))
    asking.start()
    time.sleep(0.7)
    with proxied(target.config.host, target.config.port, listen=port):
        asking.join(20)
    assert answers == [7]
