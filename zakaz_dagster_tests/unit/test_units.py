"""The units of deploy/systemd: systemd understands them, and each keeps to loopback and to its rights."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
NAMES = {"code", "daemon", "webserver", "health", "watchdog", "webhooks"}


def service(path):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser["Service"]


def test_every_process_of_production_has_a_unit_and_no_right_it_does_not_need():
    assert {path.stem.removeprefix("zakaz-") for path in SERVICES} == NAMES
    for path in SERVICES:
        found = service(path)
        assert (found["NoNewPrivileges"], found["ProtectSystem"], found["User"]) == ("yes", "strict", "zakaz"), (
            path.name
        )
        assert found["ReadWritePaths"] == "/var/lib/zakaz"
        assert "DAGSTER_HOME=/var/lib/zakaz/dagster ZAKAZ_DATA_DIR=/var/lib/zakaz" in found["Environment"]


@pytest.mark.parametrize("name", ["code", "webserver"])
def test_what_listens_does_so_on_loopback(name):
    assert re.search(r" (-h|--host) 127\.0\.0\.1 ", service(FOLDER / f"zakaz-{name}.service")["ExecStart"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on PATH")
def test_systemd_understands_every_unit(tmp_path):
    for path in [*SERVICES, *FOLDER.glob("*.timer")]:
        text = re.sub(r"(?<=ExecStart=)/opt/zakaz/\.venv/bin/\S+", "/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    units = [str(path) for path in tmp_path.iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "zakaz" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_code_server_is_gone_five_seconds_after_it_was_told_and_its_runs_are_not():
    found = service(FOLDER / "zakaz-code.service")
    assert (found["KillMode"], found["TimeoutStopSec"]) == ("process", "5")


@pytest.mark.slow
def test_an_idle_code_server_answers_sigterm_within_five_seconds(tmp_path):
    words = service(FOLDER / "zakaz-code.service")["ExecStart"].split()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words[0], words[words.index("--port") + 1] = str(Path(sys.executable).with_name("dagster")), str(port)
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "ZAKAZ_DATA_DIR": str(tmp_path)}
    process = subprocess.Popen(
        words, env=environment, cwd=FOLDER.parents[1], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until = time.monotonic() + 90
        check = [words[0], "api", "grpc-health-check", "-p", str(port)]
        while subprocess.run(check, env=environment, capture_output=True, check=False).returncode:
            assert time.monotonic() < until
        process.terminate()
        assert process.wait(5) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
