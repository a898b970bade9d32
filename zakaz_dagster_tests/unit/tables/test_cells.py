"""What a cell says as it is seen: one number or several, a frame of its own, the currency of its format, nothing."""

from __future__ import annotations

import pytest

from zakaz_dagster_tests.unit.gmail.mailing import figures, read_file, reasons
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv
from zakaz_dagster_tests.unit.tables.test_grids import COLUMNS, DAY, ICE, book, sold, table

MONEY = [*COLUMNS, "Возвраты"]


@pytest.mark.parametrize(
    "cell",
    ["12<br><small>345</small>", "<p>12</p><p>345</p>", "<div>12</div>345", "12<table><tr><td>3<td>45</table>"],
)
@pytest.mark.parametrize("column", [3, 4, 5])
def test_figures_on_several_lines_of_a_cell_are_no_one_number(cell, column):
    row = [*ICE, "0"]
    row[column] = f"<td>{cell}</td>"
    read = read_file(table(row, ["05.10.2025", "Балет", "Омск", "5", "5000", "0"], head=MONEY))
    assert sold(read) == [("омск", 5, "5000.00")]
    (reason,) = reasons(read)
    assert "several numbers" in reason or "table" in reason


def test_figures_on_several_lines_are_no_one_number_in_any_kind_of_file():
    lines = csv('05.10.2025;Лёд;Томск;"12\n345";10000;0', "05.10.2025;Лёд;Омск;5;5000;0")
    book_of = book([MONEY, [DAY, "Лёд", "Томск", "12\n345", 10000, 0], [DAY, "Лёд", "Омск", 5, 5000, 0]])
    for data, name in ((lines.encode(), "r.csv"), (book_of, "r.xlsx")):
        read = read_file(data, name)
        assert sold(read) == [("омск", 5, "5000.00")], name
        assert "several numbers" in reasons(read)[0]


@pytest.mark.parametrize(
    "cell", ["10 000<br>", "<div>10 000</div>", "10 000<br>руб.", "<span>10</span> <span>000</span>",
             "<table><tr><td>10 000</td></tr></table>", "<table><tr><td><table><tr><td><b>10 000</b></table></table>"]
)  # fmt: skip
def test_one_number_is_read_however_its_cell_is_made(cell):
    assert sold(read_file(table([*ICE[:4], f"<td>{cell}</td>", "0"], head=MONEY))) == [("томск", 10, "10000.00")]


def test_a_name_on_several_lines_is_one_name():
    read = read_file(table(["05.10.2025", "Лёд<br>2", "Томск", "10", "10000"]))
    assert [line[1] for line in figures(read)] == ["Лёд 2"]


@pytest.mark.parametrize(
    ("shown", "is_read"),
    [
        ("#,##0.00 [$₸-43F]", False),
        ("[$$-409]#,##0.00", False),
        ("#,##0.00\\ [$€-1]", False),
        ("[$KZT] #,##0.00", False),
        ('#,##0.00" ₸"', False),
        ("$#,##0.00", False),
        ("#,##0.00 [$₽-419]", True),
        ("#,##0.00[$р.-419]", True),
        ('_-* #,##0.00\\ "₽"_-;\\-* #,##0.00\\ "₽"_-', True),
        ("[$-419]#,##0.00", True),  # a place, and no sign
        ("#,##0.00_$", True),  # room for a sign, and no sign
        ('"$"#,##0.00_);("$"#,##0.00)', True),  # the file names "the currency of this computer", whichever that is
    ],
)
def test_an_amount_that_a_workbook_shows_in_another_currency_is_no_amount_in_roubles(shown, is_read):
    rows = [COLUMNS, [DAY, "Лёд", "Алматы", 10, 15000]]
    read = read_file(book(rows, change=lambda sheet: setattr(sheet["E2"], "number_format", shown)), "r.xlsx")
    assert [line[4] for line in figures(read)] == (["15000.00"] if is_read else [])
    assert bool(reasons(read)) != is_read


@pytest.mark.parametrize("style", ["visibility:hidden", "opacity:0", "font-size:0"])
def test_a_hidden_cell_keeps_its_place_and_says_nothing(style):
    for way in (f'<td style="{style}">7</td>', '<td class="x">7</td>'):
        row = ["05.10.2025", "Лёд", "Томск", way, "10", "10 000"]
        page = f"<style>.x{{{style}}}</style>" + table(row, head=[*COLUMNS[:3], "Бесплатных", *COLUMNS[3:]])
        assert sold(read_file(page)) == [("томск", 10, "10000.00")]


@pytest.mark.parametrize("way", ["<td style='display:none'>7</td>", "<td hidden>7</td>", "<td class='x'>7</td>"])
def test_a_cell_that_is_not_displayed_has_no_place(way):
    row = ["05.10.2025", "Лёд", way, "Томск", "10", "10 000"]
    assert sold(read_file("<style>.x{display:none}</style>" + table(row))) == [("томск", 10, "10000.00")]
