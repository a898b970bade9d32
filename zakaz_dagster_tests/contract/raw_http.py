"""One plain HTTP request to the embedded endpoint, for the tests that look at the protocol itself."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from zakaz_dagster_tests.plugins.clickhouse import Endpoint


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        return self.headers.get("x-clickhouse-exception-code")

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def summary(self) -> dict[str, int]:
        return {name: int(value) for name, value in json.loads(self.headers["x-clickhouse-summary"]).items()}


def send(
    endpoint: Endpoint,
    body: str | bytes | Iterable[bytes] = b"",
    *,
    method: str = "POST",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    login: bool = True,
    **parameters: object,
) -> Reply:
    """An iterable body is sent chunked."""
    token = base64.b64encode(f"{endpoint.user}:{endpoint.password}".encode()).decode()
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=60)
    try:
        connection.request(
            method,
            f"{path}?{urlencode(parameters)}",
            body=body.encode() if isinstance(body, str) else body,
            headers={**({"Authorization": f"Basic {token}"} if login else {}), **(headers or {})},
        )
        reply = connection.getresponse()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()


def rows(endpoint: Endpoint, sql: str, **parameters: object) -> list[dict[str, object]]:
    reply = send(endpoint, sql, default_format="JSONEachRow", output_format_json_quote_64bit_integers=0, **parameters)
    assert reply.status == 200, reply.text
    return [json.loads(line) for line in reply.body.splitlines()]


def count(endpoint: Endpoint, table: str) -> int:
    """Rows of a table."""
    return int(send(endpoint, f"SELECT count() FROM {table}").text)
