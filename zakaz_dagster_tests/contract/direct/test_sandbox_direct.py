"""The sandbox's Direct speaks as the contract says, seen with plain HTTP and none of the client's code."""

from __future__ import annotations

import httpx
import pytest

from zakaz_dagster_tests.plugins.sandbox import TOKEN

FIELDS = ["Date", "CampaignId", "AdId", "Impressions", "Clicks", "Cost"]


@pytest.fixture
def call(sandbox):
    def post(service, body, *, token=TOKEN, login="zakaz-gastroli", version="v5", **headers):
        sent = {"Authorization": f"Bearer {token}", "Client-Login": login, **headers}
        return httpx.post(f"{sandbox.url}/direct/json/{version}/{service}", json=body, headers=sent, trust_env=False)

    return post


def report(name="r", first="2026-11-16", last="2026-11-21", fields=FIELDS, **params):
    criteria = {"DateFrom": first, "DateTo": last}
    return {"params": {"SelectionCriteria": criteria, "FieldNames": fields, "ReportName": name, "ReportType": "AD_PERFORMANCE_REPORT",
                       "DateRangeType": "CUSTOM_DATE", "Format": "TSV", "IncludeVAT": "YES", **params}}  # fmt: skip


def code(response):
    return response.json()["error"]["error_code"]


def test_a_report_is_queued_polled_and_given(call):
    first, second, third = (call("reports", report(), skipReportHeader="true") for _ in range(3))
    assert [first.status_code, second.status_code, third.status_code] == [201, 202, 200]
    assert (first.content, first.headers["retryIn"], first.headers["reportsInQueue"]) == (b"", "0", "1")
    assert third.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    assert third.headers["RequestId"] != second.headers["RequestId"]
    assert "Units" not in third.headers
    lines = third.text.splitlines()
    assert lines[0] == "\t".join(FIELDS)
    assert lines[-1] == f"Total rows: {len(lines) - 2}"
    assert call("reports", report(), skipReportHeader="true").text == third.text


def test_the_title_is_quoted_unless_skipped_and_the_rest_may_be_skipped_too(call):
    assert call("reports", report(first="2026-11-21")).text.splitlines()[0] == '"r (2026-11-21 - 2026-11-21)"'
    bare = call(
        "reports",
        report("b", first="2026-11-21"),
        skipReportHeader="true",
        skipColumnHeader="true",
        skipReportSummary="true",
    )
    assert bare.text.splitlines()[0].startswith("2026-11-21\t")
    assert "Total" not in bare.text


def test_money_is_micros_unless_told_otherwise(call):
    micros = call("reports", report("m", first="2026-11-21")).text.splitlines()[2].split("\t")
    decimal = (
        call("reports", report("d", first="2026-11-21"), returnMoneyInMicros="false").text.splitlines()[2].split("\t")
    )
    assert micros[:-1] == decimal[:-1]
    assert int(micros[-1]) == round(float(decimal[-1]) * 1_000_000)
    assert "." in decimal[-1]


def test_other_parameters_under_a_used_name_collide(call):
    call("reports", report())
    refused = call("reports", report(last="2026-11-20"))
    assert (refused.status_code, code(refused)) == (400, "4000")
    assert (
        call("reports", report(last="2026-11-20"), login="zakaz-afisha").status_code == 201
    )  # names are each login's own


def test_the_queue_has_five_places(call):
    assert [call("reports", report(f"r{n}")).status_code for n in range(5)] == [201] * 5
    refused = call("reports", report("r6"))
    assert (refused.status_code, code(refused)) == (400, "9000")


def test_twenty_requests_in_ten_seconds(call):
    answers = [call("reports", report(first="2026-11-21")) for _ in range(21)]
    assert [answer.status_code for answer in answers[:20]] == [200] * 20
    assert code(answers[20]) == "56"


def test_a_finished_report_stays_as_it_was_for_five_hours(call, sandbox):
    before = [call("reports", report()) for _ in range(3)][-1].text
    sandbox.correct(late=True)
    assert call("reports", report()).text == before
    assert [call("reports", report("fresh")) for _ in range(3)][-1].text.splitlines()[1:] != before.splitlines()[1:]
    sandbox.clock("2026-11-22T17:00:01+03:00")
    assert call("reports", report()).status_code == 201


@pytest.mark.parametrize("field", ["UtmSource", "LandingUrl", "Href", "Criterion"])
def test_fields_that_do_not_exist_are_refused_by_name(call, field):
    refused = call("reports", report(fields=[*FIELDS, field]))
    assert (refused.status_code, code(refused)) == (400, "8000")
    assert field in refused.json()["error"]["error_detail"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"params": {"FieldNames": FIELDS}}, "8000"),
        ({}, "8000"),
        (report(DateRangeType="LAST_7_DAYS"), "4000"),
        (report(fields=["Date", "Month", "Cost"]), "4000"),
        (report(first="2026-11-22", last="2026-11-21"), "4000"),
        (report(ReportType="REPORT_OF_ANOTHER_VENDOR"), "8000"),
    ],
)
def test_wrong_requests_are_refused(call, body, expected):
    assert code(call("reports", body)) == expected


