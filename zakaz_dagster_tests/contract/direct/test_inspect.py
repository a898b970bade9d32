"""`zakaz inspect` on published bodies, and what the live probes say of the sandbox."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli.inspect import inspect
from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.sources.yandex_direct.probes import facts
from zakaz_dagster_tests.contract.direct.conftest import LOGINS
from zakaz_dagster_tests.plugins.sandbox import NOW


@pytest.fixture
def run(recorded):
    def call(kind, name, *options):
        path = recorded("yandex_direct") / "reports" / name
        done = CliRunner().invoke(inspect, [kind, str(path), *options, "--json"], catch_exceptions=False)
        return json.loads(done.output)

    return call


@pytest.mark.parametrize("options", [(), ("--money", "micros")])
def test_wizard_rows_are_summed_not_replaced(run, options):
    shown = run("direct-report", "F06_wizard_dash_ids.tsv", *options)
    assert shown["totals"] == {"received": 3, "rows": 2, "days": 1, "impressions": 30, "clicks": 6, "conversions": 3, "cost_rub": "3.00"}  # fmt: skip
    groups = {row["ad_group_id"]: (row["impressions"], row["clicks"], row["conversions"], row["cost_rub"]) for row in shown["rows"]}  # fmt: skip
    assert groups == {None: (20, 4, 2, "2.00"), 123: (10, 2, 1, "1.00")}
    assert shown["rejects"] == []


def test_wrong_money_is_refused(run):
    with pytest.raises(BadData, match="looks like micros"):
        run("direct-report", "F06_wizard_dash_ids.tsv", "--money", "decimal")
    assert (
        run("direct-report", "F02_decimals_dash_conversions.tsv", "--money", "decimal")["totals"]["cost_rub"]
        == "15490.31"
    )


def test_what_a_report_does_not_have_is_null_not_zero(run):
    [row] = run("direct-report", "F01_micros_one_row.tsv")["rows"]
    assert (row["cost_rub"], row["clicks"], row["impressions"], row["ad_id"]) == ("9210.75", 12578, None, None)
    unknown = run("direct-report", "F02_decimals_dash_conversions.tsv")["rows"]
    assert [each["conversions"] for each in unknown] == [8, None, 10]


def test_saved_errors_are_said_as_the_loader_says_them(run):
    with pytest.raises(Fatal, match="Direct error 53.*DIRECT_TOKEN"):
        run("direct-report", "E02_reports_error_xml.xml")
    with pytest.raises(Fatal, match="Direct error 53"):
        run("direct-ads", "E05_v5_200_invalid_token.json")


def test_probes_answer_for_every_login(direct):
    told = dict(facts(direct().api, LOGINS, datetime.fromisoformat(NOW)))
    assert len(told) == 6 * len(LOGINS)
    assert "all fields" in told["zakaz-gastroli: report of yesterday"]
    assert "Units not sent" in told["zakaz-gastroli: report of yesterday"]
    assert "of 160000 left" in told["zakaz-afisha: points"]
    assert told["zakaz-afisha: corrections of the last day"] == "none"
    assert told["zakaz-afisha: currency"] == "RUB"
    assert told["zakaz-gastroli: reports of v5 and v501"].startswith("equal: ")


def test_a_probe_that_fails_says_so_and_the_next_is_asked(sandbox, direct):
    sandbox.fault("direct", error=8000, only="reports")
    told = dict(facts(direct().api, LOGINS[:1], datetime.fromisoformat(NOW)))
    assert told["zakaz-afisha: report of yesterday"].startswith("not answered: Direct error 8000")
    assert told["zakaz-afisha: corrections of the last day"] == "none"
