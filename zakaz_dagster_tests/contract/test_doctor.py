"""`zakaz doctor` as an operator runs it: every fault at once, no secret shown, and what the vendors really do."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli.doctor import doctor
from zakaz_dagster.dev import stack
from zakaz_dagster_tests.plugins.sandbox import NOW

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = {
    "QTICKETS_TOKEN": "qt-secret-6521",
    "VK_ADS_CLIENT_SECRET": "vk-secret-6522",
    "DIRECT_TOKEN": "y0_secret-6523",
}
ANSWERS = {
    "qtickets": (
        "does GET with a body honour payed_at: yes", "does GET with a body honour updated_at: yes", "orderBy id desc:",
        "page size asked and given:", "shape of a refund:",
        "does an order lose its payment date:", "do a show's barcodes equal its seats sold:",
    ),
    "vk_ads": ("account:", "page cap:", "deleted objects:", "prefix of error codes:", "shape of 401:", "VAT:", "limits:"),
    "direct": (
        "zakaz-afisha: campaigns:", "zakaz-gastroli: points:", "zakaz-afisha: report of yesterday:",
        "zakaz-gastroli: corrections of the last day:",
    ),
    "gmail": ("mails that GMAIL_QUERY finds in 7 days:", "newest report:", "it says of "),
}  # fmt: skip


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No setting of the caller's own."""
    for name in list(os.environ):
        if name.startswith(
            ("CLICKHOUSE_", "QTICKETS_", "VK_ADS_", "DIRECT_", "GMAIL_", "ALERT_", "DATALENS_", "ZAKAZ_")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ZAKAZ_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr("zakaz_dagster.resources.AT_A_TERMINAL", 0.2)  # ClickHouse is away, or here at once
    return monkeypatch


def run(*arguments):
    done = CliRunner().invoke(doctor, list(arguments), catch_exceptions=False)
    return done.exit_code, " ".join(done.output.split())


def facts(output, vendor):
    """The rows of a vendor's table as `question: answer`."""
    table = output.split(f"{vendor}, live")[1].split("└")[0]
    cells = [cell.strip() for cell in table.split("│")]
    return [f"{cells[i]}: {cells[i + 1]}" for i in range(1, len(cells) - 1, 3)]


def test_every_fault_is_told_at_once_and_no_secret(clean):
    faulty = {
        **SECRETS,
        "CLICKHOUSE_PORT": "9",
        "CLICKHOUSE_PASSWORD": "ch-secret-6524",
        "QTICKETS_PAGE_SIZE": "many",
        "VK_ADS_VAT_PCT": "a lot",
        "HEALTH_PORT": "door",
    }
    for name, value in faulty.items():
        clean.setenv(name, value)
    code, output = run("--all")
    assert code == 2
    for told in (
        "QTICKETS_PAGE_SIZE=many in the environment is not usable: expected a whole number from 1 to 1000",
        "VK_ADS_VAT_PCT=a lot",
        "HEALTH_PORT=door",
        "VK_ADS_CLIENT_SECRET is set, but VK_ADS_CLIENT_ID is not",
        "direct is not configured: DIRECT_LOGINS",
        "gmail is not configured: GMAIL_CREDENTIALS_FILE",
        "Something is wrong",
    ):
        assert told in output, told
    assert "secret-652" not in output
    assert "DIRECT_TOKEN │ set" in output
    assert "DATALENS_IAM_TOKEN │ not set" in output


def test_nothing_configured_is_red(clean):
    code, output = run()
    assert code == 2
    assert "no source is configured, nothing can be loaded" in output


def test_a_working_installation_that_nobody_hears_of_is_a_warning(live, clean):
    clean.delenv("ALERT_FOLDER")
    code, output = run()
    assert code == 1, output
    assert "no alert leaves when something is red: set ALERT_SMTP_HOST" in output
    assert "Nothing is wrong; 1 warnings." in output


@pytest.fixture
def live(clean, sandbox, warehouse, tmp_path):
    stack.gmail_consent(tmp_path)
    given = stack.environment(str(warehouse.config.port), sandbox.url, tmp_path)
    own = {"CLICKHOUSE_PASSWORD": warehouse.config.password, "CLICKHOUSE_DATABASE": warehouse.config.database}
    for name, value in {**given, **own}.items():
        clean.setenv(name, value)
    clean.setattr("zakaz_dagster.timezone.now", lambda: datetime.fromisoformat(NOW))
    return sandbox


def test_live_asks_every_vendor_and_prints_its_answers_as_facts(live):
    code, output = run("--live")
    assert code == 0, output
    assert "Schema equals sql/." in output
    for vendor, expected in ANSWERS.items():
        found = facts(output, vendor)
        for start in expected:
            assert any(row.startswith(start) and row != start for row in found), (start, found)
        assert not any("not answered" in row or "no answer" in row for row in found), found
    assert live.writes() == []
    assert [marker for marker in map(str, live.personal()) if marker in output] == []
    assert live.token not in output


def test_live_names_the_vendor_that_breaks_its_contract_and_goes_on_with_the_others(live):
    live.fault("qtickets", filter_ignored=True)
    live.fault("direct", http=400)
    code, output = run("--live")
    assert code == 2
    assert "qtickets: does GET with a body honour payed_at: NO: ignored" in output
    assert "direct: zakaz-afisha: campaigns: not answered" in output
    assert "vk_ads, live" in output
    assert "gmail, live" in output


def test_clickhouse_away_is_one_clear_message(clean, tmp_path):
    """In processes of their own, for it is the libraries' own printing that must stay silent."""
    given = {
        **os.environ,
        "CLICKHOUSE_PORT": "9",
        "DAGSTER_HOME": str(stack.dagster_home(tmp_path)),
        "PYTHONPATH": str(PROJECT),
    }
    verbs = (["schema", "diff"], ["doctor"], ["smoke", "--quick"])
    command = [sys.executable, "-W", "ignore", "-m", "zakaz_dagster"]
    started = [
        subprocess.Popen(
            [*command, *verb], env=given, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for verb in verbs
    ]
    for verb, process in zip(verbs, started, strict=True):
        out, err = process.communicate(timeout=90)
        assert process.returncode == (3 if verb[0] == "schema" else 2), verb
        for noise in ("Traceback", "Unexpected Http", "stamina", "urllib3", "Errno"):
            assert noise not in out + err, verb
        told = " ".join((out + err).split())
        assert told.count("127.0.0.1:9 refuses connections") == 1, (verb, told)
        assert "start ClickHouse" in told, (verb, told)
        if verb[0] == "schema":
            assert (out, len(err.splitlines())) == ("", 1), verb
