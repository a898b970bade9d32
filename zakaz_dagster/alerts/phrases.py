"""What a verdict is called in Russian, and what to do about it: for people who read mails, not verdict names.

Belongs here: the words for verdicts the platform makes itself. The words for a check in SQL stand in its file
(`-- ru:` and `-- ru_action:`) and are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zakaz_dagster.verdicts import Verdict


@dataclass(frozen=True)
class Phrase:
    """`title` is one line for the subject; `action` is what to do, empty to fall back to the verdict's own."""

    title: str
    action: str = ""


PLATFORM = {
    "clickhouse": Phrase(
        "ClickHouse не отвечает",
        "Запустите ClickHouse или исправьте CLICKHOUSE_HOST и CLICKHOUSE_PORT; пропущенные загрузки догонят сами.",
    ),
    "schema": Phrase(
        "Таблицы и представления отличаются от sql/", "Выполните `zakaz schema diff`, затем `zakaz schema apply`."
    ),
    "grants": Phrase("Права в ClickHouse не те, что нужны", "Выполните запросы из sql/grants от имени администратора."),
    "disk": Phrase("Заканчивается место на диске", "Освободите место или увеличьте диск, пока загрузки не встали."),
    "clickhouse_disk": Phrase(
        "Заканчивается место на диске ClickHouse", "Освободите место или увеличьте диск, пока загрузки не встали."
    ),
    "clock": Phrase("Часы или часовой пояс сервера неверны", "Включите NTP на обеих машинах и проверьте часовой пояс."),
    "dagster": Phrase(
        "Хранилище Dagster не отвечает", "Проверьте диск и базу Dagster (DAGSTER_HOME, PostgreSQL), затем его службы."
    ),
    "daemons": Phrase(
        "Демон Dagster не работает: расписания стоят", "Перезапустите службу dagster-daemon и посмотрите её журнал."
    ),
    "schedules": Phrase(
        "Расписание остановлено вручную", "Включите его в Dagster (Automation) или сбросьте к состоянию из кода."
    ),
    "ticks": Phrase(
        "Расписание или сенсор не срабатывает",
        "Откройте его в Dagster (Automation): что делать, сказано в ошибке последнего срабатывания.",
    ),
    "queue": Phrase("Запуск завис", "Остановите его в Dagster; если повторится, перезапустите службу с кодом и демон."),
    "backups": Phrase("Резервной копии нет или она не удалась", "Сделайте BACKUP вручную и проверьте место и права."),
    "alert_delivery": Phrase(
        "Оповещения не доходят", "Проверьте SMTP_* и ALERT_* настройки командой `zakaz alerts test`."
    ),
    "alert_store": Phrase("Память оповещений не пишется", "Проверьте место и права в ZAKAZ_DATA_DIR."),
    "health": Phrase("Служба здоровья не отвечает", "Перезапустите службу zakaz-health и посмотрите её журнал."),
}
DATA = {
    "fresh": Phrase(
        "{label}: данные устарели", "Откройте последние запуски источника; если они успешны, проверьте кабинет."
    ),
    "no_missing_days": Phrase(
        "{label}: есть незагруженные дни", "Запустите в Dagster загрузку перечисленных дней (Materialize, эти дни)."
    ),
    "loaded_in_time": Phrase("{label}: не обновляется вовремя", "Откройте последние запуски этого актива."),
    # What to do depends on why: their verdicts say it, in Russian.
    "from_mail": Phrase("{label} не загружается: продажи временно берутся из почты"),
    "no_backup": Phrase("{label} не загружается, и почта не читается: продажи не обновляются"),
    "every_record_accounted": Phrase(
        "{label}: слишком много отложенных записей", "Посмотрите причины в таблице stg_rejects."
    ),
    "reads_as_datalens": Phrase(
        "{label}: DataLens не может прочитать представление или читает слишком долго",
        "Откройте проверку представления в Dagster: там названы колонки или время.",
    ),
}
RUNS, OPEN = "run", "open the run"
NEXT = "Следующий шаг, как он записан в ошибке запуска:"
RUN = Phrase("Загрузка {subject} не удалась", "Откройте запуск: причина и следующий шаг записаны в его ошибке.")
OTHER = Phrase("Проверка не прошла: {subject}")


def phrase(verdict: Verdict, labels: Mapping[str, str], checks: Mapping[str, Phrase]) -> Phrase:
    """The words for a verdict. `labels` names tables for people, `checks` has the words of checks in SQL."""
    found = _words(verdict.name, checks)
    asset = verdict.name.partition("__")[0]
    source = next((labels[each] for each in verdict.assets if each in labels), "") if asset == RUNS else ""
    action = found.action or verdict.action
    if asset == RUNS and verdict.action and not verdict.action.startswith(OPEN):
        action = f"{NEXT} {verdict.action}"  # the failure's own next step
    return Phrase(_title(verdict.name, found, labels, source), action)


def title(name: str, labels: Mapping[str, str], checks: Mapping[str, Phrase]) -> str:
    """What a verdict of this name is called when there is no more of it than the name."""
    return _title(name, _words(name, checks), labels)


def _words(name: str, checks: Mapping[str, Phrase]) -> Phrase:
    asset, _, check = name.partition("__")
    own = RUN if asset == RUNS else (PLATFORM if asset == "platform" else DATA).get(check, OTHER)
    return checks.get(name, own)


def _title(name: str, found: Phrase, labels: Mapping[str, str], source: str = "") -> str:
    asset, _, check = name.partition("__")
    job = f"{source} ({check})" if source else check
    return found.title.format(label=labels.get(asset, asset), subject=job if asset == RUNS else name)
