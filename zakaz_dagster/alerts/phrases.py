"""What a verdict is called in Russian, what it means for the numbers, what to do, and where the runbook speaks of it.

Belongs here: the words for verdicts the platform makes itself. The words for a check in SQL stand in its file
(`-- ru:`, `-- ru_action:`, `-- ru_means:`) and are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from zakaz_dagster.verdicts import Status, Verdict


@dataclass(frozen=True)
class Phrase:
    """`title` is one line for the subject; `means` is what it does to the numbers; `action` is what to do.

    `{label}` in them is the source, `{subject}` the job or check. `russian`: the verdict's detail is Russian as well,
    for the same readers.
    """

    title: str
    action: str = ""
    means: str = ""
    russian: bool = False


LATE = "Новые данные не загружаются: страницы показывают то, что загрузили раньше. Показанное верно, но отстаёт."
SAFE = "Цифры на страницах пока верны."
DOUBT = "Пока это не исправлено, цифры на названных страницах могут быть неверны: не принимайте по ним решений."
UNUSUAL = "Цифры взяты у площадки как есть, но необычны: проверьте, так ли было на самом деле."
PLATFORM = {
    "clickhouse": Phrase(
        "ClickHouse не отвечает",
        "Запустите ClickHouse или исправьте CLICKHOUSE_HOST и CLICKHOUSE_PORT; пропущенные загрузки догонят сами.",
        "Страницы и DataLens не открываются или показывают последнее сохранённое; новые данные не загружаются.",
    ),
    "clickhouse_version": Phrase(
        "Версия ClickHouse не подходит",
        "Обновите сервер ClickHouse до версии из docs/operations.md.",
        "На этой версии после перезапуска сервера могут вернуться старые строки; платформа загружает их заново.",
    ),
    "settings": Phrase(
        "Настройки содержат ошибки",
        "Исправьте названные настройки в secrets/*.env и перезапустите службы; все ошибки видны в `zakaz doctor`.",
        "Вместо неверного значения действует значение по умолчанию; источник с неверными ключами не загружается.",
    ),
    "one_version": Phrase(
        "В таблице смешаны две загрузки одного дня",
        "Платформа исправляет это сама за несколько минут; если письмо повторится, запустите reload_days за эти дни.",
        "За названные дни суммы могут быть посчитаны дважды: не используйте их, пока не придёт «решено».",
    ),
    "healed": Phrase(
        "После сбоя данные исправлены автоматически",
        "Ничего делать не нужно. Если такие письма приходят часто, посмотрите, почему прерывается ClickHouse.",
        "Названные дни построены или загружаются заново; что ещё загружается, отмечено отдельно.",
    ),
    "side_tables": Phrase(
        "В ClickHouse остались временные таблицы прерванных загрузок",
        "Их удаляет следующая загрузка; если остались на сутки, удалите названные таблицы (DROP TABLE).",
        SAFE,
    ),
    "schema": Phrase(
        "Таблицы и представления отличаются от sql/",
        "Выполните `zakaz schema diff`, затем `zakaz schema apply`.",
        DOUBT,
    ),
    "grants": Phrase(
        "Права в ClickHouse не те, что нужны",
        "Выполните запросы из sql/grants от имени администратора.",
        "Загрузки или страницы могут отказать, либо читатель видит больше, чем должен.",
    ),
    "disk": Phrase(
        "Заканчивается место на диске", "Освободите место или увеличьте диск, пока загрузки не встали.", SAFE
    ),
    "clickhouse_disk": Phrase(
        "Заканчивается место на диске ClickHouse", "Освободите место или увеличьте диск, пока загрузки не встали.", SAFE
    ),
    "clock": Phrase(
        "Часы или часовой пояс сервера неверны",
        "Включите NTP на обеих машинах и проверьте часовой пояс.",
        "Границы дней могут сдвинуться: продажи около полуночи попадут не в тот день.",
    ),
    "dagster": Phrase(
        "Хранилище Dagster не отвечает",
        "Проверьте диск и базу Dagster (DAGSTER_HOME, PostgreSQL), затем его службы.",
        LATE,
    ),
    "daemons": Phrase(
        "Демон Dagster не работает: расписания стоят",
        "Перезапустите службу dagster-daemon и посмотрите её журнал.",
        LATE,
    ),
    "schedules": Phrase(
        "Расписание остановлено вручную",
        "Включите его в Dagster (Automation) или сбросьте к состоянию из кода.",
        "То, что загружало это расписание, больше не обновляется само.",
    ),
    "ticks": Phrase(
        "Расписание или сенсор не срабатывает",
        "Откройте его в Dagster (Automation): что делать, сказано в ошибке последнего срабатывания.",
        "То, за чем оно следит, не обновляется, пока оно не сработает.",
    ),
    "queue": Phrase(
        "Запуск завис",
        "Остановите его в Dagster; если повторится, перезапустите службу с кодом и демон.",
        "Этот источник не обновляется, пока запуск не остановлен.",
    ),
    "history": Phrase(
        "История запусков прочитана не до конца",
        "Сократите историю (ZAKAZ_KEEP_RUNS_DAYS) или разберите старые неудачи в Dagster (Runs).",
        "Цифры это не меняет; оповещения о старых неудачах могут быть неполны.",
    ),
    "backups": Phrase(
        "Резервной копии нет или она не удалась", "Сделайте BACKUP вручную и проверьте место и права.", SAFE
    ),
    "alert_delivery": Phrase(
        "Оповещения не доходят",
        "Проверьте SMTP_* и ALERT_* настройки командой `zakaz alerts test`.",
        "О новых неполадках могут не сообщить: смотрите страницу «Качество данных».",
    ),
    "alert_store": Phrase(
        "Память оповещений не пишется",
        "Проверьте место и права в ZAKAZ_DATA_DIR.",
        "О неполадке могут сообщить дважды.",
    ),
    "health": Phrase(
        "Служба здоровья не отвечает",
        "Перезапустите службу zakaz-health и посмотрите её журнал.",
        "Цифры это не меняет, но о поломках могут узнать позже.",
    ),
}
DATA = {
    "fresh": Phrase(
        "{label}: данные устарели",
        "Откройте последние запуски источника; если они успешны, проверьте кабинет.",
        "Последние дни этого источника неполны или их нет; более ранние дни верны.",
    ),
    "no_missing_days": Phrase(
        "{label}: есть незагруженные дни",
        "Запустите в Dagster задание reload_days за перечисленные дни (Jobs, reload_days, Materialize).",
        "За эти дни данных нет или они неполны: суммы за периоды, в которые они входят, занижены.",
    ),
    "loaded_in_time": Phrase("{label}: не обновляется вовремя", "Откройте последние запуски этого актива.", LATE),
    "follows": Phrase(
        "{label}: сводные данные отстали от загруженных",
        "Они строятся сами; если через час письмо не отменено, запустите reload_days за названные дни.",
        "Загруженное ещё не видно на страницах: за названные дни они показывают прежние суммы.",
    ),
    "from_mail": Phrase(
        "{label} не загружается: продажи временно берутся из почты",
        "",  # the verdict's own is Russian as well
        "Продажи последних дней взяты из писем с отчётами: без разбивки по рекламе, до последнего письма.",
        russian=True,
    ),
    "no_backup": Phrase(
        "{label} не загружается, и почта не читается: продажи не обновляются",
        "",
        "Новые продажи не видны ни из QTickets, ни из писем; прежние дни верны.",
        russian=True,
    ),
    "every_record_accounted": Phrase(
        "{label}: слишком много отложенных записей",
        "Посмотрите причины в таблице stg_rejects.",
        "Отложенные записи не входят в суммы: они занижены на эти записи.",
    ),
    "reads_as_datalens": Phrase(
        "{label}: DataLens не может прочитать представление или читает слишком долго",
        "Откройте проверку представления в Dagster: там названы колонки или время.",
        "Страницы с этими данными не открываются или открываются долго.",
    ),
}
RUN = Phrase(
    "Загрузка {subject} не удалась",
    "Перешлите это письмо инженеру: причина и следующий шаг записаны ниже и в самом запуске.",
    LATE,
)
OTHER = Phrase("Проверка не прошла: {subject}", means=DOUBT)
RUNS, OPEN, PLATFORM_NAME = "run", "open the run", "platform"


def phrase(verdict: Verdict, labels: Mapping[str, str], checks: Mapping[str, Phrase]) -> Phrase:
    """The words for a verdict. `labels` names tables for people, `checks` has the words of checks in SQL."""
    found = _words(verdict.name, checks)
    asset = verdict.name.partition("__")[0]
    source = next((labels[each] for each in verdict.assets if each in labels), "") if asset == RUNS else ""
    means = found.means or (DOUBT if verdict.status is Status.ERROR else UNUSUAL)
    return replace(found, title=_title(verdict.name, found, labels, source), means=means)


def title(name: str, labels: Mapping[str, str], checks: Mapping[str, Phrase]) -> str:
    """What a verdict of this name is called when there is no more of it than the name."""
    return _title(name, _words(name, checks), labels)


def section(name: str) -> str:
    """The anchor of a verdict's section in docs/troubleshooting.md."""
    asset, _, check = name.partition("__")
    if asset == RUNS:
        return "failed-run"
    return (f"platform-{check}" if asset == PLATFORM_NAME else check).replace("_", "-")


def _words(name: str, checks: Mapping[str, Phrase]) -> Phrase:
    asset, _, check = name.partition("__")
    own = RUN if asset == RUNS else (PLATFORM if asset == PLATFORM_NAME else DATA).get(check, OTHER)
    return checks.get(name, own)


def _title(name: str, found: Phrase, labels: Mapping[str, str], source: str = "") -> str:
    asset, _, check = name.partition("__")
    job = f"{source} ({check})" if source else check
    values = {"{label}": labels.get(asset, asset), "{subject}": job if asset == RUNS else name}
    text = found.title
    for mark, value in values.items():  # not str.format: a brace in a name or title is a brace
        text = text.replace(mark, value)
    return text
