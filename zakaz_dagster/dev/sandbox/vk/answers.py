"""The forms VK answers in: JSON with a request id, and its five kinds of error body.

Belongs here: how things are written. Does not: when they are said.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
from starlette.responses import Response


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.response = reply(body, status, headers)


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    named = {"x-request-id": uuid4().hex, **(headers or {})}
    return Response(msgspec.json.encode(body), status, named, media_type="application/json")


def statistics_error(code: str, message: str, *, status: int = 400, prefix: bool = True) -> Refusal:
    """Statistics errors; live answers were seen with and without `ERR_`."""
    return Refusal(status, {"error": {"code": f"ERR_{code}" if prefix else code, "message": message}})


def validation_error(fields: dict[str, tuple[str, str]]) -> Refusal:
    told = {name: {"code": code, "message": message} for name, (code, message) in fields.items()}
    return Refusal(400, {"error": {"code": "validation_failed", "message": "Validation failed", "fields": told}})


def unknown_fields(names: list[str], allowed: tuple[str, ...]) -> Refusal:
    message = f"Unknown fields: {', '.join(names)}. Allowed: {', '.join(allowed)}"
    return Refusal(400, {"error": {"code": "unknown_resource_fields", "message": message}})


def not_found(resource: str) -> Refusal:
    return Refusal(404, {"error": {"code": "not_found", "message": "Object not found", "resource": resource}})


def unauthorized(code: str, message: str, *, nested: bool) -> Refusal:
    body: dict[str, Any] = {"code": code, "message": message}
    told = f'Bearer realm="api", error="{code}", error_description="{message}"'
    return Refusal(401, {"error": body} if nested else body, {"WWW-Authenticate": told})


def oauth_error(status: int, code: str, description: str) -> Refusal:
    return Refusal(status, {"error": code, "error_description": description})


def money(kopecks: int) -> str:
    """Roubles as VK writes them: at most two decimals, trailing zeros trimmed, "0" for nothing."""
    sign, rest = ("-", -kopecks) if kopecks < 0 else ("", kopecks)
    whole, part = divmod(rest, 100)
    return f"{sign}{whole}.{part:02d}".rstrip("0").rstrip(".") if part else f"{sign}{whole}"
