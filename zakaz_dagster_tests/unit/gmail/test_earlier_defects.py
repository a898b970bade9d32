"""Every verified failure of the earlier mail loader, as it must come out here."""

from __future__ import annotations

import pytest

from zakaz_dagster_tests.unit.gmail.mailing import HEADER, figures, lines, read_file, reasons, workbook

ONE = ("2026-11-20", "Шоу", "томск", 10, "12345.67", "0.00")


def html(*rows: str, head: str = "") -> str:
    header = "".join(f"<td>{name}</td>" for name in HEADER.split(";"))
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row.split(';'))}</tr>" for row in rows)
    return f"<html>{head}<body><table><tr>{header}</tr>{body}</table></body></html>"


def csv(*rows: str) -> str:
    return "\n".join([HEADER, *rows])


@pytest.mark.parametrize(
    "revenue", ["12345,67", "12 345,67", "12\u00a0345,67 руб.", "12,345.67", "12.345,67", "12345.67 ₽"]
)
def test_a_decimal_comma_is_not_a_thousand(revenue):
    assert figures(read_file(html(f"20.11.2026;Шоу;Томск;10;{revenue};0"))) == [ONE]


@pytest.mark.parametrize(
    "head", ["", '<head><meta charset="utf-8"></head>', '<head><meta charset="windows-1251"></head>']
)
def test_html_is_read_with_and_without_a_declared_charset(head):
    assert figures(read_file(html("20.11.2026;Шоу;Томск;10;12345,67;0", head=head))) == [ONE]


@pytest.mark.parametrize(
    "total", ["Итого;;;10;12345,67;0", ";;ИТОГО:;10;12345,67;", "Всего;;;10;;", ";Total;;10;12,345.67;"]
)
def test_a_total_row_is_a_control_sum_and_no_line(total):
    assert figures(read_file(csv("20.11.2026;Шоу;Томск;10;12345,67;0", total))) == [ONE]


def test_a_numeric_event_id_does_not_cost_the_mail():
    text = "date,event_id,event_name,city,tickets_sold,revenue,refunds,currency\n2026-11-20,24012,Шоу,Томск,10,12345.67,0,RUB"
    read = read_file(text)
    assert figures(read) == [ONE]
    assert lines(read)[0].event_id == 24012


def test_an_empty_tickets_cell_costs_its_line_only():
    read = read_file(csv("20.11.2026;Шоу;Томск;10;12345,67;0", "20.11.2026;Шоу;Омск;;500;0"))
    assert figures(read) == [ONE]
    assert reasons(read) == ["tickets: empty, though there is revenue"]


def test_an_empty_refund_is_none_and_a_negative_one_is_still_a_refund():
    read = read_file(csv("20.11.2026;Шоу;Томск;10;12345,67;", "20.11.2026;Шоу;Омск;1;500;-100,50"))
    assert figures(read) == [ONE, ("2026-11-20", "Шоу", "омск", 1, "500.00", "100.50")]


def test_tickets_may_have_thousands():
    assert figures(read_file(csv("20.11.2026;Шоу;Томск;1 234;12345,67;0")))[0][3] == 1234


def test_units_in_headers_are_understood():
    text = "Дата;Событие;Город;Билетов, шт.;Сумма продажи, руб.;Возвраты (руб.)\n20.11.2026;Шоу;Томск;10;12345,67;0"
    assert figures(read_file(text)) == [ONE]


@pytest.mark.parametrize(
    "day", ["2026-11-20", "20.11.2026", "20/11/2026", "20 ноября 2026", "20 ноября 2026 г.", "20.11.26"]
)
def test_dates_of_every_style(day):
    assert figures(read_file(csv(f"{day};Шоу;Томск;10;12345,67;0"))) == [ONE]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("name", ["report.csv", "Report.Csv", "REPORT.CSV", "report", "report.xls"])
def test_every_encoding_and_name(encoding, name):
    data = csv("20.11.2026;Шоу;Томск;10;12345,67;0").encode(encoding)
    assert figures(read_file(data, name, mime="application/octet-stream")) == [ONE]


def test_xlsx_is_read_with_its_own_numbers_and_dates():
    from datetime import datetime

    data = workbook(
        HEADER.split(";"),
        [datetime(2026, 11, 20), "Шоу", "Томск", 10, 12345.67, None],
        ["Итого", None, None, 10.0, 12345.67],
    )
    assert figures(read_file(data, "report.xlsx")) == [ONE]


def test_an_xlsx_amount_with_three_decimals_is_refused_not_taken_for_thousands():
    from datetime import date

    read = read_file(workbook(HEADER.split(";"), [date(2026, 11, 20), "Шоу", "Томск", 1, 1.234, 0]))
    assert figures(read) == []
    assert "kopecks" in reasons(read)[0]


def test_two_shows_of_a_day_in_one_city_stay_two_lines():
    same = "20.11.2026;Шоу;Томск;10;12345,67;0"
    assert figures(read_file(csv(same, same))) == [ONE, ONE]


def test_semicolon_comma_tab_and_bar_are_told_apart():
    for delimiter in (";", "\t", "|"):
        text = csv("20.11.2026;Шоу, второе;Томск;10;12345,67;0").replace(";", delimiter)
        assert figures(read_file(text))[0][1] == "Шоу, второе"
    assert figures(read_file(csv('20.11.2026;Шоу;Томск;10;"12345,67";0').replace(";", ","))) == [ONE]


def test_an_unquoted_decimal_comma_in_a_comma_file_is_refused():
    read = read_file(csv("20.11.2026;Шоу;Томск;10;12345,67;0", "20.11.2026;Шоу;Омск;1;500;0").replace(";", ","))
    assert figures(read) == [("2026-11-20", "Шоу", "омск", 1, "500.00", "0.00")]
    assert "more cells than the header" in reasons(read)[0]


def test_the_sole_date_of_the_earlier_headers_is_the_sale_date_but_not_beside_one():
    assert (
        lines(read_file("event_date,event_name,city,tickets_sold,revenue\n2026-11-20,Шоу,Томск,1,5"))[0].sale_date.day
        == 20
    )
    both = read_file("Дата события;Дата продажи;Событие;Билетов;Сумма\n05.12.2026;20.11.2026;Шоу;1;5")
    assert (lines(both)[0].sale_date.month, lines(both)[0].show_date.month) == (11, 12)
