"""Recorded and documented bodies of VK, served over a socket to the real client, reach the outcomes of their README."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from zakaz_dagster.errors import Fatal, Retriable, ShapeChanged
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.vk_ads.catalogue import Catalogue, read_catalogue
from zakaz_dagster.sources.vk_ads.description import PLANS
from zakaz_dagster.sources.vk_ads.dimensions import dimension_rows
from zakaz_dagster.sources.vk_ads.probes import _limits
from zakaz_dagster.sources.vk_ads.records import AdGroup, AdPlan, Banner
from zakaz_dagster.sources.vk_ads.statistics import Asked, figures_of
from zakaz_dagster.timezone import days_between
from zakaz_dagster_tests.contract.vk_ads.account import api_on
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

DAY = date(2025, 11, 8)
PAIR = {"access_token": "replayed-access", "expires_in": 86400, "refresh_token": "replayed-refresh"}
PRINTED_TOKENS = ("token_client_credentials_string_expires", "token_quick_start_int_expires")


@pytest.fixture
def body(recorded):
    def load(name):
        return (recorded("vk_ads") / name).read_bytes()

    return load


@contextmanager
def replaying(tmp_path, replies, token=PAIR, **config):
    """An API on a server that grants `token` and answers a GET by its path's end; of a list, from the offset on."""

    def answer(seen):
        if seen.method == "POST":
            return Reply(body=token, headers={"content-type": "application/json"})
        found = next(reply for end, reply in replies.items() if seen.path.endswith(end))
        if offset := int(seen.query.get("offset", 0)):
            page = found if isinstance(found, dict) else json.loads(found)
            found = {**page, "items": page["items"][offset:]}
        return found if isinstance(found, Reply) else Reply(body=found)

    with ScriptedServer(answer) as server:
        yield api_on(server.url, tmp_path, **{"deadline": 1.0, **config}), server


def statistics(tmp_path, raw, ids, first, last):
    with replaying(tmp_path, {"day.json": raw}) as (api, _):
        answer = api.statistics("ad_groups", ids, first, last)
        found = figures_of(answer.content, Asked(ids, days_between(first, last)), answer.request_id)
        return found.table, found.missing


def one_day(base):
    """A daily answer of version 2 around recorded `base` metrics."""
    return {"items": [{"id": 1, "rows": [{"date": str(DAY), "base": base}], "total": {"base": base}}]}


def test_campaigns_are_ad_groups_and_what_was_not_asked_is_unknown(body, tmp_path):
    campaigns = json.loads(body("recorded/A1_campaigns_list_reduced.json"))
    groups = json.loads(body("recorded/A2_ad_groups_list_reduced.json"))
    banners = json.loads(body("recorded/A3_banners_list_reduced.json"))
    assert campaigns["total_count"] == groups["total_count"] == 55
    pages = {
        "ad_groups.json": {"items": groups["sample_ad_groups"]},
        "banners.json": {"items": banners["sample_banners"]},
        "ad_plans.json": {"items": []},
    }
    with replaying(tmp_path, pages) as (api, _):
        listed = api.listing("ad_groups", AdGroup)[0]
        ads = api.listing("banners", Banner)[0]
        with pytest.raises(ShapeChanged, match="ad_plan_id"):
            read_catalogue(api)  # asked for, so its absence is not "unset"
    assert [group.id for group in listed] == [each["id"] for each in campaigns["sample_campaigns"]]
    assert {group.status for group in listed} == {None}
    assert len({group.name for group in listed}) < len(listed), "duplicate names are legal"
    assert {ad.ad_group_id for ad in ads} <= {group.id for group in listed}


@pytest.mark.parametrize(
    ("name", "path", "spent", "goals"),
    [
        ("A4_v2_ad_groups_summary_base_total", (), "1662.33", 3),
        ("A6_v2_banners_summary_base_total", (), "315.89", 0),
        ("A10_v2_ad_groups_summary_all_total", ("base",), "1611.33", 3),
        ("A12_v2_account_totals_base", ("ten_groups_of_one_plan",), "62416.68", 263),
        ("A12_v2_account_totals_base", ("all_55_groups",), "490885.43", 2139),
    ],
)
def test_base_metrics_keep_money_exact_and_take_vks_goals(name, path, spent, goals, body, tmp_path):  # noqa: PLR0917
    base = json.loads(body(f"recorded/{name}.json"))
    for key in path:
        base = base[key]
    table, missing = statistics(tmp_path, one_day(base), [1], DAY, DAY)
    [row] = table.to_pylist()
    assert not missing
    assert (row["spent_rub"], row["conversions"], base["goals"]) == (Decimal(spent), goals, 0)
    for ratio, parts in {
        "cpm": (row["spent_rub"] * 1000, row["impressions"]),
        "cpc": (row["spent_rub"], row["clicks"]),
    }.items():
        assert (parts[0] / parts[1]).quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(base[ratio])
    if goals:
        assert (row["spent_rub"] / goals).quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(base["vk"]["cpa"])


