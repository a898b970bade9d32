"""The command as people type it: help for every verb, exit codes, output without names."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime

import dagster as dg
import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import VERBS, dev, dev_servers, main, watch_options
from zakaz_dagster.dev.stack import Service, Stack, enter, environment, environment_file
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests._private import schedule_context
from zakaz_dagster_tests.bodies_qtickets import PLANTED, order, page, ticket


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb):
    done = CliRunner().invoke(main, [verb, "--help"])
    assert done.exit_code == 0, done.output
    assert "Usage" in done.output


def test_inspect_prints_one_json_object_without_any_name(tmp_path):
    file = tmp_path / "orders.json"
    file.write_bytes(page(order(ticket(100), ticket(0)), order(ticket(-1))))
    done = CliRunner().invoke(main, ["inspect", "qtickets-orders", str(file), "--json"])
    assert done.exit_code == 0, done.output
    body = json.loads(done.output)
    assert set(body) == {"rows", "rejects", "totals"}
    assert (body["totals"]["gross_rub"], len(body["rejects"])) == ("100.00", 1)
    assert {"reason", "where"} <= set(body["rejects"][0])
    assert not any(planted in done.output for planted in PLANTED)


def test_the_recorded_page_is_inspected_as_recorded(recorded):
    file = recorded("qtickets") / "01_orders_page1.json"
    done = CliRunner().invoke(main, ["inspect", "qtickets-orders", str(file), "--json"])
    totals = json.loads(done.output)["totals"]
    assert (totals["tickets"], totals["free_tickets"], totals["gross_rub"]) == (17, 2, "5084.00")
    assert "@" not in done.output


def test_a_file_that_is_no_answer_ends_with_three_and_says_what_was_expected(tmp_path):
    file = tmp_path / "broken.json"
    file.write_text("<html>")
    done = CliRunner().invoke(main, ["inspect", "qtickets-orders", str(file)])
    assert done.exit_code == 3
    assert "Expected" in done.output


def test_the_local_stack_sees_nothing_of_the_callers_accounts(tmp_path, monkeypatch):
    monkeypatch.setenv("CLICKHOUSE_SECURE", "true")
    monkeypatch.setenv("ALERT_SMTP_HOST", "mail.example.test")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "alerts.env").write_text("ALERT_EMAIL_TO=people@example.test\n")
    monkeypatch.setenv("ZAKAZ_SECRETS_DIR", str(secrets))
    assert Settings().alerts.email_to == ("people@example.test",)
    saved = dict(os.environ)
    service = Service("x", process=None, facts={"port": 1})  # type: ignore[arg-type]
    try:
        enter(Stack(service, service, tmp_path / "home"))
        settings = Settings()
    finally:
        os.environ.clear()
        os.environ.update(saved)
    assert (settings.clickhouse.secure, settings.alerts.smtp_host, settings.alerts.email_to) == (False, "", ())


def test_another_shell_sees_the_stack_through_its_file(tmp_path):
    home = tmp_path / "a home"
    home.mkdir()
    service = Service("any", process=None, facts={"port": 77})  # type: ignore[arg-type]
    path = environment_file(Stack(service, service, home))
    shell = f"set -a; . '{path}'; printf '%s %s' \"$CLICKHOUSE_PORT\" \"$DAGSTER_HOME\""
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout == f"77 {home}/dagster"


def test_loading_the_definitions_is_no_silence_of_dagsters_storage(monkeypatch, tmp_path):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    asked = []
    monkeypatch.setattr(watch_options, "_reader", lambda _: asked.append("definitions") or (lambda: "facts"))
    read = watch_options.dagster_facts(Settings())
    assert asked == ["definitions"], "before anybody waits for an answer"
    assert (read(), asked) == ("facts", ["definitions"])


def test_dev_keeps_every_program_on_loopback_and_its_own_port(tmp_path):
    found = dev._arguments(tmp_path, 4000, 3000, 3080, 8081)
    assert set(found) == {"code", "web", "daemon", "servers"}
    assert found["servers"] == ["zakaz_dagster.cli.dev_servers", str(tmp_path / "preview"), "3080", "8081"]
    assert dev_servers.HOST == "127.0.0.1"
    assert all("127.0.0.1" in found[name] for name in ("code", "web"))
    assert "port: 4000" in (tmp_path / "workspace.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "variable"), [("qtickets_changed_orders", "QTICKETS_TOKEN"), ("yandex_direct_corrections", "DIRECT_TOKEN")]
)
def test_a_sensor_names_missing_settings_and_does_not_fail(monkeypatch, name, variable):
    from zakaz_dagster.definitions import build_definitions

    monkeypatch.delenv(variable, raising=False)
    definitions = build_definitions()
    sensor = definitions.resolve_sensor_def(name)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=datetime.now(UTC).isoformat())
        tick = sensor.evaluate_tick(context)
    assert f"{variable} is not set" in (tick.skip_message or "")


def test_schedules_ask_for_no_day_before_the_start(monkeypatch, tmp_path):
    from zakaz_dagster.definitions import build_definitions

    configured = environment("1", "http://127.0.0.1:1", tmp_path)
    for name, value in {**configured, "ZAKAZ_START_DATE": "2026-11-20"}.items():
        monkeypatch.setenv(name, value)
    definitions = build_definitions()
    at = datetime(2026, 11, 23, 0, 20, tzinfo=UTC)
    for name in ("qtickets_nightly", "qtickets_weekly", "vk_ads_daily", "yandex_direct_weekly"):
        schedule = definitions.resolve_schedule_def(name)
        with dg.DagsterInstance.ephemeral() as instance:
            (request,) = schedule.evaluate_tick(schedule_context(instance, at)).run_requests
        assert request.tags["dagster/asset_partition_range_start"] == "2026-11-20", name
