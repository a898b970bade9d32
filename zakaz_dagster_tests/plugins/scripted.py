"""A real HTTP server on a loopback socket that answers what it is told, including answers that break off.

Not a pytest plugin by itself: `with ScriptedServer([...]) as server` in a test. Replies are used in order, the last
one for ever; a callable decides per request.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float
    target: str = ""  # the path with its query, as it was sent

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """`cut` sends only so many bytes of the body; `reset` ends with a TCP reset; `drip` seconds between bytes."""

    status: int = 200
    body: bytes | str | dict | list = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    drip: float = 0.0
    delay: float = 0.0

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False).encode()


Script = Reply | Callable[[Seen], Reply]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets: the second would wait for a late acknowledgement
    server: _Server

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query))
        seen = Seen(self.command, parts.path, query, headers, body, time.monotonic(), self.path)
        self.reply(self.server.owner.answer(seen))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815  names of http.server

    def reply(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        if reply.reset and reply.cut is None:
            self.hang_up(reset=True)
            return
        body = reply.encoded()
        self.send_response_only(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.write(body if reply.cut is None else body[: reply.cut], reply.drip)
        if reply.cut is not None:
            self.hang_up(reset=reply.reset)

    def write(self, body: bytes, drip: float) -> None:
        try:
            for piece in (bytes([byte]) for byte in body) if drip else (body,):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(drip)
        except OSError:
            self.close_connection = True

    def hang_up(self, *, reset: bool) -> None:
        self.wfile.flush()
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: ScriptedServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up first is part of the script."""


class ScriptedServer:
    """`seen` has every request in order; `url` is the base address."""

    def __init__(self, script: Iterable[Script] | Script) -> None:
        self.script = [script] if isinstance(script, Reply) or callable(script) else list(script)
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def answer(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            step = self.script[min(len(self.seen), len(self.script)) - 1]
        return step if isinstance(step, Reply) else step(seen)
