"""«Решения» in the browser: a show's figures, its curve, and one show chosen of several."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from zakaz_dagster import timezone
from zakaz_dagster.datalens import chromium, preview
from zakaz_dagster_tests.sql.programme import TOMSK, D, Programme, curve


@pytest.mark.skipif(chromium.find() is None, reason="no Chromium on PATH")
def test_the_page_of_a_show_with_advice_has_its_figures_and_its_curve(programme: Programme, tmp_path: Path) -> None:
    """Switched off, the page says why: story/test_preview."""
    programme.finished(TOMSK)
    programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    programme.decide()
    preview.write(programme.world.wh, tmp_path, timezone.now())
    with chromium.tab(chromium.find() or "") as tab:
        tab.open((tmp_path / "decisions.html").as_uri())
        tab.wait_for("Number(document.body?.dataset.ready) > 0")
        text = str(tab.value("document.body.innerText")).replace("\N{NO-BREAK SPACE}", " ")
        assert all(words in text for words in ("Прогнозы и советы включены", "132 (110–177)", "нужна реклама", "300 ₽"))
        assert tab.value("document.querySelector('[data-chart=need] .value').textContent") == "1"
        assert tab.value("document.querySelectorAll('[data-chart=curve] .plot:not([hidden]) svg text').length > 0")
        assert tab.console == []


def test_every_show_of_the_table_has_one_curve_under_its_name(programme: Programme) -> None:
    programme.finished(TOMSK)
    for city, days in (("томск", 7), ("чита", 7), ("омск", 9)):
        programme.stop(city, D + timedelta(days), curve(), left=110, spend=7000, attributed=14)
    programme.decide()
    wh = programme.world.wh
    named = "SELECT show_name, count(DISTINCT event_id, city, show_date) AS n FROM"
    table = wh.rows(f"{named} v_decisions WHERE shows = 1 GROUP BY show_name ORDER BY show_name")
    assert table == wh.rows(f"{named} v_decision_curve GROUP BY show_name ORDER BY show_name")
    assert [row["n"] for row in table] == [1, 1, 1]
    assert f"{D + timedelta(9):%d.%m.%Y} омск · " in table[2]["show_name"]


@pytest.mark.skipif(chromium.find() is None, reason="no Chromium on PATH")
def test_a_chosen_show_is_alone_in_its_curve(programme: Programme, tmp_path: Path) -> None:
    programme.finished(TOMSK)
    programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    programme.stop("чита", D + timedelta(7), curve(60, 14), left=110, spend=7000, attributed=14)
    programme.decide()
    preview.write(programme.world.wh, tmp_path, timezone.now())
    with chromium.tab(chromium.find() or "") as tab:
        tab.open((tmp_path / "decisions.html").as_uri())
        tab.wait_for("Number(document.body?.dataset.ready) > 0")
        assert max(_drawn(tab)) == 90 + 60
        tab.value("document.querySelector('[data-name=show_name] input[value*=чита]').click()")
        tab.wait_for("Number(document.body.dataset.ready) > 1")
        assert max(_drawn(tab)) == 60
        assert tab.console == []


def _drawn(tab: chromium.Tab) -> list[float]:
    """Tickets sold of what is chosen, day by day; days ahead have none."""
    plot = "echarts.getInstanceByDom(document.querySelector('[data-chart=curve] .plot'))"
    found = json.loads(str(tab.value(f"JSON.stringify({plot}.getOption().series[0].data)")))
    return [point for point in found if point != "-"]