def test_online_is_refused_for_long_periods(call):
    assert call("reports", report(), processingMode="online").status_code == 400
    assert call("reports", report("day", first="2026-11-21"), processingMode="online").status_code == 200
    assert call("reports", report("off", first="2026-11-21"), processingMode="offline").status_code == 201


def test_errors_of_services_come_at_http_200_with_a_number(call):
    for refused, number in (
        (call("ads", {"method": "get"}, token="x"), 53),
        (call("ads", {"method": "get"}, login="x"), 8800),
    ):
        assert (refused.status_code, code(refused)) == (200, number)
        assert "charset" not in refused.headers["content-type"]
    assert code(call("reports", report(), token="x")) == "53"


def test_ads_may_have_no_key_at_all_and_campaigns_an_empty_list(call):
    selection = {"SelectionCriteria": {"Ids": [1]}, "FieldNames": ["Id"]}
    assert call("ads", {"method": "get", "params": selection}).json() == {"result": {}}
    assert call("campaigns", {"method": "get", "params": selection}).json() == {"result": {"Campaigns": []}}


def test_pages_say_where_they_ended(call):
    def page(offset):
        params = {"SelectionCriteria": {}, "FieldNames": ["Id"], "Page": {"Limit": 2, "Offset": offset}}
        return call("campaigns", {"method": "get", "params": params}).json()["result"]

    first = page(0)
    assert first["LimitedBy"] == 2
    assert page(2)["Campaigns"][0]["Id"] > first["Campaigns"][-1]["Id"]
    assert "LimitedBy" not in page(10_000)


@pytest.mark.parametrize(
    ("service", "params", "expected"),
    [
        ("ads", {"FieldNames": ["Id"]}, 4001),
        ("adgroups", {"FieldNames": ["Id"], "SelectionCriteria": {}}, 4001),
        ("campaigns", {"FieldNames": ["Id"], "SelectionCriteria": {"Ids": list(range(1001))}}, 4001),
        ("ads", {"FieldNames": ["Href"], "SelectionCriteria": {"Ids": [1]}}, 8000),
        ("bids", {}, 55),
    ],
)
def test_services_have_limits(call, service, params, expected):
    assert code(call(service, {"method": "get", "params": params})) == expected


def test_points_run_down_and_out(call, sandbox):
    params = {"SelectionCriteria": {}, "FieldNames": ["Id"]}
    answer = call("campaigns", {"method": "get", "params": params})
    found = len(answer.json()["result"]["Campaigns"])
    assert answer.headers["Units"] == f"{10 + found}/{160_000 - 10 - found}/160000"
    sandbox.fault("direct", points=5)
    assert code(call("campaigns", {"method": "get", "params": params})) == 152


def test_writing_is_refused_and_remembered(call, sandbox):
    assert code(call("campaigns", {"method": "delete", "params": {"SelectionCriteria": {"Ids": [1]}}})) == 3001
    assert [write["method"] for write in sandbox.writes()] == ["campaigns.delete"]


def test_changes_know_the_border_of_a_correction(call, sandbox):
    ad = next(ad for ad in sandbox.truth("2026-11-12")["direct"]["ads"] if ad["login"] == "zakaz-gastroli")
    params = {
        "CampaignIds": [ad["campaign_id"], 5],
        "Timestamp": "2026-11-22T00:00:00Z",
        "FieldNames": ["CampaignsStat"],
    }
    quiet = call("changes", {"method": "check", "params": params}).json()["result"]
    assert quiet == {"Modified": {}, "NotFound": {"CampaignIds": [5]}, "Timestamp": "2026-11-22T09:00:00Z"}
    sandbox.correct(
        vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day="2026-11-12", spend="1.00", clicks=1, impressions=2
    )
    told = call("changes", {"method": "check", "params": params}).json()["result"]["Modified"]
    assert told == {"CampaignsStat": [{"CampaignId": ad["campaign_id"], "BorderDate": "2026-11-12"}]}


def test_wizard_rows_have_no_ids_and_look_the_same(call):
    fields = ["Date", "CampaignId", "AdGroupId", "AdGroupName", "AdId", "Clicks"]
    lines = [
        call(
            "reports",
            report("w", fields=fields),
            skipReportHeader="true",
            skipReportSummary="true",
            skipColumnHeader="true",
        )
        for _ in range(3)
    ][-1]
    keys = [tuple(line.split("\t")[:5]) for line in lines.text.splitlines()]
    wizard = [key for key in keys if key[2:] == ("--", "--", "--")]
    assert wizard
    assert len(set(wizard)) * 2 == len(wizard)


def test_answers_are_compressed_when_switched_on(call, sandbox):
    sandbox.fault("direct", gzip=True)
    raw = call("campaigns", {"method": "get", "params": {"SelectionCriteria": {}, "FieldNames": ["Id"]}})
    assert raw.headers["content-encoding"] == "gzip"
    assert raw.json()["result"]["Campaigns"]
