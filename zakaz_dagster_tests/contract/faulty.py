"""A proxy before the running engine that misbehaves when told to, over plain HTTP or TLS."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "server", "date"}


@dataclass
class Fault:
    """What happens to the next request whose SQL contains `when`: once, then it is used up.

    `code`: the engine's error without asking it; `status`: a proxy's error; `before`/`after`: the connection breaks
    before/after the engine did the work; `headers`: replaced in the engine's answer.
    """

    when: str
    code: int = 0
    text: str = "DB::Exception: as told (TOLD)"
    status: int = 0
    before: bool = False
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Proxy:
    host: str
    port: int
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # SQL of each request
    params: list[dict[str, str]] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)  # body chunks of each request
    judge: Callable[[str], str | bytes | None] = lambda _: None  # a refusal's text, an answer, or None for the engine's

    def count(self, part: str) -> int:
        return sum(part in sql for sql in self.seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets: the second would wait for a late acknowledgement
    proxy: Proxy
    target: tuple[str, int]

    def log_message(self, *_: object) -> None:
        """Nothing to the terminal."""

    def do_POST(self) -> None:
        body, chunks = self._body()
        params = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        sql = params.get("query") or body.decode(errors="replace")
        self.proxy.seen.append(sql)
        self.proxy.params.append(params)
        self.proxy.chunks.append(chunks)
        fault = next((fault for fault in self.proxy.faults if fault.when in sql), None)
        if fault:
            self.proxy.faults.remove(fault)
        judged = self.proxy.judge(sql)
        if isinstance(judged, bytes):
            self._reply(200, judged, {"Content-Type": "text/tab-separated-values"})
        elif judged:
            self._reply(403, f"Code: 497. {judged} (ACCESS_DENIED)".encode(), {"X-ClickHouse-Exception-Code": "497"})
        elif fault and fault.code:
            text = f"Code: {fault.code}. {fault.text}"
            self._reply(500, text.encode(), {"X-ClickHouse-Exception-Code": str(fault.code)})
        elif fault and fault.status:
            self._reply(fault.status, b"from the proxy", {})
        elif fault and fault.before:
            self._drop()
        else:
            self._forward(body, fault)

    def do_GET(self) -> None:
        self.do_POST()

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        connection = http.client.HTTPConnection(*self.target, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if fault and fault.after:
            self._drop()
            return
        given = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        changed = {name.lower() for name in fault.headers} if fault else set()
        kept = {name: value for name, value in given.items() if name.lower() not in changed}
        self._reply(answer.status, content, kept | (fault.headers if fault else {}))

    def _body(self) -> tuple[bytes, int]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0)), 1
        parts = []
        while size := int(self.rfile.readline().strip(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts), len(parts)

    def _reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()


@contextmanager
def proxied(host: str, port: int, tls: ssl.SSLContext | None = None, *, listen: int = 0) -> Iterator[Proxy]:
    """A proxy on a free loopback port (or the one given) for the time of the block."""
    proxy = Proxy("127.0.0.1", 0)
    handler = type("Handler", (_Handler,), {"proxy": proxy, "target": (host, port)})
    server = ThreadingHTTPServer((proxy.host, listen), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
