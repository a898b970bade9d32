"""Plan files of many spellings become rows; what does not fit is put aside with its row and reason."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from zakaz_dagster.errors import BadData, Failure, ShapeChanged
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.plan.inspect import plan as inspect_plan
from zakaz_dagster.sources.plan.rows import Catalogue, Event, Plan, plan_of

EVENTS = Catalogue(
    [Event(1, "Динозавры", "томск"), Event(2, "Цирк", "омск"), Event(3, "Цирк", "томск"), Event(4, "Ёлка", "")]
)
HEADER = "Дата;Мероприятие;Город;Билеты;Выручка\n"


def plan(text: str | bytes) -> Plan:
    return plan_of("plan.csv", text if isinstance(text, bytes) else text.encode(), EVENTS, city_index())


def rows(found: Plan) -> list[tuple[object, ...]]:
    shown = ("date", "event_id", "event_name", "city_key", "plan_tickets", "plan_revenue_rub")
    return [tuple(row[name] for name in shown) for table in found.days.values() for row in table.to_pylist()]


def reasons(found: Plan) -> dict[str, str]:
    return {reject.where: reject.reason for reject in found.rejects}


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for lines in sheets:
        sheet = book.create_sheet()
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_russian_file_is_read_in_every_encoding(encoding: str, delimiter: str) -> None:
    text = "Дата;Мероприятие;Город;План билетов;План выручка\r\n01.12.2025;динозавры;ТОМСК;10;4 000,50\r\n"
    found = plan(text.replace(";", delimiter).encode(encoding))
    assert rows(found) == [(date(2025, 12, 1), 1, "Динозавры", "томск", 10, Decimal("4000.50"))]
    assert (found.tickets, found.revenue_rub) == (10, Decimal("4000.50"))


@pytest.mark.parametrize(
    "header",
    [
        "Дата;Мероприятие;Город;Билеты, шт.;Выручка, руб.",
        "День;№ мероприятия;Город;План, шт.;План (руб.)",
        "Дата продажи;Событие;Город;Количество (план);Сумма, план, руб.",
        "date;event id;city;tickets;revenue, RUB",
    ],
)
def test_units_and_the_word_plan_in_a_header_are_understood(header: str) -> None:
    assert rows(plan(f"{header}\n01.12.2025;1;Томск;10;4000\n"))[0][4:] == (10, Decimal("4000.00"))


def test_facts_beside_a_plan_are_not_the_plan() -> None:
    flat = "Дата;Событие;Город;Билеты;Выручка;План билетов;План выручка\n01.12.2025;1;;7;7000;10;10000\n"
    grouped = (
        "Дата;Событие;Город;Факт;;План;\n;;;Билетов;Сумма, руб.;Билетов;Сумма, руб.\n01.12.2025;1;;7;7000;10;10000\n"
    )
    for text in (flat, grouped):
        assert rows(plan(text))[0][4:] == (10, Decimal("10000.00"))


def test_two_columns_of_one_meaning_that_differ_cost_the_table() -> None:
    found = plan("Дата;Событие;Город;Билеты;Выручка;Выручка\n01.12.2025;1;;7;7000;8000\n")
    assert rows(found) == []
    assert "«Выручка», «Выручка» may all be plan_revenue, and they differ" in reasons(found)["row 2"]
    same = plan("Дата;Событие;Город;Билеты;Выручка;Выручка\n01.12.2025;1;;7;7000;7000\n")
    assert rows(same)[0][5] == 7000


def test_a_plan_in_thousands_is_refused_by_name() -> None:
    with pytest.raises(ShapeChanged, match="plan_revenue"):
        plan("Дата;Событие;Город;Билеты;Выручка, тыс. руб.\n01.12.2025;1;;7;7,5\n")


def test_text_numbers_of_a_workbook_that_may_mean_two_things_are_put_aside() -> None:
    head = ["Дата", "Мероприятие", "Город", "Билеты", "Выручка"]
    found = plan(workbook([head, ["01.12.2025", 1, "Томск", 10, "12.500"]]))
    assert rows(found) == []
    assert "it may mean 12500 or 12.500" in reasons(found)["row 2"]
    known = plan(workbook([head, ["01.12.2025", 1, "Томск", 10, "12.500"], ["02.12.2025", 1, "", 5, "6.250,00"]]))
    assert [row[5] for row in rows(known)] == [12500, 6250]


def test_a_workbook_is_read_with_its_own_dates_and_numbers() -> None:
    lines = [
        ["План на декабрь"],
        ["date", "event", "city", "tickets", "revenue"],
        [date(2025, 12, 1), 4, "msk", 5, 1234.5],
    ]
    assert rows(plan(workbook(lines))) == [(date(2025, 12, 1), 4, "Ёлка", "msk", 5, Decimal("1234.50"))]


def test_every_visible_sheet_is_read_and_named_in_reasons() -> None:
    head = ["Дата", "Мероприятие", "Город", "Билеты", "Выручка"]
    found = plan(workbook([head, [date(2025, 12, 1), 1, "", 5, 50]], [head, [date(2026, 1, 1), 1, "", "пять", 50]]))
    assert [row[0] for row in rows(found)] == [date(2025, 12, 1)]
    assert list(reasons(found)) == ["Sheet1, row 2"]


def test_totals_are_no_lines_and_have_to_agree() -> None:
    text = HEADER + "01.12.2025;1;;10;1000\n01.12.2025;2;;5;500\nИтого;;;{};1500\n"
    assert len(rows(plan(text.format(15)))) == 2
    wrong = plan(text.format(16))
    assert rows(wrong) == []
    assert "plan_tickets 16, the lines make 15" in reasons(wrong)["row 2"]


def test_the_city_says_which_event_of_one_name_and_an_event_says_its_city() -> None:
    found = plan(
        "date,event,city,tickets,revenue\n2025-12-01,«Цирк»,томск,1,10\n2025-12-01,№1,,1,10\n2025-12-01,,,3,30\n"
    )
    assert [row[1:4] for row in rows(found)] == [(3, "Цирк", "томск"), (1, "Динозавры", "томск"), (0, "", "")]


def test_an_event_that_is_not_there_yet_keeps_its_name() -> None:
    found = plan("date,event,city,tickets,revenue\n2025-12-01,Новое шоу,омск,1,10\n")
    assert [row[1:4] for row in rows(found)] == [(0, "Новое шоу", "омск")]
    assert found.unknown_events == {"Новое шоу"}


def test_an_event_in_another_city_than_its_own_is_put_aside() -> None:
    found = plan(HEADER + "01.12.2025;3;Омск;10;1000\n01.12.2025;3;Томск;11;1100\n01.12.2025;4;Омск;1;1\n")
    assert [row[1:5] for row in rows(found)] == [(3, "Цирк", "томск", 11), (4, "Ёлка", "омск", 1)]
    assert "«Цирк» is in томск" in reasons(found)["row 2"]


def test_lines_that_do_not_fit_are_put_aside_with_their_reasons() -> None:
    found = plan(
        "date;event;city;tickets;revenue\n"
        "31.02.2025;1;;1;10\n"
        ";1;томск;1;10\n"
        "01.12.2025;777;;1;10\n"
        "01.12.2025;Цирк;;1;10\n"
        "01.12.2025;1;атлантида;1;10\n"
        "01.12.2025;1;;1,5;10\n"
        "01.12.2025;1;;-1;10\n"
        "01.12.2025;1;;1;-10\n"
        "01.12.2025;1;;1;\n"
        "\n"
        "01.12.2025;1;томск;2;20\n"
        "01.12.2025;динозавры;томск;2;20\n"
    )
    assert [row[4] for row in rows(found)] == [2]
    told = reasons(found)
    assert list(told) == [f"row {n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13)]
    assert "one event but 2" in told["row 5"]
    assert "city_aliases.csv" in told["row 6"]
    assert told["row 13"] == "the same date, event and city as row 12"


def test_lines_that_contradict_each_other_are_put_aside_together() -> None:
    found = plan(
        HEADER
        + "01.12.2025;1;томск;2;20\n01.12.2025;динозавры;томск г.;3;20\n02.12.2025;1;томск;4;40\n01.12.2025;1;;2;20\n"
    )
    assert [row[4] for row in rows(found)] == [4]
    why = "row 2, row 3, row 5 have the same date, event and city and other figures: which holds is not known"
    assert reasons(found) == dict.fromkeys(("row 2", "row 3", "row 5"), why)


@pytest.mark.parametrize("data", [b"", b"a;b\n1;2\n", b"PK\x03\x04 no zip", bytes(range(256)), HEADER[:30].encode()])
def test_a_file_of_another_shape_is_refused_in_words_for_who_holds_it(data: bytes) -> None:
    with pytest.raises((ShapeChanged, BadData), match="plan.csv.*nothing was changed; correct the file"):
        plan(data)


def test_inspect_reads_what_the_import_reads() -> None:
    raw = (HEADER + "01.12.2025;3;Омск;10;1000\n01.12.2025;3;Томск;11;1100\n").encode()
    known = inspect_plan(raw, {}, (Event(3, "Цирк", "томск"),))
    assert (known.totals["tickets"], known.totals["revenue_rub"], len(known.rejects)) == (11, "1100.00", 1)
    alone = inspect_plan(raw, {})
    assert (alone.totals["rows"], alone.rejects) == (2, [])
    assert "not looked up" in str(alone.totals["events"])
    with pytest.raises(Failure, match="the file has no line of column names"):
        inspect_plan(b"x;y\n", {})
