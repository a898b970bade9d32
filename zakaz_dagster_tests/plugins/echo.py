"""Answers of a vendor, or of a proxy before it, that repeat the whole request and name a buyer.

Not a pytest plugin by itself: `ScriptedServer(echo(400, "json"))` in a test.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import parse_qsl, quote

from zakaz_dagster_tests.plugins.scripted import Reply, Seen

PEOPLE = ("Иван Петрович Салтыков", "ivan.saltykov@example.org", "+7 (913) 555-12-34", "Ivan Saltykov")
HIDDEN_PEOPLE = ("Салтыков", "Saltykov", "saltykov@", "555-12-34")


def _object(said: str) -> str:
    error = {"code": "bad", "message": said, "error_code": 8000, "error_string": said, "error_detail": said}
    return json.dumps({"error": error})


def _flat(said: str) -> str:
    return json.dumps({"code": "bad", "message": said, "error": said, "error_description": said, "info": [said]})


def _html(said: str) -> str:
    return f"<html><head><title>Error</title></head><body><h1>{html.escape(said)}</h1></body></html>"


def _xml(said: str) -> str:
    said = html.escape(said)
    return f"<reports:errorCode>8000</x><reports:errorMessage>{said}</x><errorDetail>{said}</errorDetail>"


def _squid(said: str) -> str:
    return f"<HTML><BODY><P>The following error was encountered while trying to retrieve the URL: <A HREF='{said}'>{said}</A>"


SHAPES: dict[str, Callable[[str], str]] = {
    "json": _object, "flat": _flat, "html": _html, "xml": _xml, "url": lambda said: quote(said, safe=""), "proxy": _squid,
}  # fmt: skip


def repeated(seen: Seen, *secrets: str) -> str:
    """Everything the request said, these secrets bare and as Basic credentials, and a buyer."""
    basic = " ".join(base64.b64encode(f"robot:{secret}".encode()).decode() for secret in secrets)
    body = seen.body.decode(errors="replace")
    asked = f"{seen.method} {seen.path} {seen.query} {seen.headers} {body} {dict(parse_qsl(body))}"
    return f"clients {', '.join(PEOPLE)} {basic} {' '.join(secrets)} sent {asked}"


def echo(status: int, shape: str, *secrets: str) -> Callable[[Seen], Reply]:
    """The script of a server that always answers so, and leads elsewhere with a secret in the address."""
    key = secrets[0] if secrets else ""
    return lambda seen: Reply(
        status, SHAPES[shape](repeated(seen, *secrets)), {"location": f"https://x.example/?k={key}"}
    )
