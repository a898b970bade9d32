"""`zakaz smoke`, `alerts` and `health` on their own: where results go, what is said when they cannot."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from zakaz_dagster.alerts.incidents import plan
from zakaz_dagster.alerts.mail import compose
from zakaz_dagster.cli import main, smoke, watch_options
from zakaz_dagster.dev import stack
from zakaz_dagster.health.look import Look
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import Status, Verdict

BAD = Verdict("t__agrees", "data", Status.WARNING, "x" * 400 + "[red]end", "do something")


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("ZAKAZ_DATA_DIR", str(tmp_path / "data"))
    look = Look(datetime(2026, 11, 22, tzinfo=UTC), [BAD])
    monkeypatch.setattr(smoke, "watch", lambda *_: SimpleNamespace(look=lambda: look))
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def test_smoke_makes_the_folder_of_its_output(run, tmp_path):
    result = run("smoke", "--output", tmp_path / "a" / "b" / "smoke.json")
    assert result.exit_code == 1, "a warning"
    assert json.loads((tmp_path / "a" / "b" / "smoke.json").read_text())["status"] == "warning"


def test_an_output_that_cannot_be_written_is_told_before_anything_is_looked_at(run, tmp_path, monkeypatch):
    monkeypatch.setattr(smoke, "watch", lambda *_: pytest.fail("it looked"))
    (tmp_path / "file").write_text("")
    for output in (tmp_path / "file" / "smoke.json", "/proc/none/smoke.json"):
        result = run("smoke", "--output", output)
        assert "cannot be written" in result.output
        assert "choose another --output" in result.output
        assert "Traceback" not in result.output


def test_alerts_list_without_a_memory_says_where_it_looked(run, tmp_path):
    result = run("alerts", "list")
    assert "no memory of alerts at" in result.output
    assert "0 open" not in result.output
    assert result.exit_code != 0


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_of_a_verdict_is_cut_off_at_any_width(width):
    stream = io.StringIO()
    watch_options.show(Console(file=stream, width=width), [BAD], everything=False)
    assert stream.getvalue().count("x") >= 400
    assert "[red]" in stream.getvalue().replace("\n", "").replace("│", "").replace(" ", "")


@pytest.mark.parametrize("ui_url", ["http://127.0.0.1:4567", ""])
def test_links_in_mails_lead_to_the_ui_that_really_runs(tmp_path, monkeypatch, ui_url):
    running = [stack.Service(name, None, {"port": port}) for name, port in (("clickhouse", 1), ("sandbox", 2))]
    services = stack.Stack(*running, tmp_path, ui_url)
    monkeypatch.delenv("ZAKAZ_UI_URL", raising=False)
    for name, value in services.environment.items():
        monkeypatch.setenv(name, value)
    alerts = watch.alerts(Settings())
    opened = plan({}, [replace(BAD, link="runs/7")], datetime(2026, 11, 22, 12, tzinfo=UTC), alerts.rules)
    text = compose(opened.notices, alerts.about).text
    assert ("Открыть в Dagster: http://127.0.0.1:4567/runs/7" in text) == bool(ui_url)
    assert "3000" not in text