def test_days_without_delivery_are_zeros_not_absence(body, tmp_path):
    dump = json.loads(body("recorded/A5_v2_ad_groups_day_base_reduced.json"))
    item = {"id": 107921416, "rows": dump["daily_breakdown_sample"], "total": {"base": dump["total_for_period"]}}
    table, _ = statistics(tmp_path, {"items": [item]}, [107921416], DAY, date(2025, 11, 10))
    assert table.num_rows == 3
    assert set(table["spent_rub"].to_pylist()) == {Decimal("0.00")}


def test_metrics_nobody_documented_do_not_disturb(body, tmp_path):
    every = json.loads(body("recorded/A10_v2_ad_groups_summary_all_total.json"))
    assert "moat" in every
    row = {"date": str(DAY), **every}
    table, _ = statistics(tmp_path, {"items": [{"id": 1, "rows": [row], "total": every}]}, [1], DAY, DAY)
    assert table["spent_rub"].to_pylist() == [Decimal("1611.33")]


@pytest.mark.parametrize(
    "name",
    [
        "recorded/A7_v2_ad_groups_summary_events.json",
        "recorded/A8_v2_ad_groups_summary_uniques.json",
        "recorded/A9_v2_ad_groups_summary_video.json",
        "recorded/A11_v3_faststat_ad_plans_reduced.json",
        "docs_examples/v3_ad_groups_day_all.json",
        "docs_examples/v3_faststat_ad_plans.json",
        "docs_examples/v2_goals_banners_day.json",
        "docs_examples/v2_inapp_ad_groups_day.json",
        "docs_examples/v2_offline_conversions_day.json",
    ],
)
def test_answers_without_daily_base_metrics_never_become_facts(name, body, tmp_path):
    with pytest.raises(ShapeChanged, match=r"Object missing required field"):
        statistics(tmp_path, body(name), [107921416, 107921417], DAY, DAY)


def test_the_documented_zero_day_is_one_row(body, tmp_path):
    day = date(2023, 12, 1)
    table, missing = statistics(tmp_path, body("docs_examples/v2_ad_groups_day_all_zero.json"), [857683], day, day)
    assert not missing
    assert [(row["id"], row["date"], row["spent_rub"]) for row in table.to_pylist()] == [(857683, day, Decimal("0.00"))]


def test_the_sample_as_printed_is_not_json(body, tmp_path):
    with pytest.raises(Retriable, match="is not JSON"):  # the client asks again, to its deadline
        statistics(tmp_path, body("docs_examples/v3_ad_groups_day_all.as_printed.txt"), [8372481], DAY, DAY)


@pytest.mark.parametrize(
    ("name", "status"),
    [("B1_ad_plan_single_no_fields", "unknown"), ("B2_ad_plans_list_fields_id_status", "blocked")],
)
def test_an_ad_plan_without_a_status_is_unknown_never_deleted(name, status, body, tmp_path):
    raw = json.loads(body(f"recorded/{name}.json"))
    with replaying(tmp_path, {"ad_plans.json": raw if "items" in raw else {"items": [raw]}}) as (api, _):
        plans = {plan.id: plan for plan in api.listing("ad_plans", AdPlan)[0]}
    rows = dimension_rows(Catalogue(plans, {}, {}), city_index(), "main")[PLANS].to_pylist()
    assert [(row["ad_plan_id"], row["status"]) for row in rows] == [(26148092, status)]


def test_groups_are_listed_by_themselves_whatever_plans_say_of_campaigns(body, tmp_path):
    pages = {
        "ad_plans.json": body("recorded/B3_ad_plans_list_campaigns_field_empty.json"),
        "ad_groups.json": body("recorded/B4_ad_groups_list_by_ad_plan.json"),
    }
    with replaying(tmp_path, pages) as (api, server):
        assert [plan.id for plan in api.listing("ad_plans", AdPlan)[0]] == [26148092]
        assert [group.id for group in api.listing("ad_groups", AdGroup)[0]] == [147221594]
    asked = [seen for seen in server.seen if seen.path.endswith("ad_groups.json")]
    assert [seen.query["offset"] for seen in asked] == ["0", "1"], "without a count the next page is asked for"
    assert asked[0].query["_status__in"] == "active,blocked,deleted"


