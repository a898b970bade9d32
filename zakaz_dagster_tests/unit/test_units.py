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
import yaml
from click.testing import CliRunner

from zakaz_dagster import installation
from zakaz_dagster.cli.install import install
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.installation import Site, steps
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests.installing.page import sections

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
    return like_a_server(tmp_path)


def like_a_server(folder):
    """A folder with what systemd and the units look for on a server."""
    shutil.copytree(SYSTEMD, folder / "lib/systemd/system", symlinks=True) if SYSTEMD.is_dir() else None
    for name in ("dagster", "dagster-daemon", "dagster-webserver", "zakaz", "python"):
        path = folder / "opt/zakaz/.venv/bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return folder


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


def test_what_was_killed_is_started_again_and_a_backfill_waits_for_the_code_server():
    kept = {path.stem: service(path) for path in SERVICES if "Type=oneshot" not in path.read_text()}
    assert {name: each["Restart"] for name, each in kept.items()} == {
        "zakaz-webhooks": "on-failure",
        **dict.fromkeys(("zakaz-code", "zakaz-daemon", "zakaz-health", "zakaz-webserver"), "always"),
    }
    assert {each["RestartSec"] for each in kept.values()} == {"5"}
    waits = "DAGSTER_BACKFILL_RETRY_DEFINITION_CHANGED_ERROR"
    assert f"\nEnvironment={waits}=1\n" in (FOLDER / "zakaz-daemon.service").read_text()
    assert waits in (PROJECT / "deploy/container/compose.yaml").read_text()
    assert waits in (PROJECT / "deploy/kubernetes/values.yaml").read_text()


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
        assert "DAGSTER_HOME" not in found.get("Environment", "")
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
        "MALLOC_ARENA_MAX": "2",
    }
    settings = Settings(server / "opt/zakaz/secrets-opera", own)
    assert (settings.faults, settings.clickhouse.database, settings.health.port) == ([], "opera", 8280)


@pytest.mark.parametrize("name", ["Опера", "a-b", "2nd", "../x", "x" * 40])
def test_a_name_that_is_no_database_is_refused_before_anything_is_done(name, tmp_path):
    done = run("--root", tmp_path, "--organiser", name)
    assert "cannot name an organiser" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_page_names_every_place_that_is_written_and_starts_what_the_installation_says():
    page = (PROJECT / "docs" / "install.md").read_text("utf-8")
    for step in steps(Site(packages=False)):
        places = [step.path.parent] if not step.command else [Path(w) for w in step.command if w.startswith("/var/lib")]
        assert [place for place in places if str(place.parent if place.suffix else place) not in page] == [], str(step)
    kept = run("--dry-run").output.splitlines()[-1].removeprefix("# ")
    assert kept in {command for commands in sections().values() for command in commands}
    assert all(f"zakaz {verb}" in page for verb in ("install", "doctor", "schema apply", "load history", "smoke"))


def dagster_yaml(server, *options):
    assert run("--root", server, *options).exit_code == 0
    return yaml.safe_load((server / "var/lib/zakaz/dagster/dagster.yaml").read_text())


@needs_systemd
def test_postgresql_and_what_people_change_in_dagster_yaml_survive_an_update(server, monkeypatch):
    url = "postgresql+psycopg2://zakaz@/zakaz?host=/var/run/postgresql"
    held = dagster_yaml(server, "--postgres")
    assert held["storage"]["postgres"]["postgres_url"] == url
    held["run_retries"]["max_retries"] = 3  # by hand, as the page allows
    (server / "var/lib/zakaz/dagster/dagster.yaml").write_text(yaml.safe_dump(held))
    newer = server / "newer"
    shutil.copytree(installation.FILES, newer)
    text = (newer / "dagster.yaml").read_text().replace("num_workers: 4", "num_workers: 5")
    (newer / "dagster.yaml").write_text(text)
    monkeypatch.setattr(installation, "FILES", newer)
    again = dagster_yaml(server)
    assert again["storage"] == held["storage"]
    assert (again["run_retries"]["max_retries"], again["sensors"]["num_workers"]) == (3, 5)
    assert dagster_yaml(server) == again


def test_postgresql_without_its_packages_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(installation.importlib.util, "find_spec", lambda name: None)
    done = run("--root", tmp_path, "--postgres")
    assert "requirements/postgres.lock" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@needs_systemd
@pytest.mark.parametrize(("organiser", "user"), [("", "zakaz"), ("opera", "zakaz-opera")])
def test_a_command_runs_as_the_services_user_with_their_environment_from_any_folder(server, organiser, user):
    assert run("--root", server, *(["--organiser", organiser] if organiser else [])).exit_code == 0
    tools = server / "tools"
    tools.mkdir()
    for name, text in {"runuser": 'echo "as $2"; shift 3; exec "$@"', "id": "echo 0"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    for name in ("zakaz", "dagster"):
        program = server / "opt/zakaz/.venv/bin" / name
        program.write_text('#!/bin/sh\necho "$0 $*" in $(pwd); env\n')
        wrapper = server / "usr/local/bin" / (f"{name}-{organiser}" if organiser else name)
        text = wrapper.read_text().replace("/opt/zakaz/.venv", f"{server}/opt/zakaz/.venv")
        wrapper.write_text(text.replace("cd /var", f"cd {server}/var"))
        path = {"PATH": f"{tools}:{os.environ['PATH']}", "CLICKHOUSE_USER": "zakaz_admin"}
        said = subprocess.run([wrapper, "smoke", "a b"], env=path, capture_output=True, text=True, check=True, cwd="/")
        lines = said.stdout.splitlines()
        folder = f"{server}/var/lib/{user}/dagster" if name == "dagster" else "/"
        assert lines[:2] == [f"as {user}", f"{program} smoke a b in {folder}"]
        assert {f"DAGSTER_HOME=/var/lib/{user}/dagster", f"HOME=/var/lib/{user}", "CLICKHOUSE_USER=zakaz_admin"} < {
            *lines
        }
        assert (f"CLICKHOUSE_DATABASE={organiser}" in lines) == bool(organiser)
    if not organiser:
        done = subprocess.run([server / "usr/local/bin/zakaz", "install"], env=path, capture_output=True, text=True, check=True)  # fmt: skip
        assert "as zakaz" not in done.stdout, "root's own"
