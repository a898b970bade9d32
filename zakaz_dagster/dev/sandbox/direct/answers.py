"""How Direct says things: results, and one error in three shapes.

Belongs here: bodies and headers. Does not: which error it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from starlette.responses import Response

FIRST_ID = 1_264_458_033_037_596_430


class Shape(Enum):
    """Services answer errors with HTTP 200 and a number, Reports with HTTP 400 and the number in a string."""

    SERVICE = "service"
    REPORT = "report"


class Refusal(Exception):
    """An error of the vendor by its code; `status` overrides the HTTP status of its shape."""

    def __init__(
        self, code: int, words: str, detail: str, *, headers: Mapping[str, str] | None = None, xml: bool = False
    ) -> None:
        super().__init__(words)
        self.code, self.words, self.detail = code, words, detail
        self.headers = dict(headers or {})
        self.xml = xml


def next_id(store: dict[str, Any]) -> str:
    """Request ids count up from one that looks like the vendor's."""
    store["request_id"] = store.get("request_id", FIRST_ID) + 1
    return str(store["request_id"])


def answered(body: object, *, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json;charset=utf-8", headers=dict(headers or {}))


def refused(refusal: Refusal, shape: Shape) -> Response:
    status = 400 if shape == Shape.REPORT else 200
    if refusal.xml:
        return Response(_xml(refusal), status, headers=refusal.headers, media_type="application/xml")
    code = str(refusal.code) if shape == Shape.REPORT else refusal.code
    error = {"error_code": code, "error_string": refusal.words, "error_detail": refusal.detail, "request_id": "0"}
    # Without a charset: clients that guess one break the Russian of it.
    return Response(
        msgspec.json.encode({"error": error}), status, headers=refusal.headers, media_type="application/json"
    )


def _xml(refusal: Refusal) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<reports:reportDownloadError xmlns:reports="http://api.direct.yandex.com/v5/reports"><reports:ApiError>'
        f"<reports:requestId>0</reports:requestId><reports:errorCode>{refusal.code}</reports:errorCode>"
        f"<reports:errorMessage>{refusal.words}</reports:errorMessage>"
        f"<reports:errorDetail>{refusal.detail}</reports:errorDetail>"
        "</reports:ApiError></reports:reportDownloadError>"
    )
