"""Mails through a real SMTP server: what arrives, and what is said when it does not."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from zakaz_dagster.alerts.incidents import Rules, plan
from zakaz_dagster.alerts.mail import About, View, compose
from zakaz_dagster.alerts.send import AppriseUrl, Folder, Smtp, Undelivered
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster_tests.plugins.mailbox import PASSWORD, USER, Mailbox
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RULES = Rules(settle=timedelta(0))
BAD = Verdict(
    "stg_qtickets_orders_raw__fresh", "data", Status.ERROR, "last load 190 min ago & <nothing> since",
    figure=190, threshold=120, since=NOW - timedelta(hours=3), assets=("stg_qtickets_orders_raw",),
    link="assets/stg_qtickets_orders_raw",
)  # fmt: skip
ABOUT = About(
    ui_url="https://dagster.example.org/",
    labels={"stg_qtickets_orders_raw": "QTickets"},
    affected=lambda names: [View("v_sales_latest", "Продажи и возвраты")] if "stg_qtickets_orders_raw" in names else [],
)


@pytest.fixture
def opened():
    return plan({}, [BAD], NOW, RULES)


def smtp(mailbox, **about):
    return Smtp(
        "127.0.0.1",
        mailbox.port,
        "zakaz@example.org",
        ["a@example.org", "b@example.org"],
        timeout=3,
        **{"security": "none", **about},
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_encrypted_after_a_login_with_its_russian_text_whole(tmp_path, opened, security):
    with Mailbox(tmp_path, security, login=security == "starttls") as mailbox:
        user = {"user": USER, "password": PASSWORD} if security == "starttls" else {}
        channel = smtp(mailbox, security=security, ca_cert=mailbox.ca_cert, **user)
        assert channel.send(compose(opened.notices, ABOUT)) == ""
    (mail,) = mailbox.mails
    text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert mail["Subject"] == "Zakaz: ошибка — QTickets: данные устарели"
    assert mail["To"] == "a@example.org, b@example.org"
    for part in (text, html):
        for words in ("22.11.2026 09:00 МСК", "3 ч", "v_sales_latest", "Продажи и возвраты", "190 при пределе 120",
                      "https://dagster.example.org/assets/stg_qtickets_orders_raw"):  # fmt: skip
            assert words in part
    assert "190 min ago &amp; &lt;nothing&gt;" in html
    assert "190 min ago & <nothing>" in text


def test_the_resolved_mail_belongs_to_the_thread_of_the_first(opened):
    resolved = plan(
        opened.incidents, [replace(BAD, status=Status.OK, detail="2 min ago")], NOW + timedelta(hours=1), RULES
    )
    with Mailbox() as mailbox:
        for planned in (opened, resolved):
            smtp(mailbox).send(compose(planned.notices, ABOUT))
    first, second = mailbox.mails
    assert second["Subject"] == "Zakaz: решено — QTickets: данные устарели"
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "Сейчас: 2 min ago" in second.get_body(["plain"]).get_content()
    assert "4 ч" in second.get_body(["plain"]).get_content()


def test_a_failed_load_is_named_by_its_vendor_and_by_what_its_error_says_to_do():
    run = Verdict(
        "run__qtickets_refresh", "processes", Status.ERROR, "the token was refused", "correct QTICKETS_TOKEN", 2, 0,
        assets=("stg_qtickets_orders_raw",),
    )  # fmt: skip
    planned = plan({}, [run, replace(BAD, because=run.name)], NOW, RULES)
    mail = compose(planned.notices, ABOUT)
    assert mail.subject == "Zakaz: ошибка — Загрузка QTickets (qtickets_refresh) не удалась"
    marketer, engineer = mail.text.split("--- Для инженера ---")
    assert "Перешлите это письмо инженеру" in marketer
    assert "token" not in marketer
    assert "Подробности: the token was refused\nСледующий шаг: correct QTICKETS_TOKEN" in engineer
    assert "docs/troubleshooting.md#failed-run" in engineer
    assert "Из-за этого же: QTickets: данные устарели" in mail.text
    assert "при пределе" not in mail.text


def test_marketers_read_what_it_means_and_on_which_pages_before_anything_else(opened):
    views = [View("v_sales_latest", "Продажи и возвраты"), View("v_sales_daily", "По дням", ("Продажи", "ROMI"))]
    about = replace(ABOUT, affected=lambda names: views, runbook_url="https://docs.example.org/troubleshooting/")
    mail = compose(opened.notices, about)
    marketer, engineer = mail.text.split("--- Для инженера ---")
    for words in ("Последние дни этого источника неполны", "На каких страницах: Продажи, ROMI", "Продажи и возвраты"):
        assert words in marketer
    assert "last load" not in marketer
    assert "last load 190 min ago" in engineer
    assert "https://docs.example.org/troubleshooting/#fresh" in engineer
    assert mail.html.index("Что это значит") < mail.html.index("Продажи, ROMI") < mail.html.index("Для инженера")
    assert 'href="https://docs.example.org/troubleshooting/#fresh"' in mail.html


@pytest.mark.parametrize("words", [
    "Загрузка VK Реклама (vk_ads_daily) не удалась",
    "ClickHouse не отвечает долго, и Dagster не отвечает долго, и всё это в одной длинной теме x y z",
])  # fmt: skip
def test_a_long_subject_keeps_every_space(opened, words):
    with Mailbox() as mailbox:
        smtp(mailbox).send(replace(compose(opened.notices, ABOUT), subject=f"Zakaz: ошибка — {words}"))
    assert mailbox.subjects == [f"Zakaz: ошибка — {words}"]


def test_a_mail_sent_twice_can_be_recognised(opened):
    with Mailbox() as mailbox:
        for _ in range(2):
            smtp(mailbox).send(compose(opened.notices, ABOUT))
    assert mailbox.mails[0]["Message-ID"] == mailbox.mails[1]["Message-ID"]


def test_one_refused_recipient_is_told_and_the_others_get_the_mail(opened):
    with Mailbox() as mailbox:
        mailbox.refuse = {"b@example.org"}
        assert smtp(mailbox).send(compose(opened.notices, ABOUT)) == "the server refused address 2 of ALERT_EMAIL_TO"
        assert len(mailbox.mails) == 1
        mailbox.refuse.add("a@example.org")
        with pytest.raises(Undelivered, match="correct ALERT_EMAIL_TO"):
            smtp(mailbox).send(compose(opened.notices, ABOUT))


def test_a_wrong_password_is_named_and_not_shown(tmp_path, opened):
    with Mailbox(tmp_path, "starttls", login=True) as mailbox:
        channel = smtp(mailbox, security="starttls", ca_cert=mailbox.ca_cert, user=USER, password="not-it-at-all")
        with pytest.raises(Undelivered, match="correct ALERT_SMTP_USER and ALERT_SMTP_PASSWORD") as caught:
            channel.send(compose(opened.notices, ABOUT))
    assert "not-it-at-all" not in str(caught.value)
    assert "not-it-at-all" not in repr(channel)


@pytest.mark.parametrize(
    "about", [{"user": USER, "password": "пароль"}, {"recipients": ["nobody"]}, {"sender": "a@b@c"}]
)
def test_what_cannot_be_put_into_smtp_is_undelivered_and_not_a_crash(tmp_path, opened, about):
    with Mailbox(tmp_path, "starttls", login=True) as mailbox:
        channel = replace(smtp(mailbox, security="starttls", ca_cert=mailbox.ca_cert), **about)
        with pytest.raises(Undelivered) as caught:
            channel.send(compose(opened.notices, ABOUT))
    assert "пароль" not in str(caught.value)


def test_a_certificate_of_nobody_we_trust_is_refused(tmp_path, opened):
    with Mailbox(tmp_path, "starttls") as mailbox, pytest.raises(Undelivered, match="ALERT_SMTP_CA_CERT"):
        smtp(mailbox, security="starttls").send(compose(opened.notices, ABOUT))
    assert not mailbox.mails


def test_a_server_without_starttls_gets_nothing(opened):
    with Mailbox() as mailbox, pytest.raises(Undelivered, match="ALERT_SMTP_SECURITY"):
        smtp(mailbox, security="starttls").send(compose(opened.notices, ABOUT))
    assert not mailbox.mails


@pytest.mark.parametrize("reject", ["452 disk full", "554 spam"])
def test_a_refused_mail_is_undelivered(opened, reject):
    with Mailbox() as mailbox:
        mailbox.reject = reject
        with pytest.raises(Undelivered, match=reject.split()[0]):
            smtp(mailbox).send(compose(opened.notices, ABOUT))


def test_a_server_that_accepts_and_never_speaks_is_given_up(opened):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        channel = Smtp(
            "127.0.0.1", silent.getsockname()[1], "z@example.org", ["a@example.org"], security="none", timeout=0.3
        )
        with pytest.raises(Undelivered, match=r"127\.0\.0\.1"):
            channel.send(compose(opened.notices, ABOUT))


def test_apprise_carries_the_same_words_to_another_service(opened):
    with ScriptedServer(Reply(200)) as server:
        channel = AppriseUrl(f"json://127.0.0.1:{server.port}/hook")
        channel.send(compose(opened.notices, ABOUT))
        assert server.seen[0].json["title"] == "Zakaz: ошибка — QTickets: данные устарели"
        assert "v_sales_latest" in server.seen[0].json["message"]
    assert "hook" not in channel.name + repr(channel)


@pytest.mark.parametrize(("url", "words"), [("nonsense://x", "does not understand"), (None, "did not take")])
def test_apprise_that_fails_is_undelivered(opened, url, words):
    with ScriptedServer(Reply(500)) as server, pytest.raises(Undelivered, match=words):
        AppriseUrl(url or f"json://127.0.0.1:{server.port}/").send(compose(opened.notices, ABOUT))


def test_a_folder_takes_mails_as_files(tmp_path, opened):
    Folder(tmp_path / "mail").send(compose(opened.notices, ABOUT))
    (file,) = (tmp_path / "mail").iterdir()
    assert file.suffix == ".eml"
    (tmp_path / "file").write_text("")
    with pytest.raises(Undelivered):
        Folder(tmp_path / "file").send(compose(opened.notices, ABOUT))
