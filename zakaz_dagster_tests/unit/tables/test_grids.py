"""What a person sees of a file is what is read: merged and hidden cells, sheets, encodings; columns of one meaning once."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster_tests.unit.gmail.mailing import HEADER, figures, read_file, reasons
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv

COLUMNS = ["Дата", "Событие", "Город", "Билетов", "Сумма"]
DAY = date(2025, 10, 5)
ICE = ["05.10.2025", "Лёд", "Томск", "10", "10 000"]


def table(*rows: list[str], head: list[str] = COLUMNS, row: str = "<tr>") -> str:
    cells = ("".join(cell if cell.startswith("<") else f"<td>{cell}</td>" for cell in each) for each in [head, *rows])
    return f"<table><tr>{'</tr>'.join([next(cells), *(f'{row}{each}' for each in cells)])}</tr></table>"


def book(*sheets: openpyxl.Workbook, change=lambda sheet: None) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for rows in sheets:
        sheet = made.create_sheet()
        for row in rows:
            sheet.append(row)
        change(sheet)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def sold(read) -> list[tuple[str, int, str]]:
    return [(line[2], line[3], line[4]) for line in figures(read)]


# spans ------------------------------------------------------------------------------------------


def test_a_label_over_several_rows_is_repeated_and_a_figure_is_not():
    rows = [["<td rowspan=2>05.10.2025</td>", "<td rowspan=2>Лёд</td>", "Томск", "10", "10000"], ["Омск", "5", "5000"]]
    assert sold(read_file(table(*rows))) == [("томск", 10, "10000.00"), ("омск", 5, "5000.00")]
    for figure in (3, 4):
        first = ["05.10.2025", "Лёд", "Томск", "10", "15000"]
        first[figure] = f"<td rowspan=2>{first[figure]}</td>"
        second = ["05.10.2025", "Лёд", "Омск", "5", "5000"]
        del second[figure]
        read = read_file(table(first, second))
        assert figures(read) == []
        assert all("one cell covers several rows" in reason for reason in reasons(read))


def test_a_nought_over_several_rows_is_nought_in_each():
    rows = [[*ICE, "<td rowspan=2>0</td>"], ["05.10.2025", "Лёд", "Омск", "5", "5000"]]
    read = read_file(table(*rows, head=[*COLUMNS, "Возвраты"]))
    assert [line[3] for line in figures(read)] == [10, 5]


def test_merged_cells_of_a_workbook_are_read_like_those_of_html():
    rows = [COLUMNS, [DAY, "Лёд", "Томск", 10, 10000], [None, "Балет", "Томск", 1, 500], [None, "Лёд", "Омск", 5, 5000]]
    read = read_file(book(rows, change=lambda sheet: sheet.merge_cells("A2:A4")), "r.xlsx")
    assert [line[3] for line in figures(read)] == [10, 1, 5]
    apart = read_file(book(rows), "r.xlsx")
    assert [line[3] for line in figures(apart)] == [10], "an empty cell that is not merged says nothing"
    both = [*rows[:2], [None, "Балет", "Томск", 1, None]]
    merged = read_file(
        book(both, change=lambda sheet: (sheet.merge_cells("A2:A3"), sheet.merge_cells("E2:E3"))), "r.xlsx"
    )
    assert figures(merged) == []


def test_groups_of_columns_in_a_workbook_and_a_merged_title():
    rows = [["Отчёт"], ["Дата", "Событие", "Город", "Возвраты", None, "Продажи"], [None, None, None, "Билетов", "Сумма", "Билетов", "Сумма"],
            [DAY, "Лёд", "Томск", 2, 2000, 10, 10000]]  # fmt: skip

    def merge(sheet):
        for area in ("A1:G1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:G2"):
            sheet.merge_cells(area)

    read = read_file(book(rows, change=merge), "r.xlsx")
    assert [line[3:] for line in figures(read)] == [(10, "10000.00", "2000.00")]
    unmerged = read_file(book(rows), "r.xlsx")
    assert [line[3:] for line in figures(unmerged)] == [(10, "10000.00", "2000.00")]


def test_a_merge_over_a_million_cells_is_refused_at_once():
    rows = [COLUMNS, [DAY, "Лёд", "Томск", 10, 10000]]

    def merge(sheet):
        for number in range(3, 23):
            sheet.append([DAY, "Лёд", "Томск", number, 1])
        sheet.merged_cells.add("A3:XFD1048576")

    read = read_file(book(rows, change=merge), "r.xlsx", cells=500)
    assert read.outcome is Outcome.REFUSED
    assert "merged cells" in reasons(read)[0]


# hidden -----------------------------------------------------------------------------------------

HIDDEN = [
    '<tr style="display:none">',
    "<tr hidden>",
    '<tr style="mso-hide:all">',
    '<tr style="font-size:0px">',
    '<tr style="VISIBILITY : collapse">',
    '<tr style="max-height:0px;overflow:hidden">',
    '<tr class="x">',
    '<tr class="a x b">',
]


@pytest.mark.parametrize("tag", HIDDEN)
def test_a_row_that_html_hides_is_not_read(tag):
    style = "<style>/* c */ @media (max-width:9px){.y{display:none}} table .x { display: none } .y{color:red}</style>"
    hidden = f"{tag}{''.join(f'<td>{cell}</td>' for cell in ['05.10.2025', 'Образец', 'Омск', '99', '99000'])}</tr>"
    seen = '<tr class="y">' + "".join(f"<td>{cell}</td>" for cell in ICE)
    page = style + table().replace("</table>", f"{hidden}{seen}</table>")
    assert sold(read_file(page)) == [("томск", 10, "10000.00")]


def test_what_only_a_phone_hides_or_a_later_rule_shows_is_read():
    style = "<style>.x{display:none} .x{display:table-row}</style>"
    assert len(figures(read_file(style + table(ICE, row="<tr class=x>")))) == 1
    assert (
        len(
            figures(read_file("<style>.x{display:none}</style>" + table(ICE, row='<tr class=x style="display:block">')))
        )
        == 1
    )


def test_a_hidden_table_is_no_table_and_its_copy_counts_once():
    read = read_file(f"<div style='display:none'>{table(ICE)}</div>")
    assert read.outcome is Outcome.NO_TABLE
    assert len(figures(read_file(f"<div style='display:none'>{table(ICE)}</div>{table(ICE)}"))) == 1


def test_hidden_rows_columns_and_sheets_of_a_workbook_are_not_read():
    rows = [[*COLUMNS, "Возвраты"], [DAY, "Лёд", "Томск", 10, 10000, 7], [DAY, "Образец", "Омск", 99, 99000, 7]]

    def hide(sheet):
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["F"].hidden = True

    read = read_file(book(rows, change=hide), "r.xlsx")
    assert [line[3:] for line in figures(read)] == [(10, "10000.00", "0.00")]
    assert read.statements[0].lines[0].counted.refunds is None, "a hidden column says nothing"


def test_a_total_that_counts_hidden_rows_costs_the_table_and_says_so():
    rows = [COLUMNS, [DAY, "Лёд", "Томск", 10, 10000], [DAY, "Лёд", "Омск", 5, 5000], ["Итого", None, None, 15, 15000]]
    read = read_file(book(rows, change=lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True)), "r.xlsx")
    assert figures(read) == []
    assert "1 hidden rows were not read" in reasons(read)[0]


def test_percent_cells_and_formulas_of_a_workbook_are_no_amounts():
    rows = [COLUMNS, [DAY, "Лёд", "Томск", 10, 0.15], [DAY, "Лёд", "Омск", 10, "=A1*2"]]
    read = read_file(book(rows, change=lambda sheet: setattr(sheet["E2"], "number_format", "0%")), "r.xlsx")
    assert figures(read) == []


# encodings --------------------------------------------------------------------------------------

TWO = csv("05.10.2025;Лёд и пламя;Томск;10;10000;0", "06.10.2025;Лёд и пламя;Омск;5;5000;0")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "cp1251", "koi8-r", "cp866"])
def test_every_encoding_is_told_by_what_it_makes_readable(encoding):
    assert [line[3] for line in figures(read_file(TWO.replace("\n", "\r\n").encode(encoding)))] == [10, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_one_cut_character_costs_its_line_and_not_the_file(encoding):
    raw = TWO.encode(encoding)
    place = raw.rindex("пламя".encode("utf-16-le" if encoding == "utf-16" else encoding)) + 8
    read = read_file(
        raw[:place]
        + b"\x00\xd8"[: 2 if encoding == "utf-16" else 0]
        + b"\xd1" * (encoding == "utf-8")
        + raw[place + 2 :]
    )
    assert [line[3] for line in figures(read)] == [10]
    assert reasons(read) == ["a character of the file is broken here"]
    cut = read_file(raw[:-1] if encoding == "utf-16" else raw + "Примечание".encode()[:-1])
    assert [line[3] for line in figures(cut)][:1] == [10]


def test_a_broken_character_outside_of_the_lines_costs_nothing():
    raw = ("Отчёт о продажах билетов\n" + TWO).encode()
    assert len(figures(read_file(b"\xd0" + raw[2:]))) == 2


# headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "row", "expected"),
    [
        ("Дата;Событие;Город;Возвраты;;Продажи;", ";;;шт.;руб.;шт.;руб.", (10, "10000.00", "2000.00")),
        ("Дата;Событие;Город;Возвраты, шт.;Возвраты, руб.;Продажи, шт.;Продажи, руб.", "", (10, "10000.00", "2000.00")),
        ("Дата;Событие;Город;План;;Факт;", ";;;Билетов;Выручка;Билетов;Выручка", (10, "10000.00", "0.00")),
        ("Дата;Событие;Город;Бронь;;Продано;", ";;;Билетов;Сумма;Билетов;Сумма", (10, "10000.00", "0.00")),
        ("Дата;Событие;Город;Касса;;Итого;", ";;;Билетов;Сумма;Билетов;Сумма", (10, "10000.00", "0.00")),
    ],
)
def test_a_group_and_a_unit_are_part_of_a_columns_meaning(head, row, expected):
    text = "\n".join(filter(None, [head, row, "05.10.2025;Лёд;Томск;2;2 000,00;10;10 000,00"]))
    assert [line[3:] for line in figures(read_file(text))] == [expected]


def test_a_group_may_stand_beneath_what_it_divides():
    head = "Дата;Событие;Город;Билетов;;Сумма;\n;;;возвраты;продажи;возвраты;продажи"
    read = read_file(f"{head}\n05.10.2025;Лёд;Томск;2;10;2 000,00;10 000,00")
    assert [line[3:] for line in figures(read)] == [(10, "10000.00", "2000.00")]


@pytest.mark.parametrize(
    "head",
    [
        "Дата;Событие;Город;Бронь, шт.;Бронь, руб.",
        "Дата;Событие;Город;Отменено;Сумма отмен",
        "Дата;Событие;Город;План билетов;План, руб.",
        "Дата;Событие;Город;Билетов;Выручка без НДС",
    ],
)
def test_figures_of_another_thing_are_no_sales(head):
    read = read_file(f"{head}\n05.10.2025;Лёд;Томск;2;2000")
    assert (figures(read), read.outcome) == ([], Outcome.NO_TABLE)


def test_of_a_definite_and_a_general_name_the_definite_one_is_taken():
    head = "Дата;Дата продажи;Событие;Город;Город проведения;Билетов;Продано билетов;Сумма;Сумма продажи"
    read = read_file(f"{head}\n06.12.2025;05.10.2025;Лёд;Москва;Томск;12;10;99;10000")
    assert figures(read) == [("2025-10-05", "Лёд", "томск", 10, "10000.00", "0.00")]


@pytest.mark.parametrize(
    ("one", "other"), [("Выручка", "Сумма"), ("Дата продажи", "Дата оплаты"), ("Возвраты", "Возврат")]
)
def test_two_columns_of_one_meaning_are_refused_where_they_differ(one, other):
    cells = {
        "Дата": "05.10.2025",
        "Дата продажи": "05.10.2025",
        "Событие": "Лёд",
        "Город": "Томск",
        "Билетов": "10",
        "Выручка": "10000",
    }
    cells |= {one: cells.get(one, "500"), other: cells.get(one, "500")}
    if one == "Дата продажи":
        del cells["Дата"]
    same = read_file("\n".join(map(";".join, (cells.keys(), cells.values()))))
    assert len(figures(same)) == 1
    cells[other] = "06.10.2025" if "Дата" in one else "501"
    read = read_file("\n".join(map(";".join, (cells.keys(), cells.values()))))
    assert figures(read) == []
    assert all(f"«{name}»" in reasons(read)[0] for name in (one, other))


@pytest.mark.parametrize("title", ["Возвраты", "Отчёт по возвратам за 05.10.2025", "План продаж", "Бронирования"])
def test_a_title_that_names_another_subject_costs_the_table(title):
    assert figures(read_file(f"{title}\n{csv('05.10.2025;Лёд;Томск;10;10000;0')}")) == []
    assert figures(read_file(f"<h3>{title}</h3>{table(ICE)}")) == []
    assert figures(read_file(csv("05.10.2025;Лёд;Томск;10;10000;0"), f"{title}.csv")) == []
    assert len(figures(read_file(csv("05.10.2025;Лёд;Томск;10;10000;0"), "Продажи и возвраты.csv"))) == 1


def test_tables_beneath_each_other_are_read_apart():
    refunds = ["Возвраты", "Дата;Событие;Город;Возвращено билетов;Сумма возврата", "05.10.2025;Лёд;Омск;2;2000"]
    same = ["", "Возвраты", HEADER, "05.10.2025;Лёд;Омск;2;2000;0"]
    for below in (refunds, same):
        read = read_file("\n".join([HEADER, "05.10.2025;Лёд;Томск;10;10000;0", "Итого;;;10;10000;0", *below]))
        assert sold(read) == [("томск", 10, "10000.00")]


@pytest.mark.parametrize("written", ['"=""24012"""', "№24012", "24 012", "24012.0", "'24012", "ID 24012", "0024012"])
def test_a_number_of_an_event_is_read_however_it_is_written(written):
    read = read_file(f"Дата;ID мероприятия;Событие;Город;Билетов;Сумма\n05.10.2025;{written};Лёд;Томск;10;10000")
    assert read.statements[0].lines[0].event_id == 24012


@pytest.mark.parametrize("written", ["A-24012", "2,4012E+04", "24,000", "-5", "9" * 30])
def test_a_number_that_cannot_be_read_is_not_absent(written):
    read = read_file(
        f'Дата;ID сеанса;Событие;Город;Билетов;Сумма\n05.10.2025;"{written}";Лёд;Томск;10;10000\n05.10.2025;—;Лёд;Омск;1;1'
    )
    assert sold(read) == [("омск", 1, "1.00")]
    assert reasons(read)[0].startswith("show_id: ")


def test_what_stands_in_a_frame_without_a_size_is_read_if_it_has_a_size_of_its_own():
    frame = '<table><tr><td style="font-size:0px"><div style="font-size:13px">{}</div></td></tr></table>'
    assert figures(read_file(frame.format(table(ICE)))) == figures(read_file(table(ICE)))
