"""Plan files of many spellings become rows; what does not fit is put aside with its line and reason."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.plan.rows import Catalogue, Event, Plan, plan_of
from zakaz_dagster.sources.plan.sheet import read

EVENTS = Catalogue(
    [Event(1, "Динозавры", "томск"), Event(2, "Цирк", "омск"), Event(3, "Цирк", "томск"), Event(4, "Ёлка", "")]
)


def plan(text: str | bytes) -> Plan:
    data = text if isinstance(text, bytes) else text.encode()
    return plan_of(read("plan.csv", data), EVENTS, city_index())


def rows(found: Plan) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for table in found.days.values() for row in table.to_pylist()]


def reasons(found: Plan) -> list[tuple[str, str]]:
    return [(reject.where, reject.reason) for reject in found.rejects]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_russian_file_is_read_in_every_encoding(encoding: str, delimiter: str) -> None:
    text = "Дата;Мероприятие;Город;План билетов;План выручка\n01.12.2025;динозавры;ТОМСК;10;4 000,50\n"
    found = plan(text.replace(";", delimiter).encode(encoding))
    assert rows(found) == [(date(2025, 12, 1), 1, "Динозавры", "томск", 10, Decimal("4000.50"))]
    assert (found.tickets, found.revenue_rub) == (10, Decimal("4000.50"))


def test_a_workbook_is_read_with_its_own_dates_and_numbers() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["План на декабрь", None, None, None, None])
    sheet.append(["date", "event", "city", "tickets", "revenue"])
    sheet.append([date(2025, 12, 1), 1, "msk", 5, 1234.5])
    file = io.BytesIO()
    book.save(file)
    found = plan_of(read("plan.xlsx", file.getvalue()), EVENTS, city_index())
    assert rows(found) == [(date(2025, 12, 1), 1, "Динозавры", "москва", 5, Decimal("1234.50"))]


def test_the_city_says_which_event_of_one_name_and_an_event_says_its_city() -> None:
    found = plan("date,event,city,tickets,revenue\n2025-12-01,Цирк,томск,1,10\n2025-12-01,1,,1,10\n2025-12-01,,,3,30\n")
    assert [row[1:4] for row in rows(found)] == [(3, "Цирк", "томск"), (1, "Динозавры", "томск"), (0, "", "не указано")]


def test_an_event_that_is_not_there_yet_keeps_its_name() -> None:
    found = plan("date,event,city,tickets,revenue\n2025-12-01,Новое шоу,омск,1,10\n")
    assert [row[1:4] for row in rows(found)] == [(0, "Новое шоу", "омск")]
    assert found.unknown_events == {"Новое шоу"}


def test_lines_that_do_not_fit_are_put_aside_with_their_reasons() -> None:
    found = plan(
        "date;event;city;tickets;revenue\n"
        "31.02.2025;1;;1;10\n"
        ";1;;1;10\n"
        "01.12.2025;777;;1;10\n"
        "01.12.2025;Цирк;;1;10\n"
        "01.12.2025;1;атлантида;1;10\n"
        "01.12.2025;1;;1,5;10\n"
        "01.12.2025;1;;-1;10\n"
        "01.12.2025;1;;1;-10\n"
        "01.12.2025;1;;1;\n"
        "\n"
        "01.12.2025;1;томск;2;20\n"
        "01.12.2025;динозавры;томск;3;30\n"
    )
    assert [row[4] for row in rows(found)] == [2]
    assert [where for where, _ in reasons(found)] == [f"line {n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13)]
    told = dict(reasons(found))
    assert "2 events" in told["line 5"] or "one event but 2" in told["line 5"]
    assert "city_aliases.csv" in told["line 6"]
    assert told["line 13"] == "the same date, event and city as line 12"


@pytest.mark.parametrize("data", [b"", b"a;b\n1;2\n", b"PK\x03\x04 no zip"])
def test_a_file_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(ShapeChanged, match="nothing was changed"):
        plan(data)
