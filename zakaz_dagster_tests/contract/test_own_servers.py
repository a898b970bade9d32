"""The servers of a laptop judge who asks and for how long: the UI of `zakaz dev`, the pages, the local ClickHouse."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import httpx
import pytest
import uvicorn
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.webserver import DagsterWebserver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from zakaz_dagster.dev import pages, ui
from zakaz_dagster.dev.clickhouse import body, protocol, serve
from zakaz_dagster.paths import PACKAGE, PROJECT_ROOT
from zakaz_dagster.settings import Settings
from zakaz_dagster.settings.groups import Health
from zakaz_dagster.settings.values import is_loopback
from zakaz_dagster_tests._private import EmptyWorkspaceTarget, WorkspaceProcessContext
from zakaz_dagster_tests.plugins.clickhouse import Endpoint

LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example:3000"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {**LINK, "Host": "evil.example"},
]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Dagster's web server as `zakaz dev` starts it."""
    home = str(tmp_path_factory.mktemp("dagster"))
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.local_temp(home) as instance:
        patch.setattr(DagsterWebserver, "build_middleware", DagsterWebserver.build_middleware)
        ui.guard()
        with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context:
            yield TestClient(create_app_from_workspace_process_context(context), base_url="http://127.0.0.1:3000")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["/", "/graphql", "/server_info", "/dagit_info"])
def test_the_ui_of_a_laptop_refuses_foreign_names_and_pages(web: TestClient, path: str, headers: dict[str, str]):
    assert web.get(path, headers=headers).status_code == 403
    assert web.post(path, headers=headers, json={"query": "{ version }"}).status_code == 403


def test_the_ui_serves_its_own_pages_programs_and_links(web: TestClient):
    own = {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-origin"}
    assert web.post("/graphql", json={"query": "{ __typename }"}, headers=own).json()["data"]["__typename"] == "Query"
    assert web.post("/graphql", json={"query": "{ version }"}).status_code == 200
    assert web.get("/runs", headers=LINK).status_code == 200, "a link in a mail opens a run"
    assert web.get("/graphql?query={version}", headers=LINK).status_code == 403, "and starts none"


def test_the_ui_opens_a_websocket_for_its_own_page_only(web: TestClient):
    url = "ws://127.0.0.1:3000/graphql"
    with web.websocket_connect(url, ["graphql-ws"], headers={"Origin": "http://127.0.0.1:3000"}) as opened:
        opened.close()
    for origin in ("https://evil.example", "http://127.0.0.1:3080", "null"):
        with pytest.raises(WebSocketDisconnect), web.websocket_connect(url, ["graphql-ws"], headers={"Origin": origin}):  # fmt: skip
            pass


def test_nothing_listens_beyond_this_machine_unless_a_setting_says_so():
    given = Settings(Path("/dev/null"), {})
    assert is_loopback(given.health.host)
    assert any("HEALTH_TOKEN" in doubt for doubt in Health(host="192.0.2.1").doubts()), "and then a token is asked for"
    named = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"""["'](0\.0\.0\.0|::)["']""", path.read_text("utf-8"))
    ]
    assert named == []


def test_a_link_opens_a_page_and_nothing_else_of_another_site_does(tmp_path):
    (tmp_path / "index.html").write_text("<p>index")
    client = TestClient(pages.build(tmp_path), base_url="http://127.0.0.1")
    assert client.get("/index.html", headers=LINK).text == "<p>index"
    for headers in FOREIGN:
        assert client.get("/index.html", headers=headers).status_code == 403


def test_what_dev_serves_beside_dagster_is_one_process_that_ends_at_the_signal(tmp_path):
    (tmp_path / "index.html").write_text("<p>index")
    ports = [free_port() for _ in range(3)]
    pages_at, health_at, webhooks_at = (f"http://127.0.0.1:{port}" for port in ports)
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT_ROOT), "ZAKAZ_SECRETS_DIR": os.devnull,
        "ZAKAZ_DATA_DIR": str(tmp_path), "WEBHOOKS_PORT": str(ports[2]), "WEBHOOKS_SECRET": "0" * 32,
    }  # fmt: skip
    command = [sys.executable, "-m", "zakaz_dagster.cli.dev_servers", str(tmp_path), *map(str, ports[:2])]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, start_new_session=True)
    try:
        for port in ports:
            accepts(port)
        assert httpx.get(f"{pages_at}/").text == "<p>index"
        assert httpx.get(f"{health_at}/healthz").status_code == 503, "nothing has been looked at yet"
        assert httpx.post(f"{webhooks_at}/qtickets", content=b"{}").status_code == 401, "no signature"
        foreign = {"Host": "evil.example"}
        refused = [httpx.get(url, headers=foreign).status_code for url in (f"{pages_at}/", f"{health_at}/healthz")]
        assert refused == [403, 421]
        process.terminate()
        assert process.wait(10) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{health_at}/healthz")


def accepts(port: int) -> None:
    """Until somebody accepts connections there."""
    until = time.monotonic() + 60
    while True:
        assert time.monotonic() < until
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * len(await request.body()))


@contextmanager
def bounded(port_of: Starlette | None = None) -> Iterator[int]:
    """A small application served as the local ClickHouse is."""
    application = port_of or Starlette(routes=[Route("/", _answer, methods=["GET", "POST"])])
    config = serve.bounded(application)
    config.port, config.log_level = 0, "critical"
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(5)


def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
                time.sleep(pause)
            return client.recv(200)
        except ConnectionError:
            return b""


@pytest.mark.parametrize("pieces", [(), (b"GET / HTTP/1.1\r\n",), tuple(b"GET / HTTP/1.1\r\nHost: a\r\nX-Y: bcdefg".split(b":"))], ids=["silent", "half a head", "a slow head"])  # fmt: skip
def test_a_head_that_does_not_come_ends_the_connection(monkeypatch, pieces):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with bounded() as port:
        began = time.monotonic()
        assert said(port, *pieces, pause=0.15) == b""
        assert time.monotonic() - began < 3
        assert said(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_head_that_is_too_long_is_refused(clickhouse: Endpoint):
    long = b"GET /?query=" + b"1" * 2**20 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert not said(clickhouse.port, long).startswith(b"HTTP/1.1 200")
    many = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: b\r\n" * 200_000 + b"\r\n"
    assert not said(clickhouse.port, many).startswith(b"HTTP/1.1 200")
    assert said(clickhouse.port, b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_more_connections_than_the_limit_are_told_to_come_later(monkeypatch):
    monkeypatch.setattr(serve, "_MOST_CONNECTIONS", 4)
    with bounded() as port:
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(6)]
        time.sleep(0.1)
        assert said(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 503")
        for each in held:
            each.close()
        time.sleep(0.1)
        assert said(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_body_that_stops_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(body, "STALLED_SECONDS", 0.3)

    async def received(request: Request) -> PlainTextResponse:
        try:
            with await body.Body.received(request.stream(), "", tmp_path):
                return PlainTextResponse("whole")
        except body.ClickHouseError as error:
            return PlainTextResponse(str(error.code), 408)

    with bounded(Starlette(routes=[Route("/", received, methods=["POST"])])) as port:
        answer = said(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab")
    assert answer.startswith(b"HTTP/1.1 408")
