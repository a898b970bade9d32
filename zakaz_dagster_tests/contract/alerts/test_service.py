"""A round of telling with a real mail server and a real file: outages, crashes, rivals, full disks."""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.alerts.incidents import Rules
from zakaz_dagster.alerts.mail import About, View
from zakaz_dagster.alerts.outbox import Limits, Outbox
from zakaz_dagster.alerts.phrases import Phrase
from zakaz_dagster.alerts.send import Folder, Smtp
from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster.alerts.store import Store
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster_tests.contract.alerts.telling import MINUTE, NOW, kinds, ok, verdict


def test_one_mail_then_one_resolved_across_restarts_of_everything(alerts, mailbox):
    for minute in range(5):
        replace(alerts).notify([verdict()], NOW + minute * MINUTE)
    for minute in range(5, 8):
        replace(alerts).notify([ok()], NOW + minute * MINUTE)
    assert kinds(mailbox) == ["ошибка", "решено"]


def test_nothing_is_lost_while_the_mail_server_is_away_and_the_order_is_kept(alerts, mailbox):
    mailbox.stop()
    alerts.notify([verdict()], NOW)
    alerts.notify([ok()], NOW + MINUTE)
    assert not mailbox.mails
    mailbox.back()
    alerts.notify([ok()], NOW + 30 * MINUTE)
    assert kinds(mailbox) == ["ошибка", "решено"]


def test_an_outage_of_the_mail_server_is_told_by_the_channel_that_is_left(alerts, mailbox, tmp_path):
    mailbox.stop()
    both = replace(alerts, channels=[*alerts.channels, Folder(tmp_path / "mail")])
    for minute in range(0, 40, 5):
        both.notify([verdict()], NOW + minute * MINUTE)
    names = sorted(path.name.split(".")[0] for path in (tmp_path / "mail").iterdir())
    assert names == ["fact_x__agrees", "platform__alert_delivery"]


def test_a_crash_after_sending_repeats_the_same_message_id(alerts, mailbox, monkeypatch):
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "accepted", crash)
        with pytest.raises(KeyboardInterrupt):
            alerts.notify([verdict()], NOW)
    alerts.notify([verdict()], NOW + MINUTE)
    assert len(mailbox.mails) == 1, "the claim of the dead sender still holds"
    alerts.notify([verdict()], NOW + 3 * MINUTE)
    assert len(mailbox.mails) == 2
    assert mailbox.mails[0]["Message-ID"] == mailbox.mails[1]["Message-ID"]


def test_a_storm_is_one_digest(alerts, mailbox):
    alerts.notify([verdict(f"fact_{n}__agrees") for n in range(30)], NOW)
    assert mailbox.subjects == ["Zakaz: ошибок: 30"]
    alerts.notify([ok(f"fact_{n}__agrees") for n in range(30)], NOW + MINUTE)
    assert mailbox.subjects[1:] == ["Zakaz: решено: 30"]


def names_told(mailbox):
    """Every verdict's name that some mail holds."""
    texts = " ".join(mail.get_body(["plain"]).get_content() for mail in mailbox.mails)
    return set(re.findall(r"fact_\d+__agrees", texts))


@pytest.mark.parametrize(
    ("minutes", "step", "most"), [(200, MINUTE, 6), (30, MINUTE / 2, 4), (24 * 60, 5 * MINUTE, 20)]
)
def test_one_more_red_check_a_while_is_a_handful_of_mails_that_lose_none(alerts, mailbox, minutes, step, most):
    count = int(minutes * MINUTE / step)
    for n in range(count):
        alerts.notify([verdict(f"fact_{n}__agrees")], NOW + n * step)
    alerts.notify([], NOW + minutes * MINUTE + timedelta(hours=3))
    assert names_told(mailbox) == {f"fact_{n}__agrees" for n in range(count)}
    assert len(mailbox.mails) <= most


def test_a_digest_of_hundreds_holds_each_with_what_was_found_and_what_to_do(alerts, mailbox):
    found = [replace(verdict(f"fact_{n}__agrees"), detail=f"figure {n} is off", action=f"load {n}") for n in range(300)]
    alerts.notify(found, NOW)
    (mail,) = mailbox.mails
    for kind in ("plain", "html"):
        text = mail.get_body([kind]).get_content()
        assert all(f"figure {n} is off" in text and f"load {n}" in text for n in range(300))


def test_the_limits_are_settings(alerts, mailbox):
    strict = replace(alerts, limits=Limits(per_hour=1, per_day=2))
    for hour in range(30):
        strict.notify([verdict(f"fact_{hour}__agrees")], NOW + timedelta(hours=hour))
    assert len(mailbox.mails) == 4, "two on the first day, two on the second"
    strict.notify([], NOW + timedelta(days=3))
    assert len(names_told(mailbox)) == 30


def test_what_waits_for_the_next_digest_is_no_fault_of_the_channel(alerts):
    for minute in range(90):
        alerts.notify([verdict(f"fact_{minute}__agrees")], NOW + minute * MINUTE)
    delivery = alerts.verdicts(NOW + 90 * MINUTE)[0]
    assert delivery.status is Status.OK
    assert "wait for the next digest" in delivery.detail


