"""Hand-exported reports in every dialect people's spreadsheets write."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.yandex_direct.exports import read_export
from zakaz_dagster.sources.yandex_direct.inspect import report

NAMES = "Дата;№ кампании;Кампания;№ группы;Группа;№ объявления;Показы;Клики;Расход, руб.;Конверсии"
TEXT = f"""{NAMES}
21.11.2023;101;РСЯ Москва;201;Группа 1;M-301;4 126;158;12 345,67;8
22.11.2023;102;"Мастер; кампаний";--;--;--;10;2;1,00;-"""


def check(export):
    assert export.table["Date"].to_pylist() == [date(2023, 11, 21), date(2023, 11, 22)]
    assert export.table["Cost"].to_pylist() == [Decimal("12345.67"), Decimal("1.00")]
    assert export.table["Impressions"].to_pylist() == [4126, 10]
    assert export.table["AdId"].to_pylist() == [301, None]
    assert export.table["AdGroupName"].to_pylist() == ["Группа 1", ""]
    assert export.table["CampaignName"].to_pylist() == ["РСЯ Москва", "Мастер; кампаний"]
    assert export.table["Conversions"].to_pylist() == [8, None]
    assert export.rejects == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_encoding_is_told(encoding, newline):
    check(read_export(TEXT.replace("\n", newline).encode(encoding)))


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_every_thousands_space_is_read(space):
    check(read_export(TEXT.replace("12 345,67", f"12{space}345,67").encode()))


def test_commas_and_tabs_separate_too():
    check(
        read_export(
            TEXT.replace("Мастер; кампаний", "Мастер, кампаний")
            .replace(";", "\t")
            .replace("Мастер, кампаний", "Мастер; кампаний")
            .encode()
        )
    )
    comma = TEXT.replace("12 345,67", '"12 345,67"').replace("1,00", '"1,00"').replace("Расход, руб.", '"Расход, руб."')
    check(read_export(comma.replace(";", ",").replace("Мастер, кампаний", "Мастер; кампаний").encode()))


def test_titles_above_and_a_total_below():
    raw = f"Отчёт по кампаниям\nПериод: 21.11.2023 — 22.11.2023\n\n{TEXT}\nИтого;;;;;;4 136;160;12 346,67;8\n".encode()
    export = read_export(raw)
    check(export)
    above = f"{NAMES}\nВсего;;;;;;4 136;160;12 346,67;8\n{TEXT.partition(chr(10))[2]}"
    check(read_export(above.encode("utf-16-le")))


def test_a_file_that_does_not_add_up_to_its_own_total_is_refused():
    with pytest.raises(BadData, match="Cost 20000.00, the lines make 12346.67"):
        read_export(f"{TEXT}\nВсего;;;;;;;;20 000,00;\n".encode())
    with pytest.raises(BadData, match="Cost 20000.00, the lines make 12346.67"):
        read_export(f"{TEXT}\n31.02.2023;1;x;1;x;1;1;1;0,00;1\nВсего;;;;;;;;20 000,00;\n".encode())


def test_two_columns_of_cost_that_differ_are_refused():
    with pytest.raises(BadData, match="«Расход, руб.», «Стоимость» may all be Cost"):
        read_export("Дата;Кампания;Расход, руб.;Стоимость\n21.11.2023;x;5,00;6,00\n".encode())


def test_an_unreadable_row_is_put_aside_with_its_line():
    export = read_export(
        f"{TEXT}\n31.02.2023;1;x;1;x;1;1;1;1,00;1\n23.11.2023;1;x;1;x;1;1;1;руб;1\n24.11.2023;1;x\n".encode()
    )
    assert export.table.num_rows == 2
    assert [reject.where for reject in export.rejects] == ["line 4", "line 5", "line 6"]
    assert "31.02.2023" in export.rejects[0].reason


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (TEXT.replace("Расход, руб.", "Расход без НДС, руб.").encode(), "without VAT"),
        ("Кампания;Клики\nx;1\n".encode(), "no line of column names"),
        (bytes(range(256)), "neither UTF-8"),
    ],
)
def test_files_that_cannot_be_right_are_refused(raw, words):
    with pytest.raises(BadData, match=words):
        read_export(raw)


@pytest.mark.parametrize(
    "name", ["Расход (руб.)", "Расход, руб. с НДС", "Расход", "расход, ₽", "Cost", "Стоимость, руб."]
)
def test_the_cost_column_is_known_by_its_many_names(name):
    assert read_export(TEXT.replace("Расход, руб.", name if "," not in name else f'"{name}"').encode()).table["Cost"][
        0
    ].as_py() == Decimal("12345.67")


def test_english_columns_and_networks():
    raw = b"Date;CampaignId;Impressions;Clicks;Cost;Network\n2023-11-21;5;10;1;7,50;\xd0\x9f\xd0\xbe\xd0\xb8\xd1\x81\xd0\xba\n"
    result = report(raw.replace(b"CampaignId", "№ кампании".encode()), {})
    assert result.totals == {
        "received": 1,
        "rows": 1,
        "days": 1,
        "impressions": 10,
        "clicks": 1,
        "conversions": 0,
        "cost_rub": "7.50",
    }
    assert result.rows[0]["network"] == "SEARCH"


def test_inspection_of_a_hand_export_shows_rows_and_rejects():
    result = report(f"{TEXT}\n23.11.2023;1\n".encode("cp1251"), {})
    assert result.totals["cost_rub"] == "12346.67"
    assert [row["ad_id"] for row in result.rows] == [301, None]
    assert result.rejects[0]["where"] == "line 4"
