"""The process: one owner of a directory, clean stops, survival of kill -9, bounded memory, users of one's own."""
# ruff: noqa: S608 - tables of these tests are named by the tests

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import main
from zakaz_dagster_tests.contract.raw_http import rows, send
from zakaz_dagster_tests.plugins.clickhouse import PROJECT, Endpoint, serving, started

MEGABYTE = 2**20
USERS = """<clickhouse>
  <profiles><default><readonly>{readonly}</readonly>{settings}</default></profiles>
  <users>
    <default>
      <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
      <grants><query>{grant}</query></grants>
    </default>
    <owner>
      <password></password><networks><host>none.invalid</host></networks><quota>default</quota>
      <grants><query>GRANT ALL ON *.*</query></grants>
    </owner>
  </users>
  <quotas><default/></quotas>
</clickhouse>
"""


def test_data_is_kept_between_runs(tmp_path: Path):
    with serving(tmp_path) as endpoint:
        send(endpoint, "CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
        send(endpoint, "INSERT INTO kept SELECT number FROM numbers(1000)")
    with serving(tmp_path) as endpoint:
        assert send(endpoint, "SELECT count() FROM kept").text == "1000\n"


def test_a_relative_data_directory_is_the_callers(tmp_path: Path):
    relative = Path(os.path.relpath(tmp_path, PROJECT)) / "deep"
    with serving(relative) as endpoint:
        large = b"1\n" * (5 * MEGABYTE)  # beyond what is kept in memory
        send(endpoint, "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        assert send(endpoint, large, query="INSERT INTO t FORMAT TSV").summary["written_rows"] == len(large) // 2
    assert (tmp_path / "deep" / "store").is_dir()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path: Path, name: signal.Signals):
    with serving(tmp_path) as endpoint:
        send(endpoint, "SELECT 1")
        endpoint.process.send_signal(name)
        assert endpoint.process.wait(10) == 0
        assert endpoint.process.stderr.read() == ""


def test_a_running_query_does_not_hold_up_the_stop_for_ever(tmp_path: Path):
    with serving(tmp_path) as endpoint:
        slow = threading.Thread(
            target=_ignoring_the_end, args=(endpoint, "SELECT sum(sipHash64(number)) FROM numbers(100000000000)")
        )
        slow.start()
        time.sleep(0.5)
        endpoint.process.send_signal(signal.SIGTERM)
        assert endpoint.process.wait(20) == 0
        slow.join()


def _ignoring_the_end(endpoint: Endpoint, sql: str) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        send(endpoint, sql)


def test_a_held_directory_is_refused_with_its_holder_and_code_2(tmp_path: Path):
    with serving(tmp_path) as endpoint:
        second = started(tmp_path)
        out, error = second.communicate(timeout=20)
        assert (second.returncode, out) == (2, "")
        assert f"process {endpoint.process.pid} at {endpoint.url}" in error
        assert "--data-dir" in error
        assert "Traceback" not in error
        assert send(endpoint, "SELECT 1").text == "1\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])  # noqa: S104 - refused
def test_only_loopback_is_served(tmp_path: Path, host: str):
    refused = started(tmp_path, f"--host={host}")
    _, error = refused.communicate(timeout=20)
    assert refused.returncode == 2
    assert "loopback" in error


def test_a_taken_port_is_named(tmp_path: Path, clickhouse: Endpoint):
    refused = started(tmp_path, f"--port={clickhouse.port}")
    _, error = refused.communicate(timeout=20)
    assert (refused.returncode, f":{clickhouse.port}" in error) == (2, True)


def test_an_orphan_stops_by_itself(tmp_path: Path):
    """The parent of the endpoint is a shell that dies at once."""
    command = f"{sys.executable} -m zakaz_dagster.dev.clickhouse --data-dir={tmp_path} --exit-with-parent >{tmp_path}/out & sleep 2"
    subprocess.run(["sh", "-c", command], cwd=PROJECT, check=True, timeout=20)
    deadline = time.monotonic() + 10
    while (tmp_path / "held").read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (tmp_path / "out").read_text().startswith('{"host"')
    assert (tmp_path / "held").read_text() == ""


def test_it_starts_fast(tmp_path: Path):
    began = time.monotonic()
    with serving(tmp_path):
        assert time.monotonic() - began < 6  # 1.2 s on an idle machine


def test_a_short_answer_does_not_wait_for_an_acknowledgement(clickhouse: Endpoint):
    """Headers and body are two writes: with Nagle's algorithm each answer on a kept connection took 44 ms."""
    connection = http.client.HTTPConnection(clickhouse.host, clickhouse.port, timeout=60)
    took = []
    for _ in range(40):
        began = time.monotonic()
        connection.request("GET", "/ping")
        assert connection.getresponse().read() == b"Ok.\n"
        took.append(time.monotonic() - began)
    connection.close()
    assert min(took[20:]) < 0.02


def test_without_a_password_any_is_taken(tmp_path: Path):
    with serving(tmp_path, password="") as endpoint:
        assert send(endpoint, "SELECT 1", login=False).text == "1\n"
        assert send(endpoint, "SELECT 1", login=False, user="default", password="x").text == "1\n"


def test_a_client_that_goes_away_takes_its_query_along(clickhouse: Endpoint):
    connection = http.client.HTTPConnection(clickhouse.host, clickhouse.port, timeout=60)
    endless = "SELECT sum(sipHash64(number)) FROM numbers(100000000000) SETTINGS log_comment = 'endless'"
    connection.request(
        "POST",
        "/",
        body=endless,
        headers={"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password},
    )
    running = "SELECT count() AS n FROM system.processes WHERE query LIKE '%endless%' AND query NOT LIKE '%processes%'"
    _until(lambda: rows(clickhouse, running) == [{"n": 1}])
    connection.sock.close()
    _until(lambda: rows(clickhouse, running) == [{"n": 0}])


def _until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_memory_stays_bounded_while_much_goes_in_and_out(tmp_path: Path):
    """300 MB in, 300 MB out: buffering either would show as 300 MB."""
    with serving(tmp_path) as endpoint:
        send(endpoint, "CREATE TABLE big (s String) ENGINE = Null")
        small_blocks = {"min_insert_block_size_rows": 20_000, "min_insert_block_size_bytes": 20_000_000}
        warm = send(
            endpoint, [b"x" * 999 + b"\n"] * 20_000, query="INSERT INTO big FORMAT LineAsString", **small_blocks
        )
        assert warm.summary["written_rows"] == 20_000
        before = _peak(endpoint)
        lines = (b"x" * 999 + b"\n") * 1000
        reply = send(endpoint, (lines for _ in range(300)), query="INSERT INTO big FORMAT LineAsString", **small_blocks)
        assert reply.summary["written_rows"] == 300_000
        assert (
            _received(endpoint, "SELECT repeat('x', 999) FROM numbers(300000) SETTINGS max_block_size = 5000")
            == 300_000_000
        )
        assert _peak(endpoint) - before < 150 * MEGABYTE
        assert not list((tmp_path / "scratch").iterdir())


def _received(endpoint: Endpoint, sql: str) -> int:
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=60)
    login = {"X-ClickHouse-User": endpoint.user, "X-ClickHouse-Key": endpoint.password}
    connection.request("POST", "/", body=sql, headers=login)
    answer, size = connection.getresponse(), 0
    while chunk := answer.read(MEGABYTE):
        size += len(chunk)
    connection.close()
    return size


def _peak(endpoint: Endpoint) -> int:
    status = Path(f"/proc/{endpoint.process.pid}/status")
    if not status.exists():
        pytest.skip("peak memory is read from /proc")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    """A view owned by a user who never logs in, as in production; the session user is always `default`."""
    users = tmp_path / "admin.xml"
    users.write_text(USERS.format(readonly=0, settings="", grant="GRANT ALL ON *.*"))
    with serving(tmp_path / "data", f"--users-file={users}") as endpoint:
        for sql in (
            "CREATE DATABASE marts",
            "CREATE DATABASE stg",
            "CREATE TABLE stg.raw (a Int32) ENGINE = MergeTree ORDER BY a",
            "INSERT INTO stg.raw VALUES (7)",
            "CREATE VIEW marts.v DEFINER = owner SQL SECURITY DEFINER AS SELECT a FROM stg.raw",
        ):
            reply = send(endpoint, sql)
            assert reply.status == 200, reply.text
    return tmp_path


@pytest.mark.parametrize(("readonly", "extra"), [(2, ""), (1, "<join_use_nulls>1</join_use_nulls>")])
def test_a_users_file_makes_default_a_reader(marts: Path, readonly: int, extra: str):
    users = marts / "reader.xml"
    users.write_text(USERS.format(readonly=readonly, settings=extra, grant="GRANT SELECT ON marts.*"))
    with serving(marts / "data", f"--users-file={users}") as endpoint:
        asked = send(
            endpoint, "SELECT a FROM marts.v", join_use_nulls=1, default_format="JSONEachRow", database="marts"
        )
        assert asked.text == '{"a":7}\n'
        assert send(endpoint, "SELECT * FROM stg.raw").code == "497"
        assert send(endpoint, "SELECT * FROM file('/etc/passwd', 'LineAsString')").code == "497"
        assert send(endpoint, "SELECT 1", readonly=0).code == "164"
        assert send(endpoint, "INSERT INTO marts.v VALUES (1)").code in ("164", "497", "48")
        assert send(endpoint, "CREATE TABLE marts.x (a Int8) ENGINE = Memory").code in ("164", "497")
        assert send(endpoint, "1,2").code == "62"


def test_a_configuration_file_is_passed_to_the_engine(tmp_path: Path):
    config = tmp_path / "engine.xml"
    config.write_text("<clickhouse><display_name>mine</display_name></clickhouse>")
    with serving(tmp_path / "data", f"--config-file={config}") as endpoint:
        assert send(endpoint, "SELECT 1").headers["x-clickhouse-server-display-name"] == "mine"


def test_a_taken_port_is_one_message_and_code_3(clickhouse: Endpoint, tmp_path: Path):
    result = CliRunner().invoke(main, ["clickhouse", "serve", f"--data-dir={tmp_path}", f"--port={clickhouse.port}"])
    assert result.exit_code == 3
    assert "cannot listen" in result.output
    assert "Traceback" not in result.output


def test_the_command_says_where_it_answers(tmp_path: Path):
    command = [sys.executable, "-m", "zakaz_dagster", "clickhouse", "serve", "--port=0", f"--data-dir={tmp_path}"]
    process = subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, "CLICKHOUSE_PASSWORD": "s3cret"}, stdout=subprocess.PIPE, text=True
    )
    try:
        first, second = process.stdout.readline(), process.stdout.readline()
        assert "answers at http://127.0.0.1:" in first
        assert "password: set" in second
        assert "s3cret" not in first + second
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()
