"""Recorded and published bodies of Direct, each through the real client over a socket, to the outcome it must have."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from zakaz_dagster.errors import BadData, Fatal, Retriable
from zakaz_dagster.sources.yandex_direct.api import DirectApi, DirectConfig
from zakaz_dagster.sources.yandex_direct.request import ReportRequest
from zakaz_dagster.sources.yandex_direct.rows import figures, summed, totals
from zakaz_dagster.sources.yandex_direct.tsv import read_report
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

LOGIN = "client"
DROPPED = {"transfer-encoding", "content-length", "connection"}


def api_on(server, **options):
    config = {"requests_per_second": 100, "deadline": 0.6, "limit_wait": 0.02, **options}
    return DirectApi(DirectConfig(base_url=f"{server.url}/json", token="token", **config))


@pytest.fixture
def recording(recorded):
    """`recording("ads_get_01")` is the reply, and the request it was given to."""

    def load(name):
        saved = json.loads((recorded("yandex_direct") / "recorded" / f"{name}.json").read_text(encoding="utf-8"))
        response = saved["response"]
        headers = {name: value for name, value in response["headers"].items() if name.lower() not in DROPPED}
        return Reply(response["status"], response["body"], headers), saved["request"]

    return load


@pytest.fixture
def published(recorded):
    return lambda name: (recorded("yandex_direct") / "reports" / name).read_bytes()


def table_of(reply, *, micros, summary):
    request = ReportRequest(date(2026, 9, 1), date(2026, 9, 30), edition="1", micros=micros, summary=summary)
    with ScriptedServer(reply) as server, api_on(server).report(LOGIN, request) as download:
        return read_report(download.file, micros=micros, summary=summary).table


def tsv(body):
    return Reply(200, body, {"Content-Type": "text/tab-separated-values; charset=utf-8", "RequestId": "9"})


def sums_of(table):
    rows = summed(figures(table, LOGIN))
    return rows.to_pylist(), {
        day: (each["impressions"], each["clicks"], each["cost_rub"], each["conversions"])
        for day, each in totals(rows).items()
    }


def test_an_empty_recorded_report_is_a_success_without_rows(recording):
    reply, request = recording("reports_report_01")
    assert request["headers"]["skipReportSummary"] == "true"
    table = table_of(reply, micros=False, summary=False)
    assert (table.num_rows, table.column_names) == (0, ["CampaignId", "Impressions", "Clicks", "Cost"])


def test_f01_micros(published):
    _, sums = sums_of(table_of(tsv(published("F01_micros_one_row.tsv")), micros=True, summary=False))
    assert sums == {date(2019, 9, 2): (0, 12578, Decimal("9210.75"), 0)}


def test_f02_decimals_and_unknown_conversions(published):
    rows, sums = sums_of(table_of(tsv(published("F02_decimals_dash_conversions.tsv")), micros=False, summary=False))
    assert [str(row["cost_rub"]) for row in rows] == ["5964.74", "5222.40", "4303.17"]
    assert [row["conversions"] for row in rows] == [8, None, 10]
    assert tuple(sum(day[n] for day in sums.values()) for n in range(3)) == (25815, 640, Decimal("15490.31"))


@pytest.mark.parametrize("name", ["F05a_title_unquoted_total.tsv", "F05b_title_quoted_total.tsv"])
def test_f05_titles(published, name):
    rows, sums = sums_of(table_of(tsv(published(name)), micros=True, summary=True))
    assert sums == {date(2026, 9, 10): (10, 2, Decimal("1.00"), 1)}
    assert rows[0]["campaign_name"] == "Test"


def test_f06_sums_and_never_replaces(published):
    rows, sums = sums_of(table_of(tsv(published("F06_wizard_dash_ids.tsv")), micros=True, summary=True))
    assert sums == {date(2026, 9, 10): (30, 6, Decimal("3.00"), 3)}
    groups = {
        row["ad_group_id"]: (row["impressions"], row["clicks"], str(row["cost_rub"]), row["conversions"])
        for row in rows
    }
    assert groups == {0: (20, 4, "2.00", 2), 123: (10, 2, "1.00", 1)}


def test_f09_zero_rows_said_so(published):
    assert table_of(tsv(published("F09_empty_with_total0.tsv")), micros=False, summary=True).num_rows == 0


def test_micros_taken_for_decimals_are_noticed(published):
    with pytest.raises(BadData, match="looks like micros"):
        table_of(tsv(published("F06_wizard_dash_ids.tsv")), micros=False, summary=True)


REPORT_ERRORS = {
    "E01_reports_error_string_code.json": (400, Fatal, r"Direct error 8000.*1264458033037596430", 1),
    "E02_reports_error_xml.xml": (
        400,
        Fatal,
        r"Direct error 53: Authorization error: Token not entered.*DIRECT_TOKEN",
        1,
    ),
    "E03_http500.html": (500, Retriable, "HTTP 500: Internal Server Error", None),
    "E04_53.json": (400, Fatal, r"Direct error 53: Ошибка авторизации", 1),
    "E04_513.json": (400, Fatal, r"Direct error 513.*DIRECT_LOGINS", 1),
    "E04_56.json": (400, Retriable, r"Direct error 56", None),
    "E04_506.json": (400, Retriable, r"Direct error 506", None),
    "E04_9000.json": (400, Retriable, r"Direct error 9000", None),
    "E04_152.json": (400, Retriable, r"Direct error 152.*asked to wait \d+ s", 1),
}


@pytest.mark.parametrize("name", REPORT_ERRORS)
def test_report_errors(published, name):
    status, kind, words, requests = REPORT_ERRORS[name]
    request = ReportRequest(date(2026, 9, 1), date(2026, 9, 30), edition="1")
    with ScriptedServer(Reply(status, published(name), {"RequestId": "4711"})) as server:
        with pytest.raises(kind, match=words), api_on(server).report(LOGIN, request):
            pass
        assert len(server.seen) == requests if requests else len(server.seen) > 1


def test_e05_a_refused_token_at_http_200(published):
    with ScriptedServer(Reply(200, published("E05_v5_200_invalid_token.json"))) as server:
        with pytest.raises(Fatal, match="Direct error 53.*DIRECT_TOKEN"):
            api_on(server).campaigns(LOGIN)
        assert len(server.seen) == 1


def test_p01_pages_are_followed_to_their_end(published):
    pages = [Reply(200, published("P01_limitedby_page1.json")), Reply(200, published("P01_limitedby_page2.json"))]
    with ScriptedServer(pages) as server:
        assert [item.id for item in api_on(server).campaigns(LOGIN).items] == [42, 43]
        assert [seen.json["params"]["Page"]["Offset"] for seen in server.seen] == [0, 1]


def test_p02_a_repeated_page_is_a_failure_without_duplicates(published):
    pages = [Reply(200, published("P01_limitedby_page1.json")), Reply(200, published("P02_repeated_page.json"))]
    with ScriptedServer(pages) as server:
        with pytest.raises(BadData, match="record 42 came on two pages"):
            api_on(server).campaigns(LOGIN)
        assert len(server.seen) == 2


CAMPAIGNS = {"campaigns_get_01": 1, "campaigns_get_02": 0, "campaigns_get_03": 1, "campaigns_get_04": 1}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_recorded_campaigns(recording, name):
    reply, _ = recording(name)
    found = json.loads(reply.body)["result"]["Campaigns"]
    with ScriptedServer(reply) as server:
        api = api_on(server)
        assert [item.id for item in api.campaigns(LOGIN).items] == [item["Id"] for item in found]
    assert len(found) == CAMPAIGNS[name]
    assert api.units[LOGIN].spent == (11 if found else 10)


def test_recorded_groups(recording):
    with ScriptedServer([recording("adgroups_get_01")[0], recording("adgroups_get_02")[0]]) as server:
        api = api_on(server)
        assert api.ad_groups(LOGIN, [1]).items == []
        [group] = api.ad_groups(LOGIN, [2000000001]).items
    assert (group.id, group.name, group.tracking_params) == (2000000001, "draft-test-group-renamed", None)
    assert (api.units[LOGIN].spent, api.units[LOGIN].daily) == (16, 3310000)


def test_recorded_ads(recording):
    with ScriptedServer([recording("ads_get_01")[0], recording("ads_get_02")[0]]) as server:
        api = api_on(server)
        assert api.ads(LOGIN, [5]).items == []
        [ad] = api.ads(LOGIN, [17735868496]).items
        assert server.seen[0].json["params"]["SelectionCriteria"] == {"Ids": [5]}
    assert (ad.id, ad.href, ad.type, ad.title) == (17735868496, "https://example.com", "TEXT_AD", "Updated Draft Ad")


def test_recorded_sitelinks(recording):
    with ScriptedServer([recording("sitelinks_get_01")[0], recording("sitelinks_get_02")[0]]) as server:
        api = api_on(server)
        assert api.sitelinks(LOGIN, [1]).items == []
        [links] = api.sitelinks(LOGIN, [1000000002]).items
    assert [link.href for link in links.sitelinks] == ["https://example.com/test", "https://example.com/test2"]


def test_recorded_changes(recording):
    since = datetime(2026, 5, 29, tzinfo=UTC)
    with ScriptedServer(recording("changes_check_01")[0]) as server:
        found = api_on(server).corrected(LOGIN, [700012672], since)
        assert server.seen[0].json == {
            "method": "check",
            "params": {
                "CampaignIds": [700012672],
                "Timestamp": "2026-05-29T00:00:00Z",
                "FieldNames": ["CampaignsStat"],
            },
        }
    assert (found.borders, found.timestamp) == ({}, datetime(2026, 5, 29, 4, 16, 36, tzinfo=UTC))
    with ScriptedServer(recording("changes_checkCampaigns_01")[0]) as server:
        assert api_on(server).corrected(LOGIN, [1], since).borders == {}


def test_recorded_errors_at_http_200(recording):
    with ScriptedServer(recording("bidmodifiers_set_01_error")[0]) as server:
        with pytest.raises(Fatal, match="Direct error 8000"):
            api_on(server).campaigns(LOGIN)
        assert len(server.seen) == 1
    with ScriptedServer(recording("sitelinks_add_01_error")[0]) as server:
        with pytest.raises(Retriable, match="Direct error 1000: The service is temporarily unavailable"):
            api_on(server).campaigns(LOGIN)
        assert len(server.seen) > 1


def test_other_recorded_answers_are_judged_good(recording):
    """Nothing here reads clients, yet its answer must not be taken for an error."""
    reply, _ = recording("clients_get_01")
    with ScriptedServer(reply) as server:
        body = json.loads(api_on(server)._call(LOGIN, "campaigns", "get", {}))
    assert body["result"]["Clients"][0]["Currency"] == "RUB"


def test_every_body_has_its_test(recorded):
    """A body added to the folder without an outcome here is noticed."""
    folder = recorded("yandex_direct")
    reports = {path.name for path in (folder / "reports").iterdir()}
    named = {*REPORT_ERRORS, "E05_v5_200_invalid_token.json", "P01_limitedby_page1.json", "P01_limitedby_page2.json",
             "P02_repeated_page.json", "F01_micros_one_row.tsv", "F02_decimals_dash_conversions.tsv",
             "F05a_title_unquoted_total.tsv", "F05b_title_quoted_total.tsv", "F06_wizard_dash_ids.tsv", "F09_empty_with_total0.tsv"}  # fmt: skip
    assert reports == named
    answers = {path.stem for path in (folder / "recorded").iterdir()}
    assert answers == {*CAMPAIGNS, "reports_report_01", "adgroups_get_01", "adgroups_get_02", "ads_get_01", "ads_get_02",
                       "sitelinks_get_01", "sitelinks_get_02", "changes_check_01", "changes_checkCampaigns_01",
                       "clients_get_01", "bidmodifiers_set_01_error", "sitelinks_add_01_error"}  # fmt: skip
