"""The official Node client and curl against the embedded endpoint; both send chunked bodies."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint

SCRIPT = Path(__file__).with_name("embedded_client.mjs")
PACKAGE = "@clickhouse/client@1.23.1"


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client installed; a machine without Node or without a registry skips."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0", PACKAGE]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {PACKAGE} in two minutes")
    if done.returncode:
        pytest.skip(f"npm could not install {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}")
    return folder


def test_the_node_client_works_unchanged(clickhouse: Endpoint, node_modules: Path):
    assert send(clickhouse, "CREATE DATABASE IF NOT EXISTS node").status == 200
    done = subprocess.run(
        ["node", str(SCRIPT), clickhouse.url, clickhouse.password],
        cwd=node_modules,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name, seen in json.loads(done.stdout).items():
        assert seen == {
            "ping": True,
            "written": ["2", "19998"],
            "streamed": 20_000,
            "code": "60",
            "count": 20_000,
            "meta": [{"name": "n", "type": "UInt64"}],
            "bound": [{"city": "a'b\tc", "n": [1, 2]}],
            "threads": [{"threads": 3}],
            "together": list(range(10)),
            "exec": "42\n",
            "query_id": f"node.{name}.2",
        }


def curl(endpoint: Endpoint, *arguments: str, data: bytes = b"") -> bytes:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    user = f"{endpoint.user}:{endpoint.password}"
    command = ["curl", "--silent", "--show-error", "--user", user, *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout


def test_curl_reads_writes_and_streams(clickhouse: Endpoint):
    url = clickhouse.url
    assert curl(clickhouse, f"{url}/ping") == b"Ok.\n"
    assert curl(clickhouse, url, "--data", "SELECT 'город' AS x FORMAT JSONEachRow") == '{"x":"город"}\n'.encode()
    curl(clickhouse, url, "--data", "CREATE OR REPLACE TABLE curl (a Int32) ENGINE = MergeTree ORDER BY a")
    rows = "".join(f"{number}\n" for number in range(300_000)).encode()
    chunked = ["--header", "Transfer-Encoding: chunked", "--data-binary", "@-"]
    curl(clickhouse, f"{url}/?query=INSERT%20INTO%20curl%20FORMAT%20TSV", *chunked, data=rows)
    gzipped = [*chunked, "--header", "Content-Encoding: gzip"]
    curl(clickhouse, f"{url}/?query=INSERT%20INTO%20curl%20FORMAT%20TSV", *gzipped, data=gzip.compress(rows))
    assert (
        curl(clickhouse, url, "--data", "SELECT count(), sum(a) FROM curl")
        == f"600000\t{sum(range(300_000)) * 2}\n".encode()
    )
    assert (
        curl(
            clickhouse,
            f"{url}/?enable_http_compression=1",
            "--compressed",
            "--data",
            "SELECT a FROM curl ORDER BY a LIMIT 3",
        )
        == b"0\n0\n1\n"
    )


def test_curl_sees_the_status_of_an_error(clickhouse: Endpoint):
    out = curl(clickhouse, clickhouse.url, "--data", "SELECT nope", "--write-out", "%{http_code}")
    assert out.startswith(b"Code: 47. DB::Exception")
    assert out.endswith(b"404")