def _tell_once(arguments):
    path, port, name = arguments
    channel = Smtp("127.0.0.1", port, "z@example.org", ["a@example.org"], security="none", timeout=5)
    Alerts(path, [channel], Rules(settle=timedelta(0))).notify([verdict(name)], NOW)


def test_watchers_in_several_processes_send_one_mail_between_them(alerts, mailbox):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(_tell_once, [(alerts.path, mailbox.port, "fact_x__agrees")] * 8)
    assert kinds(mailbox) == ["ошибка"]


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60) | st.sampled_from(
    [
        "\ud800",
        "a\x00b",
        "\r\nBcc: x@y.z",
        "{{ 7*7 }} {% raw %}",
        "{label} {} {0}",
        "\u202eevil",
        "%s %n",
        "<script>",
        "x" * 9000,
        "\x1b[31m",
    ]
)
ANY_VERDICT = st.builds(
    Verdict, name=ANY_TEXT.map(lambda text: f"fact_x__{text}"), area=st.just("data"), status=st.just(Status.ERROR), detail=ANY_TEXT,
    action=ANY_TEXT, figure=st.none() | st.floats(), threshold=st.none() | st.floats(), assets=st.tuples(ANY_TEXT), because=ANY_TEXT, link=ANY_TEXT,
)  # fmt: skip


@hypothesis.settings(max_examples=40, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(verdicts=st.lists(ANY_VERDICT, min_size=1, max_size=4, unique_by=lambda each: each.name), words=ANY_TEXT)
def test_no_text_can_stop_a_round(alerts, mailbox, verdicts, words):
    about = About(
        ui_url="https://x.example", labels={"fact_x": words}, affected=lambda _: [View(words, words, (words,))],
        checks={verdict.name: Phrase(words, words, words) for verdict in verdicts[1:]},
    )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=alerts.path.parent.parent) as folder:
        fresh = replace(alerts, path=Path(folder) / "alerts.sqlite3", about=about)
        before = len(mailbox.mails)
        fresh.notify(verdicts, NOW)
        fresh.notify([replace(verdict, status=Status.OK) for verdict in verdicts], NOW + MINUTE)
    opened, resolved = mailbox.mails[before:]
    for mail in (opened, resolved):
        assert mail["To"] == "a@example.org"
        assert "Bcc" not in mail
        assert not set(mail.as_string()) & {"\x00", "\x1b"}
        assert "<script>" not in mail.get_body(["html"]).get_content()


def test_a_row_that_cannot_be_read_does_not_stop_the_others(alerts, mailbox):
    mailbox.stop()
    alerts.notify([verdict(), verdict("fact_y__agrees")], NOW)
    with sqlite3.connect(alerts.path) as connection:
        connection.execute("UPDATE incident SET body = x'00ff' WHERE name LIKE 'fact_x%'")
        connection.execute("UPDATE outbox SET body = '{}' WHERE id LIKE 'fact_x%'")
    mailbox.back()
    alerts.notify([verdict(), verdict("fact_y__agrees")], NOW + 20 * MINUTE)
    told = " ".join(mail.get_body(["plain"]).get_content() for mail in mailbox.mails)
    assert "fact_y__agrees" in told
    assert "fact_x__agrees" in told


def test_a_layout_that_fails_is_a_plain_mail_and_a_channel_that_breaks_keeps_its_notices(alerts, mailbox):
    def broken(_: object) -> None:
        raise ZeroDivisionError("no lineage")

    replace(alerts, about=About(affected=broken)).notify([verdict()], NOW)
    assert "fact_x__agrees error" in mailbox.mails[0].get_body(["plain"]).get_content()
    failing = replace(alerts, channels=[SimpleNamespace(name="email", send=broken)])
    failing.notify([ok()], NOW + MINUTE)
    alerts.notify([ok()], NOW + 20 * MINUTE)
    assert kinds(mailbox)[1:] == ["решено"]


def test_without_a_channel_the_verdict_says_that_nobody_is_told(tmp_path):
    silent = Alerts(tmp_path / "alerts.sqlite3")
    silent.notify([verdict()], NOW)
    delivery, memory = silent.verdicts(NOW)
    assert (delivery.status, delivery.detail) == (Status.WARNING, "no channel is configured: no alert is delivered")
    assert memory.status is Status.OK


def test_recipients_that_are_refused_show_in_the_verdict(alerts, mailbox):
    two = replace(alerts, channels=[replace(alerts.channels[0], recipients=["a@example.org", "b@example.org"])])
    mailbox.refuse = {"b@example.org"}
    two.notify([verdict()], NOW)
    assert "refused address 2 of ALERT_EMAIL_TO" in two.verdicts(NOW)[0].detail


def test_the_test_mail_names_what_is_wrong_per_channel(alerts, mailbox, tmp_path):
    (tmp_path / "file").write_text("")
    results = replace(alerts, channels=[*alerts.channels, Folder(tmp_path / "file")]).test(NOW)
    assert results["email"] == ""
    assert results["folder"]
    assert mailbox.subjects == ["Zakaz: проверка связи"]


def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not(alerts, mailbox):
    alerts.notify([verdict()], NOW)
    mailbox.stop()
    alerts.notify([verdict("fact_y__agrees")], NOW)
    store = Store(alerts.path)
    assert store.prune(NOW + timedelta(days=90)) == 1
    assert [notice.incident.name for notice in store.unsent()["email"]] == ["fact_y__agrees"]
    store.close()
