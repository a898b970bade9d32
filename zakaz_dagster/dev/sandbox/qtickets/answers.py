"""The vendor's envelopes and refusals."""

from __future__ import annotations

import msgspec
from starlette.responses import HTMLResponse, Response

HEADERS = {"Server": "nginx/1.14.1", "Cache-Control": "no-cache, private", "X-Cache-Status": "MISS"}
PAGE_404 = (
    "<!DOCTYPE html>\n<html>\n<head>\n    <title>Страница не найдена 404 – Qtickets</title>\n</head>\n"
    "<body>404</body>\n</html>\n"
)


def answer(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, HEADERS, "application/json")


def unknown_error() -> Response:
    """What the vendor says to anything it does not understand; not a passing trouble."""
    return answer({"error": "Unknown error", "status": 503, "code": "UNKNOWN_ERROR", "info": []}, 503)


def unauthorised() -> Response:
    """Invented: nobody has recorded it."""
    return answer({"error": "Unauthorized", "status": 401, "code": "WRONG_AUTHORIZATION", "info": []}, 401)


def not_found(resource: str, number: int) -> Response:
    info = {"id": number, "resource": resource}
    body = {"error": f'Resource "{resource}" not found', "status": 404, "code": "RESOURCE_NOT_FOUND", "info": info}
    return answer(body, 404)


def no_route() -> Response:
    return HTMLResponse(PAGE_404, 404, HEADERS)
