"""Whatever breaks is told once, by name, with what it spoils and what to do; when it is cured, that is told once too."""

from __future__ import annotations

import html
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from zakaz_dagster.alerts.send import Folder, Smtp
from zakaz_dagster.dev.stack import start
from zakaz_dagster_tests.plugins.mailbox import Mailbox
from zakaz_dagster_tests.story.dagster_dev import wait
from zakaz_dagster_tests.story.watch_data import DATA
from zakaz_dagster_tests.story.watch_faults import Fault
from zakaz_dagster_tests.story.watch_platform import PLATFORM, run_killed, schedule_started, schedule_stopped
from zakaz_dagster_tests.story.watch_stage import Stage, staged

EXIT = {"warning": 1, "error": 2}
WORDS = {"warning": "предупреждение", "error": "ошибка"}
HISTORY = 34  # days: anomalies compare four weeks and the four days that a story takes away
MEMORY = Path("/dev/shm")  # noqa: S108  Dagster's storage commits after every event, which a busy disk makes slow
IN_SUITE = ("daemon dead", "schedule switched off", "corrections unread")


@pytest.fixture(scope="module")
def homes() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def bare(homes: Path) -> Iterator[Stage]:
    """A new installation without accounts: nothing to load, everything to watch."""
    with pytest.MonkeyPatch.context() as patch, staged(homes / "bare", patch, days=0) as made:
        yield made


@pytest.fixture(scope="module")
def stage(homes: Path) -> Iterator[Stage]:
    """Weeks of three vendors."""
    with pytest.MonkeyPatch.context() as patch, staged(homes / "whole", patch, days=HISTORY) as made:
        yield made


def told_once(stage: Stage, fault: Fault, *smoke: str) -> None:
    """The whole story of one fault."""
    stage.fresh_memory()
    assert [mail.get_body(["plain"]).get_content() for mail in stage.mails()] == []
    try:
        fault.breaks(stage)
        told = heard(stage, fault)
        assert stage.mails() == [], "a second look tells nothing new"
        code, checks = stage.smoke(*smoke)
    finally:
        fault.cures(stage)
    assert checks[fault.verdict]["status"] == fault.status
    assert code == max(EXIT.get(each["status"], 0) for each in checks.values()) >= EXIT[fault.status]
    assert checks[fault.verdict]["action"]
    cured = stage.mails()
    assert [mail["Subject"] for mail in cured] == [told["Subject"].replace(WORDS[fault.status], "решено")]
    assert cured[0]["In-Reply-To"] == told["Message-ID"]
    assert stage.mails() == []


def heard(stage: Stage, fault: Fault) -> EmailMessage:
    """The one mail about it, after looking whether it says everything."""
    told = stage.mails()
    subjects = [mail["Subject"] for mail in told]
    assert len(told) == 1, subjects
    assert subjects[0].startswith(f"Zakaz: {WORDS[fault.status]} — ")
    assert fault.title in subjects[0]
    (notice,) = told[0]["X-Zakaz-Notices"].split()
    assert notice.startswith(f"{fault.verdict}.")
    for kind in ("plain", "html"):
        text = html.unescape(told[0].get_body([kind]).get_content())
        for words in (*fault.says, *fault.views, "Что сделать"):
            assert words in text, (kind, words, text)
    return told[0]


@pytest.mark.parametrize("name", IN_SUITE)
def test_a_fault_of_the_platform_is_told_once_and_its_end_once(bare: Stage, name: str):
    told_once(bare, PLATFORM[name], "--quick")


@pytest.mark.slow
def test_smoke_is_green_on_weeks_of_three_vendors(stage: Stage):
    stage.fresh_memory()
    stage.beat()
    code, checks = stage.smoke()
    assert code == 0, {name: each["detail"] for name, each in checks.items() if each["status"] != "ok"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PLATFORM, *DATA])
def test_every_fault_is_told_once_and_its_end_once(stage: Stage, name: str):
    told_once(stage, (PLATFORM | DATA)[name])


REQUESTS, AT_ONCE = 1000, 50


@pytest.mark.slow
def test_no_answer_about_health_is_lost_while_a_load_runs(stage: Stage, capsys: pytest.CaptureFixture[str]):
    """The real service and its looking child, beside a month being loaded again."""
    stage.beat()
    service = start("health", ["-m", "zakaz_dagster", "health", "serve", "--port", "0"], stage.home)
    try:
        wait(lambda: '"clickhouse": "ok"' in ask(service.url)[1], 60)
        with ThreadPoolExecutor(AT_ONCE + 1) as pool:
            load = pool.submit(stage.run, "qtickets_reload", HISTORY, 1)
            answers = list(pool.map(lambda _: ask(service.url), range(REQUESTS)))
            loading = not load.done()
            assert load.result().success
    finally:
        service.stop()
    seconds = sorted(each[0] for each in answers)
    said = (
        f"of {REQUESTS}, {AT_ONCE} at once: half within {seconds[REQUESTS // 2]:.3f} s, the slowest {seconds[-1]:.3f} s"
    )
    with capsys.disabled():
        sys.stdout.write(f"{said}\n")
    assert loading, "the load ended before the requests did"
    assert all(json.loads(body)["checks"]["clickhouse"] == "ok" for _, body in answers)


def ask(url: str) -> tuple[float, str]:
    """Seconds and body of one answer of /healthz, over a connection of its own."""
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            body = answer.read().decode()
    except urllib.error.HTTPError as error:
        body = error.read().decode()
    return time.perf_counter() - started, body


def test_a_killed_run_that_is_retried_is_no_news_yet(bare: Stage):
    bare.fresh_memory()
    run_killed(bare, retries=1)
    assert bare.mails() == []


@pytest.mark.parametrize("harm", ["away", "password"])
def test_mail_that_does_not_arrive_is_told_by_the_channel_that_is_left(bare: Stage, tmp_path: Path, harm: str):
    """Telegram in life; a folder here."""
    folder = tmp_path / "mail"
    with Mailbox(tmp_path, "starttls", login=True) as mailbox:
        smtp = Smtp(
            "127.0.0.1", mailbox.port, "z@example.org", ["a@example.org"], user="robot", password="not-it",
            ca_cert=mailbox.ca_cert, timeout=2,
        )  # fmt: skip
        if harm == "away":
            mailbox.stop()
        bare.fresh_memory()
        alerts, bare.alerts = bare.alerts, replace(bare.alerts, channels=[smtp, Folder(folder)])
        schedule_stopped(bare)
        bare.tick()
        bare.ahead = timedelta(minutes=21)
        bare.tick()
        _, checks = bare.smoke("--quick")
        bare.ahead, bare.alerts = timedelta(0), alerts
        schedule_started(bare)
    (told,) = folder.glob("platform__alert_delivery*")
    assert len(list(folder.iterdir())) == 2
    words = "ALERT_SMTP_PASSWORD" if harm == "password" else "Connection refused"
    mail = message_from_bytes(told.read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Zakaz: ошибка — Оповещения не доходят"
    assert words in mail.get_body(["plain"]).get_content()
    assert checks["platform__alert_delivery"]["status"] == "error"


def test_smoke_is_green_on_a_new_installation(bare: Stage):
    bare.fresh_memory()
    code, checks = bare.smoke()
    assert code == 0, {name: each["detail"] for name, each in checks.items() if each["status"] != "ok"}
    assert len(checks) > len(PLATFORM)
