"""The Reports service: requests checked, queued, polled, and kept finished for five hours under their names.

A finished report stays as it was made: the figures of the moment it was asked for, corrected since or not.
Belongs here: the protocol of one report. Does not: the text of a table (`table`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import HTMLResponse, Response

from zakaz_dagster.dev.sandbox.direct.answers import Refusal
from zakaz_dagster.dev.sandbox.direct.fields import ATTRIBUTES, PERIODS, unknown
from zakaz_dagster.dev.sandbox.direct.table import BROKEN, Asked, table
from zakaz_dagster.dev.sandbox.direct.view import View

KEPT = 5 * 3600
PLACES = 5
REQUESTS, WINDOW = 20, 10.0
SHAPING = ("returnmoneyinmicros", "skipreportheader", "skipcolumnheader", "skipreportsummary")
REQUIRED = ("SelectionCriteria", "FieldNames", "ReportName", "ReportType", "DateRangeType", "Format", "IncludeVAT")


@dataclass(slots=True)
class _Report:
    asked: str
    text: str
    made: int
    polls: int


class Queue:
    """Reports of every login; names and places in the queue are each login's own."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, str], _Report] = {}
        self._times: list[float] = []
        self._names: list[str] = []

    def answer(self, view: View, params: Any, headers: Mapping[str, str]) -> Response:
        self._count(int(view.on("rate", REQUESTS)))
        asked = _checked(params)
        self._forget(view.now)
        report = self._reports.get((view.login, asked.name))
        if report is not None and report.asked != _written(params, headers):
            raise Refusal(4000, "Invalid request parameters", "A report with the same name but different parameters")
        if trouble := self._trouble(view, asked):
            return trouble
        if report is None:
            report = self._begin(view, asked, params, headers)
            status = 201
        else:
            report.polls -= 1
            status = 202
        if report.polls > 0:
            return self._wait(view, status)
        raw = report.text.encode().replace(BROKEN.encode(), b"\xd0")
        return Response(raw, media_type="text/tab-separated-values; charset=utf-8", headers={"reportsInQueue": "0"})

    def _begin(self, view: View, asked: Asked, params: Any, headers: Mapping[str, str]) -> _Report:
        mode = headers.get("processingmode", "auto")
        online = mode != "offline" and (asked.last - asked.first).days < int(view.on("online_days", 1))
        if mode == "online" and not online:
            raise Refusal(8312, "Report cannot be built online", "Use processingMode offline or auto")
        if not online and self._pending(view) >= PLACES:
            raise Refusal(9000, "Queue is full", "No more than five reports", headers=_retry_in(view))
        polls = 0 if online else int(view.on("polls", 2))
        report = _Report(_written(params, headers), table(view, asked, headers), view.now, polls)
        self._reports[view.login, asked.name] = report
        return report

    def _trouble(self, view: View, asked: Asked) -> Response | None:
        """Builds that fail by name, and periods that take too long."""
        most = view.on("too_large_days")
        if most is not None and (asked.last - asked.first).days >= int(most):
            return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
        if asked.name not in self._names:
            self._names.append(asked.name)
        if self._names.index(asked.name) < int(view.on("broken_names", 0)):
            return HTMLResponse("<html><body><h1>Internal Server Error</h1></body></html>", 500)
        return None

    def _wait(self, view: View, status: int) -> Response:
        return Response(status_code=status, headers={"reportsInQueue": str(self._pending(view)), **_retry_in(view)})

    def _pending(self, view: View) -> int:
        own = sum(1 for (whose, _), report in self._reports.items() if whose == view.login and report.polls > 0)
        return own + int(view.on("queued", 0))

    def _forget(self, now: int) -> None:
        self._reports = {key: report for key, report in self._reports.items() if now - report.made < KEPT}

    def _count(self, most: int) -> None:
        """Twenty requests in ten seconds, polls included; by the real clock, as it guards the real server."""
        moment = time.monotonic()
        self._times = [at for at in self._times if moment - at < WINDOW]
        if len(self._times) >= most:
            raise Refusal(56, "Limit on the number of requests exceeded", f"{most} requests per 10 seconds")
        self._times.append(moment)


def _retry_in(view: View) -> dict[str, str]:
    """`retryIn`; there are clients that cope without it, so it may be missing."""
    wait = str(view.on("retry_in", 0))
    return {} if wait == "no" else {"retryIn": wait}


def _written(params: Any, headers: Mapping[str, str]) -> str:
    """What must be the same under one name: the parameters, and the headers that shape the table."""
    return json.dumps([params, *(headers.get(name, "") for name in SHAPING)], sort_keys=True)


def _checked(params: Any) -> Asked:
    """The request as the vendor understands it, or its first mistake."""
    if not isinstance(params, dict):
        raise Refusal(8000, "Invalid request", "params are missing")
    for name in REQUIRED:
        if name not in params:
            raise Refusal(8000, "Invalid request", f"The required field {name} is omitted")
    kind, names = params["ReportType"], list(params["FieldNames"])
    if kind not in ATTRIBUTES:
        raise Refusal(8000, "Invalid request", f"ReportType contains an incorrect value: {kind}")
    if wrong := unknown(kind, names):
        raise Refusal(
            8000, "Invalid request", f"Element of array params.FieldNames contains an incorrect value: {wrong}"
        )
    if len(PERIODS & set(names)) > 1:
        raise Refusal(4000, "Invalid request parameters", "Only one of the period fields is allowed")
    if any(each["Field"] not in names for each in params.get("OrderBy", [])):
        raise Refusal(4000, "Invalid request parameters", "OrderBy names a field that is not in FieldNames")
    return Asked(str(params["ReportName"]), kind, names, *_period(params))


def _period(params: Mapping[str, Any]) -> tuple[date, date]:
    criteria = params["SelectionCriteria"]
    if params["DateRangeType"] != "CUSTOM_DATE" or not {"DateFrom", "DateTo"} <= set(criteria):
        raise Refusal(4000, "Invalid request parameters", "DateFrom and DateTo go with CUSTOM_DATE only")
    try:
        first, last = date.fromisoformat(criteria["DateFrom"]), date.fromisoformat(criteria["DateTo"])
    except ValueError:
        raise Refusal(8000, "Invalid request", "Dates are YYYY-MM-DD") from None
    if first > last:
        raise Refusal(4000, "Invalid request parameters", "DateFrom is after DateTo")
    return first, last