@pytest.mark.parametrize(
    ("name", "resource", "kind", "ids"),
    [
        ("ad_plans_list_default_fields", "ad_plans", AdPlan, [6617841, 6711647, 6711665]),
        ("ad_groups_list_default_fields", "ad_groups", AdGroup, [6617841, 6711647, 6711665]),
        ("banners_list_default_fields", "banners", Banner, [23826937, 23826938, 24582643]),
    ],
)
def test_documented_lists(name, resource, kind, ids, body, tmp_path):  # noqa: PLR0917
    with replaying(tmp_path, {f"{resource}.json": body(f"docs_examples/{name}.json")}) as (api, server):
        items = api.listing(resource, kind)[0]
    assert [item.id for item in items] == ids
    assert {item.status for item in items} == {None}
    assert sum(seen.method == "GET" for seen in server.seen) == 1


def test_a_list_of_clients_is_no_list_of_advertising_and_leaks_nobody(body, tmp_path):
    raw = body("docs_examples/agency_clients_list.json")
    client = json.loads(raw)["items"][0]["user"]
    with replaying(tmp_path, {"ad_plans.json": raw}) as (api, _), pytest.raises(ShapeChanged, match=r"\$\.items") as no:
        api.listing("ad_plans", AdPlan)[0]
    assert not [text for text in map(str, client["additional_info"].values()) if text and text in str(no.value)]


@pytest.mark.parametrize("name", PRINTED_TOKENS)
def test_both_printed_forms_of_a_token_are_kept(name, body, tmp_path):
    pair = json.loads(body(f"docs_examples/{name}.json"))
    with replaying(tmp_path, {"user.json": {"id": 1}}, token=pair) as (api, server):
        assert api.get("/api/v3/user.json", {}).is_success
    kept = json.loads((tmp_path / "vk.json").read_bytes())
    assert kept["access_token"] == pair["access_token"]
    assert round(kept["expires_at"] - kept["obtained_at"]) == 86400
    assert server.seen[-1].headers["authorization"] == f"Bearer {pair['access_token']}"


@pytest.mark.parametrize("number", range(5))
def test_each_documented_401_is_one_renewal_at_most_and_then_a_failure_in_vks_words(number, body, tmp_path):
    said = json.loads(body("docs_examples/auth_errors_401.json"))[number]
    refusing = replaying(tmp_path, {"user.json": Reply(401, said)})
    with refusing as (api, server), pytest.raises(Fatal, match=said["message"]) as caught:
        api.get("/api/v3/user.json", {})
    assert said["code"] in str(caught.value)
    assert "VK_ADS_CLIENT_ID" in str(caught.value)
    final = said["code"] in {"invalid_client", "invalid_user"}
    assert sum(seen.method == "GET" for seen in server.seen) == (1 if final else 2)


@pytest.mark.parametrize(
    ("name", "words"), [("error_envelope", "message_text"), ("validation_failed_400", "audit_pixels")]
)
def test_error_bodies_are_quoted(name, words, body, tmp_path):
    reply = Reply(400, body(f"docs_examples/{name}.json"), headers={"x-request-id": "req-7"})
    with replaying(tmp_path, {"day.json": reply, "ad_plans.json": reply}) as (api, _):
        with pytest.raises(Fatal, match=words) as caught:
            api.statistics("ad_groups", [1], DAY, DAY)
        assert "req-7" in str(caught.value)
        with pytest.raises(Fatal, match=words):
            api.listing("ad_plans", AdPlan)[0]


def test_links_of_one_and_of_many(body, tmp_path):
    pages = {
        "13123170.json": body("docs_examples/urls_one.json"),
        "13123170,13123171.json": body("docs_examples/urls_many.json"),
        "5.json": Reply(404, {"error": {"code": "not_found", "message": "Object not found"}}),
    }
    with replaying(tmp_path, pages) as (api, _):
        assert api.links([13123170]) == {13123170: "http://example.com/2"}
        assert api.links([13123170, 13123171]) == {13123170: "http://example.com/2", 13123171: "http://example.com/3"}
        assert api.links([5]) == {}


def test_throttling_is_read_by_the_doctor(body, tmp_path):
    with replaying(tmp_path, {"throttling.json": body("docs_examples/throttling.json")}) as (api, _):
        assert "REMARKETINGUSERSLIST v2: 1 per 60 s" in _limits(api)
