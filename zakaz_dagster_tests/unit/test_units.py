"""The units of deploy/systemd as `zakaz install` renders them: systemd understands them, and each has few rights."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster import installation
from zakaz_dagster.cli.install import install
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.installation import Site, steps
from zakaz_dagster.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
NAMES = {"code", "daemon", "webserver", "health", "watchdog", "webhooks"}
SYSTEMD = Path("/lib/systemd/system")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on PATH")


def service(path):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser["Service"]


@pytest.fixture
def server(tmp_path):
    """A folder with what systemd and the units look for on a server."""
    shutil.copytree(SYSTEMD, tmp_path / "lib/systemd/system", symlinks=True) if SYSTEMD.is_dir() else None
    for name in ("dagster", "dagster-daemon", "dagster-webserver", "zakaz", "python"):
        path = tmp_path / "opt/zakaz/.venv/bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(install, [*map(str, arguments)], catch_exceptions=True)


def test_every_process_of_production_has_a_unit_and_no_right_it_does_not_need():
    assert {path.stem.removeprefix("zakaz-") for path in SERVICES} == NAMES
    for path in SERVICES:
        found = service(path)
        assert (found["NoNewPrivileges"], found["ProtectSystem"], found["User"]) == ("yes", "strict", "zakaz"), (
            path.name
        )
        assert (found["CapabilityBoundingSet"], found["UMask"]) == ("", "0077")
        assert found["ReadWritePaths"] == "/var/lib/zakaz"
        assert "DAGSTER_HOME=/var/lib/zakaz/dagster ZAKAZ_DATA_DIR=/var/lib/zakaz" in found["Environment"]


@pytest.mark.parametrize("name", ["code", "webserver"])
def test_what_listens_does_so_on_loopback(name):
    assert re.search(r" (-h|--host) 127\.0\.0\.1 ", service(FOLDER / f"zakaz-{name}.service")["ExecStart"])


def test_the_code_server_is_gone_five_seconds_after_it_was_told_and_its_runs_are_not():
    found = service(FOLDER / "zakaz-code.service")
    assert (found["KillMode"], found["TimeoutStopSec"]) == ("process", "5")


@pytest.mark.slow
def test_an_idle_code_server_answers_sigterm_within_five_seconds(tmp_path):
    words = service(FOLDER / "zakaz-code.service")["ExecStart"].split()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words[0], words[words.index("--port") + 1] = sys.executable, str(port)
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "ZAKAZ_DATA_DIR": str(tmp_path)}
    process = subprocess.Popen(
        words, env=environment, cwd=FOLDER.parents[1], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until = time.monotonic() + 90
        check = [sys.executable, "-m", "dagster", "api", "grpc-health-check", "-p", str(port)]
        while subprocess.run(check, env=environment, capture_output=True, check=False).returncode:
            assert time.monotonic() < until
        process.terminate()
        assert process.wait(5) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@needs_systemd
def test_the_installation_verifies_its_units_and_a_second_run_keeps_what_is_filled_in(server):
    done = run("--root", server)
    assert done.exit_code == 0, done.output + str(done.exception)
    for line in ("systemd-analyze verify", "systemd-analyze security --no-pager --offline=true --threshold=40"):
        assert line in done.output
    modes = {name: stat.S_IMODE((server / name).stat().st_mode) for name in ("opt/zakaz/secrets", "var/lib/zakaz")}
    assert modes == {"opt/zakaz/secrets": 0o700, "var/lib/zakaz": 0o750}
    token = server / "opt/zakaz/secrets/qtickets.env"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    token.write_text("QTICKETS_TOKEN=abc\n")
    assert run("--root", server).exit_code == 0
    assert token.read_text() == "QTICKETS_TOKEN=abc\n"
    assert Settings(token.parent, {}).faults == []  # samples as they are say nothing wrong
    assert (server / "var/lib/zakaz/dagster/dagster.yaml").is_file()


@needs_systemd
def test_a_unit_with_a_fault_or_too_many_rights_stops_the_installation(server, monkeypatch):
    for old, new, words in (
        ("/bin/dagster-daemon", "/bin/nothing", "nothing is not executable"),
        ("NoNewPrivileges=yes\n", "AmbientCapabilities=CAP_SYS_ADMIN\nPrivateDevices=no\n", "systemd-analyze"),
    ):
        true = installation.rendered
        wide = re.compile(r"^(Protect|Restrict|System|Capab|Private|Lock|UMask|Remove)\w+=.*\n", re.MULTILINE)

        def faulty(unit, site, old=old, new=new, true=true, wide=wide):
            text = true(unit, site).replace(old, new)
            return wide.sub("", text) if "CAP_SYS" in new else text

        monkeypatch.setattr(installation, "rendered", faulty)
        done = run("--root", server)
        monkeypatch.setattr(installation, "rendered", true)
        assert isinstance(done.exception, ConfigFault)
        assert words in str(done.exception)


@needs_systemd
def test_a_second_organiser_shares_the_code_and_nothing_else(server):
    assert run("--root", server).exit_code == 0
    done = run("--root", server, "--organiser", "opera", "--number", 2)
    assert done.exit_code == 0, done.output + str(done.exception)
    units = server / "etc/systemd/system"
    for path in SERVICES:
        found = service(units / f"{path.stem}@.service")
        assert (found["User"], found["ReadWritePaths"]) == ("zakaz-%i", "/var/lib/zakaz-%i")
        assert found["EnvironmentFile"] == "/etc/zakaz/%i.conf"
        assert "Environment" not in found
        text = (units / f"{path.stem}@.service").read_text()
        assert not re.search(r"zakaz-(?!%i)\w+\.(service|timer)", text)
    own = dict(line.split("=") for line in (server / "etc/zakaz/opera.conf").read_text().splitlines())
    assert own == {
        "DAGSTER_HOME": "/var/lib/zakaz-opera/dagster",
        "ZAKAZ_DATA_DIR": "/var/lib/zakaz-opera",
        "ZAKAZ_SECRETS_DIR": "/opt/zakaz/secrets-opera",
        "CLICKHOUSE_DATABASE": "opera",
        "CODE_PORT": "4466",
        "UI_PORT": "3200",
        "HEALTH_PORT": "8280",
        "WEBHOOKS_PORT": "8290",
    }
    settings = Settings(server / "opt/zakaz/secrets-opera", own)
    assert (settings.faults, settings.clickhouse.database, settings.health.port) == ([], "opera", 8280)


@pytest.mark.parametrize("name", ["Опера", "a-b", "2nd", "../x", "x" * 40])
def test_a_name_that_is_no_database_is_refused_before_anything_is_done(name, tmp_path):
    done = run("--root", tmp_path, "--organiser", name)
    assert "cannot name an organiser" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_page_is_these_steps():
    page = (PROJECT / "docs" / "install.md").read_text("utf-8")
    for organiser in ("", "opera"):
        for step in steps(Site(organiser=organiser, number=1, packages=False)):
            if step.command[:1] in (["sh"], ["systemctl"]) or step.command[:2] == ["install", "-d"]:
                assert str(step).removeprefix("sh -c ").strip("'") in page, str(step)
    assert "python -m pip install --require-hashes -r requirements/production.lock" in page
    assert all(f"zakaz {verb}" in page for verb in ("install", "doctor", "schema apply", "load history", "smoke"))
