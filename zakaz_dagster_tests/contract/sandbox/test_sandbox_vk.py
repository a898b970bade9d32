"""The sandbox's VK behaves as its contract says, so that what passes against it means something."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest

LAST = date(2026, 11, 21)
CLIENT = {"client_id": "sandbox-vk-client", "client_secret": "sandbox-vk-secret"}
GROUP_FIELDS = "id,status,ad_plan_id,enable_utm,utm"


class Vk:
    def __init__(self, url):
        self.url = f"{url}/vk"
        self.token = self.grant().json()

    def grant(self, **form):
        body = {**CLIENT, "grant_type": "client_credentials", **form}
        return httpx.post(f"{self.url}/api/v2/oauth2/token.json", data=body)

    def get(self, path, token=None, **params):
        headers = {"Authorization": f"Bearer {token or self.token['access_token']}"}
        return httpx.get(f"{self.url}/api/{path}", params=params, headers=headers, timeout=60)

    def groups(self, **params):
        return self.get("v2/ad_groups.json", fields=GROUP_FIELDS, **params).json()

    def ids(self, count=200):
        return [item["id"] for item in self.groups(limit=250)["items"]][:count]

    def day(self, ids, first=LAST, last=LAST, level="ad_groups", version="v2"):
        joined = ",".join(map(str, ids))
        return self.get(
            f"{version}/statistics/{level}/day.json", id=joined, date_from=str(first), date_to=str(last), metrics="base"
        )


@pytest.fixture
def vk(sandbox):
    return Vk(sandbox.url)


def test_lists_are_trimmed_to_default_fields_and_twenty_objects(vk):
    plain = vk.get("v2/ad_groups.json").json()
    assert plain["count"] > len(plain["items"]) == 20
    assert set(plain["items"][0]) == {"id", "name", "package_id", "last_updated"}
    assert set(vk.get("v2/banners.json").json()["items"][0]) == {"id", "ad_group_id"}
    plan = vk.get("v2/ad_plans.json").json()["items"][0]
    assert set(plan) == {"id", "name"}
    assert "status" not in vk.get(f"v2/ad_plans/{plan['id']}.json").json()


@pytest.mark.parametrize("field", ["nonsense", "banners"])
def test_unknown_and_unsupported_fields_are_refused(field, vk):
    answer = vk.get("v2/ad_groups.json", fields=f"id,{field}")
    assert answer.status_code == 400
    assert field in answer.json()["error"]["message"]


def test_only_parameters_with_an_underscore_filter(vk):
    every, deleted = vk.groups(limit=250), vk.groups(limit=250, _status__in="deleted")
    assert vk.groups(limit=250, status="deleted")["count"] == every["count"]
    assert 0 < deleted["count"] < every["count"]
    assert {item["status"] for item in deleted["items"]} == {"deleted"}
    two = [item["id"] for item in every["items"][:2]]
    assert [item["id"] for item in vk.groups(_id__in=",".join(map(str, two)))["items"]] == two
    banners = vk.get("v2/banners.json", _ad_group_id__in=str(two[0]), limit=250).json()
    assert banners["items"]
    assert {item["ad_group_id"] for item in banners["items"]} == {two[0]}


def test_pages_are_clamped_or_refused_above_the_cap(vk, sandbox):
    assert len(vk.groups(limit=1000)["items"]) <= 250
    sandbox.fault("vk", page_cap=50)
    assert len(vk.groups(limit=250)["items"]) == 50
    sandbox.fault("vk", over_cap="400")
    assert vk.groups(limit=250)["error"]["fields"]["limit"]["code"] == "max_value"


def test_sorting_turns_the_list(vk):
    up, down = vk.groups(sorting="id", limit=250)["items"], vk.groups(sorting="-id", limit=250)["items"]
    assert [item["id"] for item in up] == [item["id"] for item in down][::-1]


def test_statistics_have_every_day_of_every_id_with_trimmed_money(vk):
    ids = vk.ids()
    body = vk.day(ids, LAST - timedelta(days=29), LAST).json()
    assert [item["id"] for item in body["items"]] == ids
    rows = [row for item in body["items"] for row in item["rows"]]
    assert len(rows) == 30 * len(ids)
    spent = {row["base"]["spent"] for row in rows}
    assert "0" in spent
    assert not [text for text in spent if "." in text and text.endswith("0")]
    for item in body["items"]:
        assert sum(Decimal(row["base"]["spent"]) for row in item["rows"]) == Decimal(item["total"]["base"]["spent"])
    assert all(row["base"]["goals"] == 0 for row in rows)
    assert sum(row["base"]["vk"]["goals"] for row in rows) > 0


def test_limits_of_a_statistics_request(vk, sandbox):
    ids = vk.ids()
    assert vk.day([*ids, *ids][:200]).status_code == 200
    assert vk.day([*ids, *ids][:201]).json()["error"]["code"] == "ERR_LIMIT_EXCEEDED"
    assert vk.day(ids[:1], LAST - timedelta(days=364), LAST).status_code == 200
    assert vk.day(ids[:1], LAST - timedelta(days=365), LAST).json()["error"]["code"] == "ERR_LIMIT_EXCEEDED"
    assert vk.day([]).json()["error"]["code"] == "ERR_WRONG_PARAMETER"
    assert vk.day(ids[:1], LAST, LAST - timedelta(days=1)).json()["error"]["code"] == "ERR_WRONG_DATE"
    assert vk.day([*ids[:5], 1]).json()["error"]["code"] == "ERR_WRONG_ADGROUPS"
    sandbox.fault("vk", bare_errors=True)
    assert vk.day([1], level="banners").json()["error"]["code"] == "WRONG_BANNERS"


def test_version_3_has_totals_only(vk):
    ids = vk.ids(3)
    daily, totals = vk.day(ids).json(), vk.day(ids, version="v3").json()
    assert [item["total"]["base"]["spent"] for item in totals["items"]] == [
        item["rows"][0]["base"]["spent"] for item in daily["items"]
    ]
    assert not [item for item in totals["items"] if "rows" in item]


def test_a_token_lives_a_day_refreshes_in_place_and_has_five_slots(vk, sandbox):
    old = vk.token
    new = vk.grant(grant_type="refresh_token", refresh_token=old["refresh_token"]).json()
    assert new["refresh_token"] == old["refresh_token"]
    assert new["tokens_left"] == old["tokens_left"] == 4
    assert vk.get("v3/user.json", token=old["access_token"]).status_code == 401
    assert vk.get("v3/user.json", token=new["access_token"]).status_code == 200
    assert [vk.grant().status_code for _ in range(5)] == [200, 200, 200, 200, 403]
    sandbox.clock("2026-11-23T12:00:01+03:00")
    expired = vk.get("v3/user.json", token=new["access_token"])
    assert expired.json()["code"] == "expired_token"
    assert 'error="expired_token"' in expired.headers["www-authenticate"]


def test_deleting_tokens_wipes_all_of_them_and_is_recorded(vk, sandbox):
    second = vk.grant().json()
    assert httpx.post(f"{vk.url}/api/v2/oauth2/token/delete.json", data=CLIENT).status_code == 204
    for token in (vk.token, second):
        assert vk.get("v3/user.json", token=token["access_token"]).json()["code"] == "invalid_token"
    assert [write["path"] for write in sandbox.writes()] == ["/vk/api/v2/oauth2/token/delete.json"]


def test_limits_are_told_in_headers_and_in_throttling(vk, sandbox):
    sandbox.fault("vk", limits={"1": 50, "3600": 9})
    first, second = vk.get("v3/user.json"), vk.get("v3/user.json")
    hours = [int(answer.headers["x-ratelimit-hourly-remaining"]) for answer in (first, second)]
    assert hours[0] - hours[1] == 1
    assert "x-ratelimit-daily-remaining" not in first.headers
    read = vk.get("v2/throttling.json").json()["STATISTICS"]["v2"]["READ"]
    assert read["limits"] == {"1": 50, "3600": 9}
    answers = [vk.get("v3/user.json") for _ in range(10)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["remaining"]["3600"] == 0
    assert "error" not in answers[-1].json()
    sandbox.fault("vk", zero_limits=True)
    assert set(vk.get("v3/user.json").json()["limits"].values()) == {0}


def test_links_by_id_unknown_ones_are_absent(vk):
    banners = vk.get("v2/banners.json", fields="id,urls", limit=3).json()["items"]
    ids = [banner["urls"]["primary"]["id"] for banner in banners[:2]]
    both = vk.get(f"v2/urls/{ids[0]},{ids[1]},5.json").json()["items"]
    assert [link["id"] for link in both] == ids
    assert both[0]["url"] == banners[0]["urls"]["primary"]["url"]
    assert vk.get(f"v2/urls/{ids[0]}.json").json()["id"] == ids[0]
    assert vk.get("v2/urls/5.json").status_code == 404


def test_writes_are_refused_and_recorded(vk, sandbox):
    headers = {"Authorization": f"Bearer {vk.token['access_token']}"}
    answer = httpx.post(f"{vk.url}/api/v2/ad_plans.json", json={"name": "x"}, headers=headers)
    assert answer.status_code == 405
    assert answer.json()["error"]["supported_methods"] == ["GET"]
    assert sandbox.writes() == [{"vendor": "vk", "method": "POST", "path": "/vk/api/v2/ad_plans.json"}]


def test_the_world_has_every_kind_of_group_the_contract_warns_of(vk):
    groups = vk.groups(limit=250)["items"]
    banners = vk.get("v2/banners.json", fields="id,ad_group_id,urls", limit=250).json()["items"]
    assert [group for group in groups if group["enable_utm"] and not group["utm"]], "VK's default parameters"
    assert [group for group in groups if group["enable_utm"] and group["utm"]], "parameters of the group"
    assert [group for group in groups if not group["enable_utm"]], "tags of the link"
    links = [banner["urls"]["primary"]["url"] for banner in banners]
    assert [link for link in links if link.startswith("https://vk.com/")], "a link inside VK"
    by_group = {}
    for banner in banners:
        by_group.setdefault(banner["ad_group_id"], set()).add(banner["urls"]["primary"]["url"])
    assert [links for links in by_group.values() if len(links) > 1], "mixed tags in a group"
    assert {"active", "blocked", "deleted"} == {group["status"] for group in groups}
