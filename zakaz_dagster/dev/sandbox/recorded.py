"""Recorded QTickets bodies served in place of the world, so that they pass through a real client over a socket.

Started with `--recorded DIR`. The base URL names a body: `/qtickets-recorded/<file stem or its beginning>/api/rest/v1`.
That body answers the calls of its kind; calls of other kinds are answered by the first body of that kind in the folder.

    a list (01, 04, 08, 09)     its rows, filtered, ordered and paged as the request's body asks
    one object (02, 03)         `/orders/<its id>`, and `/orders` as a list of one
    request and response (12)   the response exactly as recorded, whatever is asked, with its http_status
    a list of cases (10)        `<stem>@<n>`: case n (from 0) for every call, with its status and type
    shows' seats and barcodes   are in no body: an empty list

Writes are recorded and refused as elsewhere. Any token will do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.dev.sandbox.qtickets.answers import HEADERS, answer, no_route, not_found, unknown_error
from zakaz_dagster.dev.sandbox.qtickets.query import BadQuery, page_of, project, read, rows_matching
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World

NAME = "qtickets-recorded"
Json = dict[str, Any]
# the kind of a row by the keys it must have
KINDS = {
    "orders": {"baskets", "payed_at"},
    "events": {"shows", "city"},
    "promo-codes": {"code", "discount_id"},
    "discounts": {"shows", "type"},
}


def routes(_world: World, state: State) -> list[Route]:
    folder = state.option("recorded", "dir", "")
    vendor = _Recorded(state, Path(folder) if folder else None)
    return [Route("/{stem}/api/rest/v1/{rest:path}", vendor.any, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]


class _Recorded:
    def __init__(self, state: State, folder: Path | None) -> None:
        self.state = state
        files = sorted(folder.glob("*.json")) if folder else []
        self.bodies = {file.stem: json.loads(file.read_bytes()) for file in files}

    async def any(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            await self.state.record_write(NAME, request)
            return unknown_error()
        stem, _, case = request.path_params["stem"].partition("@")
        body = next((body for name, body in self.bodies.items() if name.startswith(stem)), None)
        if body is None:
            return answer({"error": f"no recorded body {stem}", "there_are": list(self.bodies)}, 404)
        if isinstance(body, list):
            return _case(body[int(case or 0)])
        try:
            return self._serve(body, request.path_params["rest"].strip("/").split("/"), await request.body())
        except BadQuery:
            return unknown_error()

    def _serve(self, body: Json, parts: list[str], asked: bytes) -> Response:
        if parts[0] == "shows" and len(parts) == 3:
            return answer({"data": []} if parts[2] == "seats" else [])
        own = next((one for one in (body, *self.bodies.values()) if _kind(one) == parts[0]), None)
        if own is None:
            return no_route()
        if "response" in own:
            return answer(own["response"], own["http_status"])
        return _list(own, asked) if len(parts) == 1 else self._one(parts[0], parts[1])

    def _one(self, kind: str, number: str) -> Response:
        for body in self.bodies.values():
            if _kind(body) == kind:
                for row in _rows(body):
                    if str(row["id"]) == number:
                        return answer({"data": row})
        return not_found(kind.removesuffix("s").title(), int(number) if number.isdecimal() else 0)


def _rows(body: Json) -> list[Json]:
    data = body.get("response", body).get("data", [])
    return [data] if isinstance(data, dict) else data


def _kind(body: object) -> str | None:
    rows = _rows(body) if isinstance(body, dict) else []
    return next((kind for kind, keys in KINDS.items() if rows and keys <= set(rows[0])), None)


def _list(body: Json, asked: bytes) -> Response:
    rows = _rows(body)
    paging: Mapping[str, Any] = body.get("paging") or {}
    query = read(asked, int(paging.get("perPage", len(rows))), 1000)
    found = rows_matching(rows, query)
    shown = [project(row, query.select) if query.select else row for row in page_of(found, query)]
    totals = {"perPage": query.per_page, "currentPage": query.page, "total": len(found)}
    return answer({"data": shown, "paging": totals})


def _case(case: Json) -> Response:
    headers = HEADERS | {"Content-Type": case["content_type"]}
    return Response(case["body"].encode(), case["http_status"], headers)
