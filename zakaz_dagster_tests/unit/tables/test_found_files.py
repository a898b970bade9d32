"""Shapes of files that other people's programs make: what can be read is read, what cannot is refused and says why."""

from __future__ import annotations

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.dev.sandbox.gmail.reports import as_xlsx
from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.gmail.inspect import file
from zakaz_dagster.sources.plan.inspect import plan
from zakaz_dagster.sources.yandex_direct.inspect import report as report_export
from zakaz_dagster.tables.delimited import text_grids
from zakaz_dagster.tables.limits import Refused

HEADER = ["Дата", "Мероприятие", "Город", "Продано билетов", "Сумма, руб."]
LINES = [
    ["21.11.2026", "Летучий корабль", "Томск", "12", "9 600,00"],
    ["21.11.2026", "Ёлка", "Омск", "3", "2 400,00"],
    ["20.11.2026", "Шоу", "Омск", "1", "100,00"],
    ["20.11.2026", "Орган", "Омск", "2", "700,00"],
]


def report(*names, separator=";"):
    """The report with these names written as they stand here."""
    rows = [[line[0], name, *line[2:]] for line, name in zip(LINES, names, strict=False)]
    return "\n".join(separator.join(row) for row in [HEADER, *rows])


def sold(text):
    return sorted((row["city"], row["tickets"]) for row in file(text.encode(), {}).rows)


EVERY = [("омск", 1), ("омск", 2), ("омск", 3), ("томск", 12)]


@pytest.mark.parametrize(
    "names",
    [
        ('"Летучий корабль', "Ёлка", "Шоу", "Орган"),
        ('"Летучий корабль', "Ёлка", '"Шоу', "Орган"),
        ('"Летучий корабль" мюзикл', "Ёлка", '"Шоу" с "Ёлкой', '"Орган'),
        ('"Летучий" корабль"', '"Ёлка', '"Шоу"', "Орган"),
        ('Мюзикл "Летучий корабль', '"Ёлка""', "Шоу", '"Орган""'),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_quotation_mark_that_is_not_closed_costs_no_line(names, separator):
    assert sold(report(*names, separator=separator)) == EVERY
    assert sold(report(*names, separator=separator).replace("\n", "\r\n\r\n")) == EVERY


@pytest.mark.parametrize(
    "name", ['"Ромео\nи Джульетта"', '"Ромео; Джульетта"', '"Ромео;\n\nи; «""Джульетта""»"', '"\nРомео"']
)
def test_a_name_of_several_lines_is_one_name(name):
    assert sold(report(name, "Ёлка", "Шоу", "Орган")) == EVERY


def test_lines_that_stand_in_a_cell_cost_the_table_and_are_not_lost_in_silence():
    text = report('"Летучий корабль', "Ёлка", '"Шоу', "Орган").replace("\n21.11.2026;Ёлка", "\nТомск\n21.11.2026;Ёлка")
    read = file(text.encode(), {})
    assert not read.rows
    assert "never closed" in read.rejects[0]["reason"]


@given(st.lists(st.text('ab"', max_size=6), min_size=4, max_size=4))
def test_of_quotation_marks_in_names_no_line_is_lost_without_a_word(names):
    read = file(report(*names).encode(), {})
    assert len(read.rows) == len(LINES) or read.rejects
    assert {(row["city"], row["tickets"]) for row in read.rows} <= set(EVERY)


@given(st.text('";\n,x', max_size=60))
def test_no_text_makes_the_delimiters_fail(text):
    with contextlib.suppress(Refused):
        list(text_grids(text))


def packaged(rename):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx([HEADER, *LINES]))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(rename(name), old.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("/", "\\"),
        lambda name: name.replace("workbook.xml", "Workbook.xml"),
        lambda name: (
            name.replace("[Content_Types]", "[content_types]").replace("xl/", "XL/") if "sheet1" not in name else name
        ),
    ],
)
def test_a_workbook_whose_parts_are_named_otherwise_is_read(rename):
    read = file(packaged(rename), {})
    assert sorted((row["city"], row["tickets"]) for row in read.rows) == EVERY


def test_a_workbook_without_a_part_says_what_to_do():
    read = file(packaged(lambda name: name.replace("sheet1.xml", "gone.xml")), {})
    assert not read.rows
    assert "is not in the file; open it and save it as .xlsx anew" in read.rejects[0]["reason"]


def test_a_workbook_in_the_xml_of_2003_says_in_which_form_it_is_needed():
    rows = "".join(
        "<Row>" + "".join(f"<Cell><Data>{cell}</Data></Cell>" for cell in row) + "</Row>" for row in [HEADER, *LINES]
    )
    text = f'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table>{rows}</Table></Workbook>'
    assert "Excel 2003" in file(text.encode(), {}).rejects[0]["reason"]
    with pytest.raises(Failure, match="Excel 2003"):
        plan(text.encode(), {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old .xls"),
        (b"%PDF-1.4\n%\xe2\xe3" + bytes(100), "a PDF"),
        (b"\x1f\x8b\x08" + bytes(50), "this kind of archive"),
        (packaged(lambda name: name.replace("xl/workbook.xml", "word/document.xml")), "no workbook"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_what_it_is(data, words):
    for read in (plan, report_export):
        with pytest.raises(Failure, match=words):
            read(data, {})
    assert file(data, {}).rejects[0]["reason"]


def test_an_export_says_which_column_its_likeliest_table_lacks():
    for column, lacks in (("Расход, руб. без НДС", "Расход"), ("Показы", "Расход")):
        data = as_xlsx([["Дата", "Кампания", "Клики", column], ["21.11.2026", "Шоу", "5", "10,00"]])
        with pytest.raises(Failure, match=f"lacks «{lacks}»"):
            report_export(data, {})
