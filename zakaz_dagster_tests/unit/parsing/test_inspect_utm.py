"""`zakaz inspect utm`: lines of every kind through the command itself, and a broken seed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from zakaz_dagster import seeds
from zakaz_dagster.cli.inspect import inspect
from zakaz_dagster.errors import Fatal
from zakaz_dagster.sources.inspect_utm import utm

LINES = """
msk_01_10
https://tickets.example.ru/show?utm_source=vk_ads&utm_medium=cpc&utm_content=%D1%83%D1%84%D0%B0_16_11
utm_source=posev&utm_medium=05.10&utm_campaign=gruppa_posev
vk/tomsk/afisha_family

yandex/cpc/62384014/10766679603/выставка кубиков
tomsk_31_02
gorod_05_10
https://vk.com/club1
"""


def test_links_queries_tuples_and_tags_are_read_line_by_line(tmp_path):
    (tmp_path / "lines.txt").write_text(LINES, encoding="utf-8")
    result = CliRunner().invoke(inspect, ["utm", str(tmp_path / "lines.txt"), "--json"])
    body = json.loads(result.output)
    seen = [(row["utm_city"], row["utm_day"], row["utm_month"], row["reason"]) for row in body["rows"]]
    assert seen == [
        ("москва", 1, 10, ""),
        ("уфа", 16, 11, ""),
        ("", 5, 10, "no tag"),
        ("томск", 0, 0, "no tag"),
        ("", 0, 0, "numeric id"),
        ("томск", 0, 0, "impossible date"),
        ("", 5, 10, "unknown city"),
        ("", 0, 0, "no tag"),
    ]
    assert body["rows"][4]["utm_term"] == "выставка кубиков"
    assert body["rows"][6]["raw_city"] == "gorod"
    assert body["rejects"] == []
    assert body["totals"] == {
        "lines": 8,
        "whole_tags": 2,
        "with_city": 4,
        "impossible date": 1,
        "no tag": 3,
        "numeric id": 1,
        "unknown city": 1,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_files_saved_by_windows_editors_are_read(encoding):
    assert utm("Москва_01_10\r\n".encode(encoding), {}).rows[0]["utm_city"] == "москва"


def test_an_empty_file_has_no_rows():
    result = utm(b"\n\n", {})
    assert (result.rows, result.totals) == ([], {"lines": 0, "whole_tags": 0, "with_city": 0})


@pytest.mark.parametrize(
    "text",
    [
        None,
        "alias,city\nnsk,новосибирск\nNSK,норильск\n",
        "name,city\nnsk,новосибирск\n",
        "alias,city\nnsk\n",
        "alias,city\nnsk,норильск\nnsk,новосибирск\n",
        "alias,city\n-,новосибирск\n",
        "alias,city\nnsk,\n",
        "",
        'alias,city\n"nsk,x\n',
    ],
)
def test_a_broken_seed_fails_by_its_name(tmp_path, monkeypatch, text):
    if text is not None:
        (tmp_path / "city_aliases.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(seeds, "FOLDER", tmp_path)
    with pytest.raises(Fatal, match=r"city_aliases\.csv"):
        seeds.city_index.__wrapped__()
