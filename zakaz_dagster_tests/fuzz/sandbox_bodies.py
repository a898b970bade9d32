"""What the sandbox's vendors answer about an untidy organiser: every body that a source reads, without a socket."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
from starlette.applications import Starlette

from zakaz_dagster.dev.sandbox.process import Options, prepare
from zakaz_dagster.dev.sandbox.server import build
from zakaz_dagster.dev.sandbox.world.ads import Scale
from zakaz_dagster.dev.sandbox.world.dirt import KINDS as DIRT

NOW = "2026-11-22T12:00:00+03:00"
CLIENT = {"client_id": "sandbox-vk-client", "client_secret": "sandbox-vk-secret", "grant_type": "client_credentials"}
MAIL_CLIENT = {
    "grant_type": "refresh_token", "client_id": "sandbox-gmail-client", "client_secret": "sandbox-gmail-secret",
    "refresh_token": "sandbox-gmail-refresh", "scope": "https://www.googleapis.com/auth/gmail.readonly",
}  # fmt: skip


@cache
def answers() -> tuple[tuple[str, bytes], ...]:
    """Reader and body."""
    world, state = prepare(Options(now=NOW, days=20, scale=Scale(orders_per_day=12, groups=3), dirt=frozenset(DIRT)))
    client = _Client(build(world, state))
    return tuple(each for vendor in (_qtickets, _vk, _direct, _gmail) for each in vendor(client))


class _Client:
    """Asks the sandbox's app without a socket."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def __call__(self, method: str, path: str, **request: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, request))

    async def _ask(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **request)


def _qtickets(ask: _Client) -> Iterator[tuple[str, bytes]]:
    def get(path: str, **body: Any) -> bytes:
        url, headers = f"/qtickets/api/rest/v1{path}", {"Authorization": "Bearer sandbox-token"}
        return ask("GET", url, json=body, headers=headers).content

    yield "qtickets-events", get("/events", perPage=2)
    orders = get("/orders", perPage=4, orderBy={"id": "desc"})
    yield "qtickets-orders", orders
    show = next(order["baskets"][0]["show_id"] for order in json.loads(orders)["data"] if order["payed"])
    seats = json.loads(get(f"/shows/{show}/seats", flat=True))["data"]
    yield "qtickets-seats", json.dumps({"data": _few(seats)}).encode()
    yield "qtickets-barcodes", json.dumps(json.loads(get(f"/shows/{show}/barcodes"))[:4]).encode()


def _few(seats: Any) -> Any:
    return dict(list(seats.items())[:4]) if isinstance(seats, dict) else seats[:4]


def _vk(ask: _Client) -> Iterator[tuple[str, bytes]]:
    granted = ask("POST", "/vk/api/v2/oauth2/token.json", data=CLIENT)
    yield "vk-token", granted.content
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}

    def get(path: str, **params: Any) -> bytes:
        return ask("GET", f"/vk/api/v2/{path}.json", params=params, headers=headers).content

    yield "vk-plans", get("ad_plans", limit=3, fields="id,name,status,objective,created,updated,date_start,date_end")
    groups = get("ad_groups", limit=3, fields="id,name,status,ad_plan_id,enable_utm,utm,created,updated")
    yield "vk-groups", groups
    yield "vk-banners", get("banners", limit=3, fields="id,ad_group_id,name,status,urls,created,updated")
    ids = ",".join(str(each["id"]) for each in json.loads(groups)["items"])
    span = {"date_from": "2026-11-20", "date_to": "2026-11-21"}
    yield "vk-statistics", get("statistics/ad_groups/day", id=ids, metrics="base", **span)
    yield "vk-refusals", get("ad_groups", fields="id,nonsense")


DIRECT_FIELDS = [
    "Date",
    "CampaignId",
    "CampaignName",
    "AdGroupId",
    "AdGroupName",
    "AdId",
    "Impressions",
    "Clicks",
    "Cost",
    "Conversions",
]


def _direct(ask: _Client) -> Iterator[tuple[str, bytes]]:
    headers = {"Authorization": "Bearer sandbox-token", "Client-Login": "zakaz-gastroli"}

    def get(service: str, names: list[str], **params: Any) -> bytes:
        body = {"method": "get", "params": {"FieldNames": names, "Page": {"Limit": 3}, **params}}
        return ask("POST", f"/direct/json/v5/{service}", json=body, headers=headers).content

    campaigns = get("campaigns", ["Id", "Name", "Type", "State", "Currency"], SelectionCriteria={})
    yield "direct-campaigns", campaigns
    of = {"CampaignIds": [each["Id"] for each in json.loads(campaigns)["result"]["Campaigns"]]}
    yield "direct-groups", get("adgroups", ["Id", "CampaignId", "Name", "Type", "TrackingParams"], SelectionCriteria=of)
    links = {"TextAdFieldNames": ["Title", "Href", "SitelinkSetId"]}
    ads = get("ads", ["Id", "CampaignId", "AdGroupId", "State", "Type"], SelectionCriteria=of, **links)
    yield "direct-ads", ads
    yield "direct-refusals", get("nonsense", [])
    criteria = {"DateFrom": "2026-11-20", "DateTo": "2026-11-21"}
    params = {"SelectionCriteria": criteria, "FieldNames": DIRECT_FIELDS, "ReportName": "r", "Format": "TSV",
              "ReportType": "AD_PERFORMANCE_REPORT", "DateRangeType": "CUSTOM_DATE", "IncludeVAT": "YES"}  # fmt: skip
    for _ in range(3):
        answer = ask("POST", "/direct/json/v5/reports", json={"params": params}, headers=headers)
    assert answer.status_code == 200, answer.text
    lines = answer.text.splitlines()[1:8]
    yield "direct-report", "\n".join([*lines, f"Total rows: {len(lines) - 1}", ""]).encode()


def _gmail(ask: _Client) -> Iterator[tuple[str, bytes]]:
    granted = ask("POST", "/gmail/token", data=MAIL_CLIENT)
    yield "gmail-token", granted.content
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}

    def get(path: str, **query: Any) -> bytes:
        return ask("GET", f"/gmail/gmail/v1/users/me{path}", params=query, headers=headers).content

    listed = get("/messages", maxResults=4)
    yield "gmail-list", listed
    for number, ref in enumerate(json.loads(listed)["messages"]):
        full = get(f"/messages/{ref['id']}", format="full")
        yield "gmail-message", full
        yield "gmail-answer", full
        raw = get(f"/messages/{ref['id']}", format="raw")
        if number == 0:
            yield "gmail-message", raw
        source = base64.urlsafe_b64decode(json.loads(raw)["raw"] + "==")
        if len(source) < 60_000:
            yield "gmail-message", source
    newest = int(json.loads(get("/profile"))["historyId"])
    yield "gmail-history", get("/history", startHistoryId=newest - 86_400, maxResults=50)
    yield "gmail-refusals", get("/messages/0000000000000000")
