"""The containers' files: what Docker's own tools say of them, and what must not be in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "deploy" / "container"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
NEEDED = {"ZAKAZ_HOST": "zakaz.example", "ZAKAZ_LOGIN": "marketing", "ZAKAZ_LOGIN_HASH": "hash"}


def test_hadolint_finds_nothing_in_the_dockerfile():
    hadolint = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    done = subprocess.run([hadolint, str(FOLDER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody_in_particular_from_hashed_locks():
    text = (FOLDER / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert "--require-hashes" in text
    assert all(
        ":" in image and not image.endswith(":latest") for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    )


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="no docker-compose on PATH")
def test_compose_understands_the_file_and_asks_for_what_is_not_set():
    command = ["docker-compose", "-f", str(FOLDER / "compose.yaml"), "config", "-q"]
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, env={**path, **NEEDED}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    bare = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    assert bare.returncode != 0
    assert "ZAKAZ_HOST" in bare.stderr


def test_only_the_proxy_is_reached_from_outside():
    services = COMPOSE["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"caddy"}
    assert {name for name, service in services.items() if "outside" in service.get("networks", [])} == {"caddy"}


def test_secrets_are_files_and_images_are_pinned():
    for name, service in COMPOSE["services"].items():
        plain = {
            key: value
            for key, value in (service.get("environment") or {}).items()
            if "PASSWORD" in key or "SECRET" in key
        }
        assert all(key.endswith("_FILE") for key in plain), name
        assert re.search(r":\d", service["image"]) or service["image"] == "zakaz-dagster", name
    assert all(entry["file"].startswith("../../secrets/") for entry in COMPOSE["secrets"].values())
    assert "password" not in json.dumps(yaml.safe_load((FOLDER / "dagster.yaml").read_text())).lower()


def test_dagsters_limits_are_those_of_the_project():
    ours = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
    theirs = yaml.safe_load((FOLDER / "dagster.yaml").read_text())
    assert {key: value for key, value in theirs.items() if key != "storage"} == ours


KUBERNETES = yaml.safe_load((PROJECT / "deploy" / "kubernetes" / "values.yaml").read_text())
CELERY = yaml.safe_load((PROJECT / "deploy" / "kubernetes" / "celery.yaml").read_text())


def test_runs_on_kubernetes_have_the_limits_of_the_project():
    ours = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
    daemon, concurrency = KUBERNETES["dagsterDaemon"], KUBERNETES["concurrency"]

    def snake(given):
        return {re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name): value for name, value in given.items()}

    assert snake(daemon["runRetries"]) == ours["run_retries"]
    assert snake(daemon["runMonitoring"]) == ours["run_monitoring"]
    assert snake(daemon["sensors"]) == ours["sensors"]
    assert {name: snake(value) for name, value in concurrency.items() if name != "enabled"} == ours["concurrency"]
    assert KUBERNETES["telemetry"] == ours["telemetry"]


def test_kubernetes_and_celery_run_one_image_of_this_version_with_secrets_from_outside():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    launchers = [each["runLauncher"]["config"] for each in (KUBERNETES, CELERY)]
    images = [
        *(each["image"] for each in KUBERNETES["dagster-user-deployments"]["deployments"]),
        launchers[1]["celeryK8sRunLauncher"]["image"],
    ]
    assert all((image["repository"], image["tag"]) == ("zakaz-dagster", version) for image in images)
    for (name, launcher), values in zip(
        [next(iter(each.items())) for each in launchers], (KUBERNETES, CELERY), strict=True
    ):
        assert name.lower() == values["runLauncher"]["type"].lower(), "the chart reads the part of its type only"
        assert launcher["envSecrets"] == [{"name": "zakaz-env"}]
        assert launcher["volumeMounts"] == [{"name": "data", "mountPath": "/var/lib/zakaz"}]
    given = json.dumps([KUBERNETES, CELERY]).lower()
    assert 'password":' not in given.replace("generatepostgresqlpasswordsecret", "")
