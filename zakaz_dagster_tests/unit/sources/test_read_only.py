"""The vendors' tokens may refund tickets and spend money; no client sends anything but its own reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.sources.qtickets.api import ApiConfig as QTicketsConfig
from zakaz_dagster.sources.qtickets.api import QTicketsApi
from zakaz_dagster.sources.vk_ads.api import ApiConfig as VkConfig
from zakaz_dagster.sources.vk_ads.api import VkAdsApi
from zakaz_dagster.sources.yandex_direct.api import DirectApi, DirectConfig
from zakaz_dagster.transport.answer import Done
from zakaz_dagster.transport.client import HttpClient
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer


def qtickets(url: str, _folder: Path) -> HttpClient:
    return QTicketsApi(QTicketsConfig(base_url=url, token="a-token")).http


def vk_ads(url: str, folder: Path) -> HttpClient:
    return VkAdsApi(VkConfig(url, "id", "a-secret", folder / "vk.json")).http


def direct(url: str, _folder: Path) -> HttpClient:
    return DirectApi(DirectConfig(url, "a-token"))._http


def asked(method: str) -> dict[str, Any]:
    return {"method": method, "params": {"SelectionCriteria": {"Ids": [1]}}}


WRITES: list[tuple[Any, str, str, Any]] = [
    (qtickets, "POST", "/orders", {}),
    (qtickets, "GET", "/orders/1/restore", None),
    (qtickets, "GET", "/orders/1/refund", None),
    (qtickets, "GET", "/clients", None),
    (qtickets, "GET", "/shows/1/barcode/2", None),
    (qtickets, "PUT", "/events/1", {}),
    (qtickets, "PUT", "/orders/7", {}),
    (qtickets, "DELETE", "/events/1", None),
    (qtickets, "POST", "/shows/1/seats", {}),
    (qtickets, "GET", "/orders/7/../8/restore", None),
    (qtickets, "GET", "/orders\n/restore", None),
    (qtickets, "GET", "/orders\n", None),
    (qtickets, "GET", "/orders/٣", None),
    (qtickets, "GET", "/orders/../clients", None),
    (qtickets, "GET", "/orders?x=/refund", None),
    (vk_ads, "POST", "/api/v2/ad_plans.json", {}),
    (vk_ads, "DELETE", "/api/v2/ad_groups/7.json", None),
    (vk_ads, "POST", "/api/v2/banners/mass_action.json", {}),
    (vk_ads, "POST", "/api/v2/oauth2/token/delete.json", {}),
    (vk_ads, "GET", "/api/v2/agency/clients.json", None),
    (vk_ads, "GET", "/api/v1/urls/", None),
    (vk_ads, "GET", "/api/v2/ad_plans.json/../x", None),
    (vk_ads, "GET", "/api/v2/ad_plans.json\n", None),
    (vk_ads, "PATCH", "/api/v2/oauth2/token.json", {}),
    *((direct, "POST", f"/v501/{service}", asked(verb)) for service in ("campaigns", "adgroups", "ads", "sitelinks")
      for verb in ("add", "update", "delete", "suspend", "archive", "GET", "check")),
    (direct, "POST", "/v501/campaigns", {"params": {}}),
    (direct, "POST", "/v501/campaigns", [asked("get")]),
    (direct, "POST", "/v501/campaigns", None),
    (direct, "POST", "/v501/changes", asked("get")),
    (direct, "POST", "/v5/reports", asked("get")),
    (direct, "POST", "/v501/bids", asked("set")),
    (direct, "POST", "/v501/bids", asked("get")),
    (direct, "POST", "/v501/agencyclients", asked("get")),
    (direct, "GET", "/v501/campaigns", asked("get")),
    (direct, "POST", "/live/v4/json", {"method": "TransferMoney"}),
    (direct, "POST", "/v501/ads/../bids", asked("get")),
]  # fmt: skip


@pytest.mark.parametrize(("client", "method", "path", "body"), WRITES)
def test_everything_but_the_reads_is_refused_before_it_is_sent(tmp_path, client, method, path, body):
    with ScriptedServer(Reply(200, {})) as server, client(server.url, tmp_path) as http:
        with pytest.raises(Fatal, match="not on the list of allowed requests"):
            http.request(method, path, json=body)
        with pytest.raises(Fatal, match="not on the list of allowed requests"), http.stream(method, path, json=body):
            pass
        assert server.seen == []


READS: list[tuple[Any, str, str, Any]] = [
    *((qtickets, "GET", path, None) for path in ("/orders", "/orders/7", "/events", "/shows/1/seats", "/shows/1/barcodes")),
    *((vk_ads, "GET", f"/api/{path}.json", None) for path in ("v2/ad_plans", "v2/banners", "v2/urls/1,2", "v3/user")),
    *((direct, "POST", f"/v501/{service}", asked("get")) for service in ("campaigns", "adgroups", "ads", "sitelinks")),
    (direct, "POST", "/v501/changes", asked("check")),
    (direct, "POST", "/v5/reports", {"params": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("client", "method", "path", "body"), READS)
def test_what_the_loads_read_is_sent(tmp_path, client, method, path, body):
    with ScriptedServer(Reply(200, {})) as server, client(server.url, tmp_path) as http:
        http.request(method, path, json=body, judge=lambda _: Done())
        assert [seen.path for seen in server.seen] == [path]
