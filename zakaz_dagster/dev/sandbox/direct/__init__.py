"""Yandex Direct of the made-up organiser, as `contracts` of the vendor describe it: mounted at /direct.

Paths /json/{v5,v501}/{reports,campaigns,adgroups,ads,sitelinks,changes}; the token is `sandbox-token`, the logins are
those of the world, in any case and with `.` for `-`. Its own switches (POST /faults/direct) beside the common ones;
`error` and `xml_error` obey `only`, `after` and `times` as the common ones do, counted apart from them:

    error=CODE, xml_error=CODE      refuse with this code, in the shape of the service; words="..." are said with it
    polls=N, retry_in=SECONDS|"no"  how often a queued report is not ready, 201 first (2), and the header (0)
    online_days=N                   periods up to N days come at once (1)
    rate=N                          requests to Reports in ten seconds (20), more get error 56
    queued=N                        reports of somebody else in the queue of five
    broken_names=N                  the first N names of a report end in HTTP 500
    too_large_days=N                periods longer than N days end in HTTP 502
    points=N                        points a login has left; at 0 error 152
    points_back=SECONDS             after so long without points a login has them again, whatever the clock says
    page=N, repeat_pages            objects per page of a service; every page says there is more and is the first one
    shrinking=N                     for N later pages of a service the first object is gone
    missing_key, retyped_id         a body without its list; ids as text
    odd_titles, odd_links=[ads]     titles of another shape; links of another shape
    currency={"<login>": CODE}      the currency of a login's campaigns ("RUB")
    only_wizard                     no campaign is listed, as where all are of the wizard
    no_access={"<login>": CODE}     logins that cannot be read: error 54, 513, 3000 …, or 403 for the HTTP status
    looks_at=N                      changes.check looks at N campaigns of a request and says which it did not
    forgotten=[ids]                 ads and groups the vendor does not know any more
    relinked={"<ad>": url}          links edited by somebody
    unknown_type                    ads of a type that is new, in a block of its own
    gzip                            compressed answers

    title="quoted"|"plain"          a title line in spite of the header
    money="micros"|"decimal"        money written so, whatever was asked
    no_total, wrong_total, cut_rows=N, dashes, halves (each row in two), unsorted, renamed_column
                                    tables that are deformed so
    stray_tab, line_feed, odd_cell, broken_byte, strange_day, no_date
                                    one row that is: a name with a TAB, with a line feed or with half a character, words
                                    instead of clicks, a day that was not asked for, no day

Belongs here: HTTP, the token, points, and which part answers. Does not: reports (`queue`, `table`), `objects`.
"""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.dev.sandbox.direct import objects
from zakaz_dagster.dev.sandbox.direct.answers import Refusal, Shape, answered, next_id, refused
from zakaz_dagster.dev.sandbox.direct.queue import Queue
from zakaz_dagster.dev.sandbox.direct.view import View
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.direct import LOGINS

VENDOR = "direct"
TOKEN = "sandbox-token"  # noqa: S105  public on purpose
POINTS = 160_000
FORBIDDEN = 403  # an HTTP status, of a gateway in front of the vendor


def routes(world: World, state: State) -> list[Route]:
    server = _Server(world, state)
    return [Route("/json/{version}/{service}", server.answer, methods=["POST"])]


class _Server:
    def __init__(self, world: World, state: State) -> None:
        self.world, self.state = world, state
        self.faults = state.fault(VENDOR)

    async def answer(self, request: Request) -> Response:
        service = str(request.path_params["service"])
        shape = Shape.REPORT if service == "reports" else Shape.SERVICE
        try:
            self._refuse_by_switch(service)
            login = self._login(request)
            body = _read(await request.body())
            response = self._report(request, login, body) if shape == Shape.REPORT else self._get(service, login, body)
        except Refusal as refusal:
            response = Response(status_code=403) if refusal.code == FORBIDDEN else refused(refusal, shape)
        response.headers["RequestId"] = next_id(self._store)
        if self.faults.get("gzip") and "gzip" in request.headers.get("accept-encoding", ""):
            return _zipped(response)
        return response

    def _report(self, request: Request, login: str, body: dict[str, Any]) -> Response:
        queue: Queue = self._store.setdefault("queue", Queue())
        return queue.answer(self._view(login), body.get("params"), request.headers)

    def _get(self, service: str, login: str, body: dict[str, Any]) -> Response:
        method, params = body.get("method"), body.get("params") or {}
        if method not in {"get", "check"}:
            self.state.writes.append({"vendor": VENDOR, "method": f"{service}.{method}", "path": service})
            raise Refusal(3001, "Access denied", "This sandbox is read-only")
        if self._left(login) <= 0:
            raise Refusal(152, "Not enough points", "", headers=self._units(login, 0))
        answer = objects.answer(self._view(login), service, params)
        return answered({"result": answer.body}, headers=self._units(login, answer.cost))

    def _view(self, login: str) -> View:
        return View(self.world.direct, login, self.state.now(), self.faults, self._store)

    def _login(self, request: Request) -> str:
        """The login the request speaks for; the token is looked at first."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(53, "Authorization error", "Invalid OAuth token")
        login = request.headers.get("client-login", LOGINS[0]).lower().replace(".", "-")  # one login to Yandex
        if login not in LOGINS:
            raise Refusal(8800, "Object not found", "В HTTP-заголовке Client-Login указан несуществующий логин")
        if code := self.faults.get("no_access", {}).get(login):
            raise Refusal(int(code), "No access", f"to {login}")
        return login

    def _left(self, login: str) -> int:
        """Points of a login; each login's come back on a schedule of its own (`points_back`), in real time."""
        spent: dict[str, int] = self._store.setdefault("spent", {})
        ran_out: dict[str, float] = self._store.setdefault("ran_out", {})
        left = int(self.faults.get("points", POINTS)) - spent.get(login, 0)
        wait = self.faults.get("points_back")
        if left <= 0 and wait is not None and time.monotonic() - ran_out.setdefault(login, time.monotonic()) > wait:
            left += spent.pop(login)
            del ran_out[login]
        return max(0, left)

    def _units(self, login: str, cost: int) -> dict[str, str]:
        spent: dict[str, int] = self._store.setdefault("spent", {})
        spent[login] = spent.get(login, 0) + cost
        return {"Units": f"{cost}/{self._left(login)}/{POINTS}", "Units-Used-Login": login}

    def _refuse_by_switch(self, service: str) -> None:
        for name in ("error", "xml_error"):
            if name in self.faults.switches and self._struck(service):
                words = str(self.faults.get("words", "Some error"))
                raise Refusal(int(self.faults.get(name)), words, "as switched on", xml=name == "xml_error")

    def _struck(self, service: str) -> bool:
        """`only`, `after` and `times`, as the common switches understand them."""
        if str(self.faults.get("only", "")) not in f"/{service}":
            return False
        hits = self._store["hits"] = self._store.get("hits", 0) + 1
        nth = hits - int(self.faults.get("after", 0))
        times = self.faults.get("times")
        return nth >= 1 and (times is None or nth <= int(times))

    @property
    def _store(self) -> dict[str, Any]:
        return self.state.store(VENDOR)


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(8000, "Invalid request", "JSON can't be processed") from None
    if not isinstance(body, dict):
        raise Refusal(8000, "Invalid request", "An object is expected")
    return body


def _zipped(response: Response) -> Response:
    packed = Response(gzip.compress(bytes(response.body)), response.status_code, media_type=response.media_type)
    for name, value in response.headers.items():
        if name.lower() != "content-length":
            packed.headers[name] = value
    packed.headers["Content-Encoding"] = "gzip"
    return packed
