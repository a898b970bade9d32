"""The morning digest: what it says, and that nobody gets it twice."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime, timedelta

import pytest

from zakaz_dagster.alerts import bulletin
from zakaz_dagster.alerts.bulletin import Morning
from zakaz_dagster.alerts.outbox import Outbox
from zakaz_dagster.alerts.send import Undelivered
from zakaz_dagster.alerts.store import Store
from zakaz_dagster.timezone import MOSCOW

DAY = date(2026, 6, 8)
NOW = datetime(2026, 6, 9, 7, 30, tzinfo=MOSCOW)
SALES = {"tickets_paid": 612, "revenue_rub": 548_300.0, "refunds_rub": 9_100.0}
RISE = (
    "Добавить: Томск 15.06, +300 ₽/день. Прогноз 132 (110–177), цель 180. "
    "Следующий билет ≈ 650 ₽ (452–961), порог 900 ₽; окупаемость не доказана."
)
QUALITY = {"shows": 20, "in_interval": 17, "wape_pct": 11.2}


def row(city: str, advice: float | None, code: int = 5, **more: object) -> dict[str, object]:
    return {
        "event_id": 1, "city_name": city, "show_date": date(2026, 6, 15), "status_code": code, "status": "распродан",
        "advice_rub_per_day": advice, "days_left": 7, "forecast_text": "132 (110–177)", "goal_tickets": 180.0, "marks": "",
        "next_ticket_rub": 650.0, "next_ticket_lo_rub": 452.22, "next_ticket_hi_rub": 960.71, "breakeven_cpt_rub": 900.0,
        "cpt_7d_rub": 1750.0, "cpt_7d_lo_rub": 1181.36, "cpt_7d_hi_rub": 2681.34, "spend_7d_rub": 7000.0,
        "reason": "похожих 2 из 3", **more,
    }  # fmt: skip


ROWS = [
    row("Томск", 300.0, 2, marks="окупаемость не доказана"),
    row("Омск", -900.0, 4),
    row("Чита", -1000.0, 8),
    row("Иркутск", None, 7),
    row("Барнаул", 0.0, 5),
    {**row("", None, 0), "event_id": 0},
]


def test_the_digest_is_as_sketched():
    mail = bulletin.compose(Morning(DAY, ROWS, SALES, QUALITY, link="http://zakaz/decisions.html"))
    assert mail.subject == "Решения 09.06: добавить 1, снизить 2, без изменений 1"
    assert mail.text.splitlines() == [
        "Данные по 08.06. Продано вчера 612 платных на 548 300 ₽, возвраты 9 100 ₽.",
        RISE,
        "Снизить: Омск 15.06, −900 ₽/день. Билет обошёлся в 1 750 ₽ (1 181–2 681).",
        "Остановить: Чита 15.06 распродан, в день уходит 1 000 ₽.",
        "Мало данных: Иркутск 15.06 (похожих 2 из 3).",
        "Проверка себя: из 20 прошедших показов 17 попали в интервал (за 14 дней), ошибка 11 %.",
        "Прогноз верен при нынешней рекламе; совет не выполняется сам.",
        "Страница: http://zakaz/decisions.html",
    ]
    assert not [word for word in ("дала", "принесла", "благодаря") if word in mail.text]


def test_an_incomplete_day_has_no_advice():
    mail = bulletin.compose(Morning(DAY, ROWS, SALES, QUALITY, waits=["vk_ads: the day is not loaded to its end"]))
    assert mail.subject == "Решения 09.06: данные неполные"
    assert "Томск" not in mail.text
    assert "vk_ads" in mail.text


def test_a_show_without_an_attributed_ticket_is_told_as_a_trial():
    trial = row("Томск", 500.0, 1, next_ticket_rub=None, cpt_7d_rub=None)
    text = bulletin.compose(Morning(DAY, [trial], SALES, None)).text
    assert "Томск 15.06, +500 ₽/день на пробу. Прогноз 132 (110–177), цель 180." in text


class Channel:
    def __init__(self, name, faults=0):
        self.name, self.faults, self.mails = name, faults, []

    def send(self, mail):
        if self.faults:
            self.faults -= 1
            raise Undelivered("busy")
        self.mails.append(mail)
        return ""


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "alerts.sqlite")) as made:
        yield made


def test_one_a_day_and_never_twice_through_any_channel(store):
    mail, telegram = Channel("mail"), Channel("telegram", faults=1)
    digest = bulletin.compose(Morning(DAY, ROWS, SALES, QUALITY))
    assert bulletin.deliver(store, [mail, telegram], digest, NOW) == {"mail": "", "telegram": "busy"}
    assert bulletin.deliver(store, [mail, telegram], digest, NOW + timedelta(minutes=1)) == {"telegram": ""}
    assert bulletin.deliver(store, [mail, telegram], digest, NOW + timedelta(minutes=2)) == {}
    assert (len(mail.mails), len(telegram.mails)) == (1, 1)


def test_an_incomplete_morning_is_not_followed_by_a_second_mail(store):
    mail = Channel("mail")
    bulletin.deliver(store, [mail], bulletin.compose(Morning(DAY, [], SALES, None, waits=["VK"])), NOW)
    bulletin.deliver(store, [mail], bulletin.compose(Morning(DAY, ROWS, SALES, QUALITY)), NOW + timedelta(hours=1))
    assert [each.subject for each in mail.mails] == ["Решения 09.06: данные неполные"]


def test_a_digest_does_not_count_among_the_mails_of_alerts(store):
    bulletin.deliver(store, [Channel("mail")], bulletin.compose(Morning(DAY, ROWS, SALES, QUALITY)), NOW)
    assert Outbox(store, "mail").mailed(NOW - timedelta(days=1)) == []
