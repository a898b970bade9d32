"""Gmail's answers and errors in their exact shape; gzip for who accepts it."""

from __future__ import annotations

import gzip
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

COMPRESS_FROM = 500
STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE",
}  # fmt: skip


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, reason: str, message: str, domain: str = "global", **extra: Any) -> None:
        super().__init__(message)
        error = {
            "code": status,
            "message": message,
            "errors": [{"message": message, "domain": domain, "reason": reason}],
            "status": STATUS.get(status, HTTPStatus(status).phrase.upper()),
        }
        self.status = status
        self.body = {"error": {**error, **extra}}


def unauthorized() -> Refusal:
    words = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
    return Refusal(401, "authError", f"{words} authentication credential.")


def not_found() -> Refusal:
    return Refusal(404, "notFound", "Requested entity was not found.")


def insufficient_scope() -> Refusal:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]
    return Refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.", details=details)


def limited(kind: str) -> Refusal:
    """The limits a switch can turn on."""
    if kind == "throttle":
        return Refusal(429, "rateLimitExceeded", "Too many concurrent requests for user", "usageLimits")
    if kind == "daily":
        return Refusal(403, "dailyLimitExceeded", "Daily Limit Exceeded", "usageLimits")
    if kind == "backend":
        return Refusal(503, "backendError", "Service unavailable.")
    return Refusal(403, "userRateLimitExceeded", "User-rate limit exceeded.", "usageLimits")


def reply(request: Request, body: object, status: int = 200) -> Response:
    raw = msgspec.json.encode(body)
    headers = {"Vary": "Accept-Encoding"}
    if len(raw) >= COMPRESS_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        raw, headers = gzip.compress(raw, 1, mtime=0), {**headers, "Content-Encoding": "gzip"}
    return Response(raw, status, headers=headers, media_type="application/json; charset=UTF-8")
