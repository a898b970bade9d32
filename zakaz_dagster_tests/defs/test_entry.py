"""How Dagster gets at the platform: nothing happens on import, one location, resources that show what is no secret."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
import yaml

from zakaz_dagster import definitions as entry
from zakaz_dagster.code_server import __main__ as code_server
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster_tests._private import PyProjectFileTarget, RepositorySnap, WorkspaceFileTarget, create_run_for_test

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = {
    "CLICKHOUSE_PASSWORD": "pw-canary-1", "QTICKETS_TOKEN": "tok-canary-2", "VK_ADS_CLIENT_SECRET": "vk-canary-3",
    "DIRECT_TOKEN": "direct-canary-4", "ALERT_SMTP_PASSWORD": "smtp-canary-5", "ZAKAZ_PRIVACY_SALT": "salt-canary-6",
    "BACKUP_S3_SECRET": "s3-canary-7",
}  # fmt: skip


def test_private_parts_of_dagster_are_imported_in_one_file_only():
    private = re.compile(r"^\s*(?:from|import) dagster(?:_shared)?\._|^\s*from dagster_shared", re.MULTILINE)
    found = [path for path in (PROJECT / "zakaz_dagster").rglob("*.py") if private.search(path.read_text("utf-8"))]
    assert [str(path.relative_to(PROJECT)) for path in found] == ["zakaz_dagster/defs/_private.py"]


def test_every_private_name_has_no_public_twin():
    text = (PROJECT / "zakaz_dagster/defs/_private.py").read_text("utf-8")
    names = re.findall(r"^(?:from dagster\S* import|    )\s*(\w+)(?: as \w+)?,?\s*(?:\(|#|$)", text, re.MULTILINE)
    assert "InstigatorStatus" in " ".join(re.findall(r"import (.*)", text))
    assert not [name for name in names if hasattr(dg, name)]


def test_importing_the_definitions_changes_nothing_in_the_process():
    script = (
        "import gc, logging, warnings; import dagster; "
        "before = (list(warnings.filters), logging.getLogger().handlers[:], gc.get_freeze_count()); "
        "import zakaz_dagster.definitions; "
        "assert (list(warnings.filters), logging.getLogger().handlers[:], gc.get_freeze_count()) == before"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def shown(monkeypatch):
    for name, value in {**SECRETS, "CLICKHOUSE_HOST": "ch.example.org", "CLICKHOUSE_DATABASE": "organiser",
                        "VK_ADS_CLIENT_ID": "c", "DIRECT_LOGINS": "a, b", "VK_ADS_ACCOUNT": "main"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return RepositorySnap.from_def(build_definitions().get_repository_def())


def test_the_ui_shows_names_hosts_and_databases_of_resources_and_no_secret(monkeypatch):
    snap = shown(monkeypatch)
    values = {
        each.name: {name: str(value) for name, value in each.configured_values.items()} for each in snap.resources
    }
    types = {each.name: each.resource_type.rpartition(".")[2] for each in snap.resources}
    assert (values["warehouse"]["host"], values["warehouse"]["database"]) == ('"ch.example.org"', '"organiser"')
    assert values["qtickets"]["base_url"] == '"https://qtickets.ru/api/rest/v1"'
    assert "ads.vk.com" in values["vk_ads"]["base_url"]
    assert types == {
        "warehouse": "ClickHouse", "reader": "ClickHouseReader", "qtickets": "QTickets", "vk_ads": "VkAds",
        "yandex_direct": "YandexDirect", "gmail": "Gmail", "watch": "Watch", "alerts": "Alerts", "backups": "Backups",
    }  # fmt: skip
    assert all(each.resource_snapshot.description for each in snap.resources)
    assert not re.search("canary", dg.serialize_value(snap))


@pytest.mark.parametrize(("key", "field"), [("qtickets", "base_url"), ("vk_ads", "base_url"), ("warehouse", "host")])
def test_a_run_cannot_send_a_secret_elsewhere_by_its_configuration(key, field, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    resource = build_definitions().resources[key]
    elsewhere = type(resource)(**{**resource.model_dump(), field: "https://evil.example"})
    with pytest.raises(ConfigFault, match=f"another {field}"):
        elsewhere.create_resource(dg.build_init_resource_context())


def test_every_way_of_starting_has_the_same_location(monkeypatch):
    monkeypatch.setenv("CODE_PORT", "4266")
    ways = [
        PyProjectFileTarget(str(PROJECT / "pyproject.toml")),
        WorkspaceFileTarget([str(PROJECT / "workspace.yaml")]),
        WorkspaceFileTarget([str(PROJECT / "deploy" / "systemd" / "workspace.yaml")]),
    ]
    assert {origin.location_name for way in ways for origin in way.create_origins()} == {"zakaz_dagster"}
    unit = (PROJECT / "deploy" / "systemd" / "zakaz-code.service").read_text("utf-8")
    assert "python -m zakaz_dagster.code_server " in unit
    assert code_server.OURS[-2:] == ["--location-name", "zakaz_dagster"]


def test_whoever_serves_the_definitions_limits_every_pool_to_one_run(monkeypatch, tmp_path):
    (tmp_path / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr("zakaz_dagster.definitions.gc.freeze", lambda: None)

    def limits():
        with dg.DagsterInstance.get() as instance:
            return {each.name: each.limit for each in instance.event_log_storage.get_pool_limits()}

    filters = warnings.filters[:]
    monkeypatch.setattr(sys, "argv", ["dagster", "api", "execute_run"])
    entry.defs()
    assert limits() == {}  # a run's own process finds them set
    monkeypatch.setattr(sys, "argv", ["dagster", "api", "grpc", "--lazy-load-user-code"])
    entry.defs()
    warnings.filters[:] = filters
    assert limits() == dict.fromkeys(["qtickets", "vk_ads", "yandex_direct", "gmail", "marts", "views"], 1)
    assert set(limits()) == execution.pool_names(build_definitions())
    assert "concurrency set" not in (PROJECT / "docs" / "operations.md").read_text("utf-8")


def test_dg_accepts_and_lists_the_definitions(tmp_path):
    env = {"PATH": str(Path(sys.executable).parent), "HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path),
           "PYTHONPATH": str(PROJECT), "VIRTUAL_ENV": str(Path(sys.executable).parents[1])}  # fmt: skip
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}}), "utf-8")
    for arguments, says in (
        (["check", "defs"], "All definitions loaded successfully"),
        (["list", "defs"], "reload_days"),
    ):
        done = subprocess.run(["dg", *arguments], cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        assert says in done.stdout


def test_an_engine_is_made_once_for_each_file_of_dagsters_state(tmp_path, monkeypatch):
    made = []
    own = sqlalchemy.create_engine
    monkeypatch.setattr(sqlalchemy, "create_engine", lambda url, **given: made.append(url) or own(url, **given))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with execution.instance_at_home() as instance:
        for name in ("a", "b"):
            instance.report_runless_asset_event(dg.AssetMaterialization(name))
            create_run_for_test(instance, "job")
        instance.all_instigator_state()
        keys = {key.to_user_string() for key in instance.get_asset_keys()}
    assert keys == {"a", "b"}
    assert len(made) == len(set(made)) > 3  # runs, schedules, the index of events, runless events
