"""The morning digest of «Решения»: eight lines in Russian, once a day through every channel, never twice.

A mail is entered as sent before the channel is asked, and struck out when the channel refuses it: a crash between the
two loses that day's digest, and nobody gets it twice. Belongs here: the words, and that bookkeeping. Does not: figures
(`v_decisions`), when (`defs`).
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from zakaz_dagster.alerts.mail import Mail
from zakaz_dagster.alerts.send import Channel, Undelivered
from zakaz_dagster.alerts.store import Store
from zakaz_dagster.redaction import printable

Row = Mapping[str, Any]
FEW = 6  # shows named in each list; the others are counted
PREFIX = "decisions:"  # of the channel's name, so that a digest does not count among the alerts' mails
WIDTH = 14  # days, at which the check of ourselves is told


@dataclass(frozen=True)
class Morning:
    """What the digest speaks of: rows of v_decisions, yesterday's sales, how forecasts came true, and a link."""

    day: date
    rows: Sequence[Row]
    sales: Row
    quality: Row | None
    waits: Sequence[str] = ()
    link: str = ""


def compose(morning: Morning) -> Mail:
    """The digest for the day after the data day; without advice where the data is incomplete."""
    on = morning.day + timedelta(days=1)
    if morning.waits:
        subject = f"Решения {on:%d.%m}: данные неполные"
        lines = [f"Данные неполные: {'; '.join(morning.waits)}.", "Советов сегодня нет: они были бы по неполному дню."]
    else:
        subject, lines = _advised(morning, on)
    text = printable("\n".join([*lines, *([f"Страница: {morning.link}"] if morning.link else [])]))
    return Mail(f"decisions.{on:%Y%m%d}", subject, text, f"<pre>{html.escape(text)}</pre>", ())


def _advised(morning: Morning, on: date) -> tuple[str, list[str]]:
    rows = [row for row in morning.rows if row["event_id"]]
    more = _by_size(row for row in rows if (row["advice_rub_per_day"] or 0) > 0)
    stop = [row for row in rows if row["status_code"] in (8, 9) and row["spend_7d_rub"] > 0]
    less = _by_size(row for row in rows if (row["advice_rub_per_day"] or 0) < 0 and row not in stop)
    dim = [row for row in rows if row["status_code"] == 7]  # noqa: PLR2004  «мало данных»
    same = len(rows) - len(more) - len(less) - len(stop) - len(dim)
    lines = [_known(morning), *_listed("Добавить", more, _rise), *_listed("Снизить", less, _cut)]
    lines += [*_listed("Остановить", stop, _halt), *_dim(dim), *_checked(morning.quality)]
    lines.append("Прогноз верен при нынешней рекламе; совет не выполняется сам.")
    return f"Решения {on:%d.%m}: добавить {len(more)}, снизить {len(less) + len(stop)}, без изменений {same}", lines


def _by_size(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: (-abs(row["advice_rub_per_day"]), row["days_left"]))


def _known(morning: Morning) -> str:
    sales = morning.sales
    back = f", возвраты {money(sales['refunds_rub'])}" if sales["refunds_rub"] else ""
    sold = f"Продано вчера {sales['tickets_paid']} платных на {money(sales['revenue_rub'])}{back}."
    return f"Данные по {morning.day:%d.%m}. {sold}"


def _listed(title: str, rows: Sequence[Row], say: Any) -> list[str]:
    if not rows:
        return []
    lines = [f"{title}: {say(rows[0])}", *(f"   {say(row)}" for row in rows[1:FEW])]
    return [*lines, *([f"   и ещё {len(rows) - FEW}"] if len(rows) > FEW else [])]


def _place(row: Row) -> str:
    return f"{row['city_name']} {row['show_date']:%d.%m}"


def _rise(row: Row) -> str:
    forecast = f" Прогноз {row['forecast_text']}, цель {row['goal_tickets']:.0f}." if row["forecast_text"] else ""
    doubt = "; окупаемость не доказана" if "окупаемость не доказана" in row["marks"] else ""
    if row["next_ticket_rub"] is None:
        return f"{_place(row)}, +{money(row['advice_rub_per_day'])}/день на пробу.{forecast}"
    span = f"{_number(row['next_ticket_lo_rub'])}–{_number(row['next_ticket_hi_rub'])}"
    next_ticket = (
        f" Следующий билет ≈ {money(row['next_ticket_rub'])} ({span}), порог {money(row['breakeven_cpt_rub'])}"
    )
    return f"{_place(row)}, +{money(row['advice_rub_per_day'])}/день.{forecast}{next_ticket}{doubt}."


def _cut(row: Row) -> str:
    advice = f"−{money(abs(row['advice_rub_per_day']))}/день."
    if row["cpt_7d_rub"] is None:
        return f"{_place(row)}, {advice}"
    span = f"{_number(row['cpt_7d_lo_rub'])}–{_number(row['cpt_7d_hi_rub'])}"
    return f"{_place(row)}, {advice} Билет обошёлся в {money(row['cpt_7d_rub'])} ({span})."


def _halt(row: Row) -> str:
    return f"{_place(row)} {row['status']}, в день уходит {money(row['spend_7d_rub'] / 7)}."


def _dim(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    others = f", ещё {len(rows) - 1}" if len(rows) > 1 else ""
    return [f"Мало данных: {_place(rows[0])} ({rows[0]['reason']}){others}."]


def _checked(quality: Row | None) -> list[str]:
    if not quality or not quality["shows"]:
        return []
    error = "" if quality["wape_pct"] is None else f", ошибка {quality['wape_pct']:.0f} %"
    told = (
        f"из {quality['shows']} прошедших показов {quality['in_interval']} попали в интервал (за {WIDTH} дней){error}"
    )
    return [f"Проверка себя: {told}."]


def money(value: Any) -> str:
    return f"{_number(value)} ₽"


def _number(value: Any) -> str:
    return f"{float(value):,.0f}".replace(",", " ")


def deliver(store: Store, channels: Sequence[Channel], mail: Mail, now: datetime) -> dict[str, str]:
    """Send through each channel that has not had this mail; what each said ('' when it took it)."""
    said = {}
    for channel in channels:
        if _claimed(store, channel.name, mail.id, now):
            try:
                channel.send(mail)
                said[channel.name] = ""
            except Undelivered as error:
                _given_back(store, channel.name, mail.id)
                said[channel.name] = str(error)
    return said


def _claimed(store: Store, channel: str, mail_id: str, now: datetime) -> bool:
    with store.writing() as connection:
        row = (f"{PREFIX}{channel}", mail_id, now.timestamp(), "")
        return connection.execute("INSERT OR IGNORE INTO mail VALUES (?, ?, ?, ?)", row).rowcount == 1


def _given_back(store: Store, channel: str, mail_id: str) -> None:
    with store.writing() as connection:
        connection.execute("DELETE FROM mail WHERE channel = ? AND id = ?", (f"{PREFIX}{channel}", mail_id))
