"""QTickets' protocol: read-only GETs whose filters, order and page travel in the JSON *body*.

In the query string the vendor ignores them and answers 200 with its fifty oldest orders, so nothing is ever sent
there. The token can refund and delete: only the paths below may be called, and only with GET.
Belongs here: requests, error bodies, one page at a time. Does not: completeness of a read (`pages`), meaning (`rows`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from zakaz_dagster.errors import Failure, Fatal, Retriable
from zakaz_dagster.parsing.json_text import anything_in
from zakaz_dagster.sources.qtickets.answers import EVENT, ORDER, Page, decode, page_of, seats_of
from zakaz_dagster.sources.qtickets.odd import Odd
from zakaz_dagster.sources.qtickets.records import SOURCE, Barcode, Event, Order, Seat
from zakaz_dagster.transport.answer import Again, Response, Stop, Verdict, default_judge
from zakaz_dagster.transport.client import Call, HttpClient

READ_ONLY = re.compile(r"/(orders|events)(/\d+)?|/shows/\d+/(seats|barcodes)", re.ASCII)
EVENT_PAGE_SIZE = 100
SHOW_FIELDS = ("id", "is_active", "start_date", "finish_date", "deleted_at")
EVENT_FIELDS = [
    *("id", "name", "is_active", "place_name", "city.name", "city.timezone", "deleted_at"),
    *(f"shows.{name}" for name in SHOW_FIELDS),
]
SEAT_FIELDS = ["max_quantity", "free_quantity", "ordered_quantity", "payed_quantity", "in_basket_quantity", "disabled"]
BARCODE_FIELDS = ["admission", "price", "zone_name"]

Condition = Mapping[str, Any]


class NotFound(Fatal):
    """The object does not exist, or is not this organiser's."""


@dataclass(frozen=True)
class ApiConfig:
    """`token` goes into one header and nowhere else."""

    base_url: str
    token: str
    page_size: int = 200
    requests_per_second: float = 2.0
    timeout: float = 30.0
    deadline: float = 300.0


class QTicketsApi:
    """One organiser's account. Thread-safe as far as the HTTP client is."""

    def __init__(self, config: ApiConfig) -> None:
        self.page_size = config.page_size
        self.http = HttpClient(
            SOURCE,
            config.base_url,
            headers={"Authorization": f"Bearer {config.token}", "Accept": "application/json"},
            timeout=config.timeout,
            deadline=config.deadline,
            requests_per_second=config.requests_per_second,
            judge=judge,
            allow=_reads_only,
            secrets=(config.token,),
        )

    def orders_page(
        self,
        where: Sequence[Condition],
        order_by: Mapping[str, str],
        page: int,
        day: date | str | None,
        size: int | None = None,
    ) -> Page[Order]:
        """One page of orders, of the usual size or of this one; `day` only names the load in failures."""
        body = {"where": list(where), "orderBy": dict(order_by), "page": page, "perPage": size or self.page_size}
        return page_of(self._get("/orders", body, day), ORDER, "GET /orders")

    def events_page(self, page: int) -> Page[Event]:
        """One page of events with their shows, deleted ones included."""
        body = {"orderBy": {"id": "asc"}, "page": page, "perPage": EVENT_PAGE_SIZE, "select": EVENT_FIELDS}
        return page_of(self._get("/events", body, None), EVENT, "GET /events")

    def seats(self, show_id: int) -> tuple[dict[str, Seat], list[Odd]]:
        """Every seat of a show by its key, and the records that do not fit; `NotFound` when the show is gone."""
        path = f"/shows/{show_id}/seats"
        return seats_of(self._get(path, {"flat": True, "select": SEAT_FIELDS}, None), f"GET {path}")

    def barcodes(self, show_id: int) -> list[Barcode]:
        """The live tickets of a show, without codes and names."""
        path = f"/shows/{show_id}/barcodes"
        return decode(self._get(path, {"select": BARCODE_FIELDS}, None), list[Barcode], f"GET {path}")

    def _get(self, path: str, body: Mapping[str, Any], day: date | str | None) -> bytes:
        return self.http.request("GET", path, json=dict(body), day=day).content


def paid_between(first: datetime, last: datetime) -> list[Condition]:
    """Orders paid in [first, last); both aware. `payed` is no filter here: a full refund may clear it."""
    return [
        {"column": "payed_at", "operator": ">=", "value": first.isoformat()},
        {"column": "payed_at", "operator": "<", "value": last.isoformat()},
    ]


def changed_since(moment: datetime) -> list[Condition]:
    """Orders touched at or after `moment` (aware)."""
    return [{"column": "updated_at", "operator": ">=", "value": moment.isoformat()}]


def judge(response: Response) -> Verdict:
    """What an answer means: JSON or a stop; 503 UNKNOWN_ERROR is retried little, for it also means a wrong call."""
    kind = response.headers.get("content-type", "")
    if response.status_code == HTTPStatus.OK:
        if "json" in kind:
            whole = response.content.rstrip()[-1:] in (b"}", b"]")
            return default_judge(response) if whole else Again("the JSON body ends in the middle")
        return Stop(_stop(f"HTTP 200 with {kind or 'no content type'} instead of JSON", "check QTICKETS_BASE_URL"))
    code = _error_code(response)
    if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Stop(_stop(f"HTTP {response.status_code}: the token was refused", "renew QTICKETS_TOKEN in the cabinet"))
    if response.status_code == HTTPStatus.NOT_FOUND:
        what = f"not found ({code})" if code else "no such path: the answer is a web page, not the API"
        next_step = "check QTICKETS_BASE_URL and that the object is this organiser's"
        return Stop(_stop(f"HTTP 404: {what}", next_step, NotFound if code else Fatal))
    if code == "UNKNOWN_ERROR":
        # Also the answer to a wrong verb or body: only the step's few retries, not the client's.
        next_step = "if it stays, compare the request with the contract"
        return Stop(Retriable("HTTP 503 UNKNOWN_ERROR", source=SOURCE, next_step=next_step))
    return default_judge(response)


def _error_code(response: Response) -> str:
    body = anything_in(response.content)
    return str(body.get("code") or "") if isinstance(body, dict) else ""


def _stop(what: str, next_step: str, kind: type[Fatal] = Fatal) -> Failure:
    return kind(what, source=SOURCE, expected="a JSON answer of the REST API", next_step=next_step)


def _reads_only(call: Call) -> bool:
    """The token may refund and close sales; what is asked here changes nothing."""
    return call.method == "GET" and READ_ONLY.fullmatch(call.path) is not None
