"""Shapes of Direct's objects: strict where money depends on it, tolerant where the vendor is known to vary."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources.yandex_direct import records
from zakaz_dagster.sources.yandex_direct.request import ReportRequest


def body(**result):
    return json.dumps({"result": result}).encode()


def ad(**parts):
    return {"Id": 1, "CampaignId": 2, "AdGroupId": 3, **parts}


@pytest.mark.parametrize(
    ("parts", "href"),
    [
        ({"TextAd": {"Href": "https://a.ru"}}, "https://a.ru"),
        ({"ResponsiveAd": {"Href": "https://b.ru", "Titles": ["T1", "T2"]}}, "https://b.ru"),
        ({"MobileAppAd": {"TrackingUrl": "https://c.ru"}}, "https://c.ru"),
        ({"TypeOfNextYearAd": {"Href": "https://d.ru"}}, "https://d.ru"),
        ({"TextAd": None, "TextAdBuilderAd": {"Href": "https://e.ru"}}, "https://e.ru"),
        ({"ShoppingAd": {"FeedId": 5}}, ""),
        ({"TextAd": {"Href": None}}, ""),
        ({}, ""),
    ],
)
def test_the_link_is_found_in_whichever_part_has_it(parts, href):
    [found], more, odd = records.ads(body(Ads=[ad(**parts)]))
    assert (found.href, more, odd) == (href, None, [])


def test_titles_and_sitelinks_come_along():
    [found], *_ = records.ads(body(Ads=[ad(ResponsiveAd={"Href": "x", "Titles": ["T1"], "SitelinkSetId": 9})]))
    assert (found.title, found.sitelink_set_id) == ("T1", 9)


@pytest.mark.parametrize("title", [None, 5, {"Ru": "T"}, [["T"]], [None, {"x": 1}]])
def test_a_title_is_only_shown_so_no_shape_of_it_makes_an_ad_odd(title):
    for part in ({"Title": title}, {"Titles": title}):
        [found], _, rejects = records.ads(body(Ads=[ad(AdOfNextYearAd={"Href": "x", **part})]))
        assert (found.title, found.href, rejects) == ("", "x", [])


def test_no_ads_is_an_empty_object_but_no_campaigns_is_an_empty_list():
    assert records.ads(body()) == ([], None, [])
    assert records.campaigns(body(Campaigns=[])) == ([], None, [])
    for read in (records.campaigns, records.ad_groups, records.sitelinks):
        with pytest.raises(ShapeChanged, match="is missing"):
            read(body())
    with pytest.raises(ShapeChanged, match=r"result\.Ads is missing"):
        records.ads(body(Items=[]))


@pytest.mark.parametrize("read", [records.campaigns, records.ad_groups, records.ads, records.sitelinks])
def test_none_of_the_ids_asked_for_may_be_an_empty_object(read):
    assert read(body(), by_ids=True) == ([], None, [])
    with pytest.raises(ShapeChanged, match="is missing"):
        read(body(Items=[]), by_ids=True)


@pytest.mark.parametrize("part", ["TextCampaign", "UnifiedCampaign", "SmartCampaign", "CampaignOfNextYear"])
def test_tracking_is_found_in_the_part_of_the_type(part):
    [found], *_ = records.campaigns(body(Campaigns=[{"Id": 1, "Name": "N", part: {"TrackingParams": "utm_source=x"}}]))
    assert found.tracking == "utm_source=x"
    [none], *_ = records.campaigns(body(Campaigns=[{"Id": 1, part: {"TrackingParams": None}}]))
    assert none.tracking == ""


def test_pages():
    assert records.campaigns(body(Campaigns=[{"Id": 1}], LimitedBy=1))[1] == 1


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (body(Ads=[{"Id": "one", "CampaignId": 2, "AdGroupId": 3}]), r"result\.Ads\[0\]\.Id"),
        (body(Ads=[{"Id": n, "CampaignId": 2, "AdGroupId": 3, "State": n} for n in range(20)]), r"Ads\[0\]\.State"),
        (body(Ads=[{"Id": 1, "AdGroupId": 3}]), r"CampaignId"),
        (body(Ads={}), r"result\.Ads"),
        (body(Ads=[5]), r"result\.Ads\[0\]"),
        (body(Ads=[], LimitedBy="x"), r"result\.LimitedBy"),
        (b'{"data": []}', "result is missing"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"result": ' + b"[" * 100_000, "not JSON"),
        (b'{"result": {"Ads": [{"Id": "\xff"}]}}', r"result\.Ads\[0\]\.Id: Expected `int`"),
        (b"<html>", "not JSON"),
    ],
)
def test_another_shape_fails_naming_the_path(raw, path):
    with pytest.raises(ShapeChanged, match=path):
        records.ads(raw)


def test_changes():
    found = records.changes(
        body(
            Modified={"CampaignsStat": [{"CampaignId": 101, "BorderDate": "2026-11-18"}]},
            Timestamp="2026-11-23T06:00:00Z",
        )
    )
    assert found.borders == {101: date(2026, 11, 18)}
    assert found.timestamp == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert records.changes(body(Modified={}, Timestamp="2026-11-23T06:00:00Z")).borders == {}
    assert records.changes(body(Timestamp="2026-11-23T06:00:00Z")).borders == {}
    with pytest.raises(ShapeChanged, match="timestamp|Timestamp"):
        records.changes(body(Modified={}))


def test_a_report_name_is_the_same_for_the_same_request_only():
    request = ReportRequest(date(2026, 11, 16), date(2026, 11, 22), edition="1")
    assert request.name == ReportRequest(date(2026, 11, 16), date(2026, 11, 22), edition="1").name
    others = [
        ReportRequest(date(2026, 11, 16), date(2026, 11, 21), edition="1"),
        ReportRequest(date(2026, 11, 16), date(2026, 11, 22), edition="2"),
        ReportRequest(date(2026, 11, 16), date(2026, 11, 22), edition="1", micros=True),
        ReportRequest(date(2026, 11, 16), date(2026, 11, 22), edition="1", fields=("Date", "Cost")),
        request.again(),
    ]
    assert len({request.name, *(other.name for other in others)}) == 6
    assert len(request.name) < 100


def test_halves_cover_every_day_once():
    request = ReportRequest(date(2026, 11, 16), date(2026, 11, 22), edition="1")
    first, second = request.halves
    assert (first.first, second.last) == (request.first, request.last)
    assert (second.first - first.last).days == 1
