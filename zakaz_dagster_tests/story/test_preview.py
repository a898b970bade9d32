"""The preview as a person opens it: from disk, in a browser, with numbers that are the views' numbers."""

from __future__ import annotations

import html
import json
import re
import secrets
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.datalens import chromium, preview, queries, spec
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.chosen_rows import declared
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql import theatre
from zakaz_dagster_tests.sql.world import World

NOW = datetime(2025, 12, 10, 9, tzinfo=UTC)
HOSTILE = "</script><script>window.hostile=1</script><img src=x onerror='window.hostile=1'>"
BROWSER = chromium.find()
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH")
DRAWN = "Number(document.body?.dataset.ready) > 0"


@pytest.fixture(scope="module")
def wh(clickhouse: Any) -> Iterator[Warehouse]:
    """The hand-written December, and an event with a hostile name."""
    name = f"test_{secrets.token_hex(5)}"
    config = WarehouseConfig(
        clickhouse.host, clickhouse.port, password=clickhouse.password, database=name, patience=10.0
    )
    made = Warehouse.connect(config)
    schema.apply(made)
    world = World(made)
    world.event(77, HOSTILE, "томск")
    world.show(770, event=77, name=HOSTILE, city="томск", on="2025-12-30")
    world.sale("2025-12-05", 9001, 1234, show=770, event=77, city="томск")
    theatre.fill(world)
    yield made
    made.command(f"DROP DATABASE IF EXISTS {name} SYNC", settings=schema.ANYWHERE)
    made.close()


@pytest.fixture(scope="module")
def folder(wh: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("preview")
    preview.write(wh, made, NOW)
    return made


@pytest.fixture(scope="module")
def tab() -> Iterator[chromium.Tab]:
    assert BROWSER
    with chromium.tab(BROWSER) as opened:
        yield opened


def opened(tab: chromium.Tab, folder: Path, page: str, selected: str = "") -> chromium.Tab:
    tab.console.clear()
    tab.open("about:blank")
    tab.open((folder / f"{page}.html").as_uri() + (f"#{selected}" if selected else ""))
    tab.wait_for(DRAWN)
    return tab


def tile(tab: chromium.Tab, chart: str) -> str:
    return str(tab.value(f"document.querySelector('[data-chart=\"{chart}\"] .value').textContent"))


def figures(wh: Warehouse, first: str, last: str, city: str = "") -> dict[str, str]:
    """The sales tiles by a query of one's own over the view, written as the page writes them."""
    where = "date BETWEEN {first:Date} AND {last:Date} AND (city_name = {city:String} OR {city:String} = '')"
    sql = f"SELECT sum(net_revenue_rub) AS net, sum(tickets_paid) AS paid FROM v_sales_daily WHERE {where}"  # noqa: S608
    row = wh.rows(sql, {"first": first, "last": last, "city": city}, queries.SETTINGS)[0]
    assert row["net"] == int(row["net"]), "the world's money is whole roubles"
    return {
        "net": f"{int(row['net']):,} ₽".replace(",", " ").replace("-", "−"),
        "paid": f"{row['paid']:,}".replace(",", " "),
    }


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_every_page_is_one_file_that_fetches_nothing(folder: Path):
    pages = spec.load().pages
    assert {path.name for path in folder.iterdir()} == {"index.html", *(f"{key}.html" for key in pages)}
    for key in pages:
        text = (folder / f"{key}.html").read_text()
        assert "default-src 'none'" in html.unescape(text[:2000])
        assert not re.findall(r"<(?:script|img|iframe|link)[^>]+(?:src|href)=[\"'](?!data:)", text.split("<script>")[0])
        assert "<script>window.hostile" not in text


def test_tables_and_tiles_stand_in_the_file_itself(wh: Warehouse, folder: Path):
    text = plain((folder / "sales.html").read_text())
    expected = figures(wh, "2025-11-11", "2025-12-10")
    assert f'<p class="value">{expected["net"]}</p>' in text
    assert "Динозавры" in text


@needs_browser
def test_the_numbers_on_the_page_are_the_views_numbers(wh: Warehouse, folder: Path, tab: chromium.Tab):
    opened(tab, folder, "sales")
    expected = figures(wh, "2025-11-11", "2025-12-10")
    assert {name: plain(tile(tab, name)) for name in expected} == expected


@needs_browser
@pytest.mark.parametrize("page", list(spec.load().pages))
def test_the_script_computes_what_the_database_did_without_a_word_in_the_console(
    folder: Path, tab: chromium.Tab, page: str
):
    """The file carries ClickHouse's answers; the script draws its own over them. Both must be the same text."""
    opened(tab, folder, page)
    drawn = tab.value(CARDS)
    source = "new DOMParser().parseFromString({}, 'text/html')"
    held = tab.value(CARDS.replace("document", source.format(json.dumps((folder / f"{page}.html").read_text())), 1))
    assert drawn == held
    assert len(drawn) == len(spec.load().pages[page].charts)
    is_drawn = tab.value("document.querySelectorAll('.plot:not([hidden]) svg text').length > 0")
    assert is_drawn is (page != "decisions") or page == "quality", "no forecast was made of this December"
    assert tab.console == []
    assert tab.value("window.hostile") is None


@needs_browser
def test_decisions_that_are_switched_off_say_why_and_what_switches_them_on(folder: Path, tab: chromium.Tab):
    opened(tab, folder, "decisions")
    text = tab.value("document.querySelector('[data-chart=state]').innerText")
    assert "Прогнозы и советы выключены" in text
    assert all(words in text for words in ("zakaz backtest --world warehouse", "decisions_enabled = 1"))


CARDS = (
    "[...document.querySelectorAll('[data-chart]')].map((card) => [card.dataset.chart,"
    " ...[...card.querySelectorAll('.value, th, td')].map((cell) => cell.textContent.trim())])"
)


@needs_browser
def test_selectors_change_the_numbers_to_those_of_the_selection(wh: Warehouse, folder: Path, tab: chromium.Tab):
    opened(tab, folder, "sales", "from=2025-12-01&to=2025-12-01")
    expected = figures(wh, "2025-12-01", "2025-12-01")
    assert {name: plain(tile(tab, name)) for name in expected} == expected
    tab.value("document.querySelector('[data-name=city_name] input[value=Омск]').click()")
    tab.wait_for("Number(document.body.dataset.ready) > 1")
    only = figures(wh, "2025-12-01", "2025-12-01", "Омск")
    assert {name: plain(tile(tab, name)) for name in only} == only
    assert only != expected
    assert "Омск" in tab.value("document.querySelector('[data-name=city_name] summary').textContent")
    tab.value("document.querySelector('[data-days=\"90\"]').click()")
    tab.wait_for("Number(document.body.dataset.ready) > 2")
    quarter = figures(wh, "2025-09-12", "2025-12-10", "Омск")
    assert {name: plain(tile(tab, name)) for name in quarter} == quarter
    assert "city_name=" in tab.value("document.querySelector('nav a').href"), "the next page keeps the selection"


@needs_browser
def test_a_period_without_data_says_so(folder: Path, tab: chromium.Tab):
    opened(tab, folder, "sales", "from=2025-11-12&to=2025-11-13")
    assert tile(tab, "net") == "нет данных"
    assert tab.value("document.querySelector('[data-chart=by_day] .plot').hidden")
    assert tab.console == []


@needs_browser
def test_a_period_that_cannot_be_is_named(folder: Path, tab: chromium.Tab):
    opened(tab, folder, "sales", "from=2025-12-05&to=2025-12-01")
    assert "начало позже конца" in tab.value("document.getElementById('chosen').textContent")
    opened(tab, folder, "sales", "from=2026-02-01&to=2026-02-28")
    assert "ещё не наступил" in tab.value("document.getElementById('chosen').textContent")
    opened(tab, folder, "sales", "days=999999999&from=nonsense")
    assert tile(tab, "net") != "нет данных"
    assert tab.console == []


@needs_browser
def test_a_click_sorts_a_table_and_a_second_one_turns_it(folder: Path, tab: chromium.Tab):
    opened(tab, folder, "romi")
    card = "document.querySelector('[data-chart=places]')"
    column = f"[...{card}.querySelectorAll('tbody tr:not(.unassigned) td:nth-child(6)')].map((cell) => Number(cell.textContent))"
    click = f"{card}.querySelector('th:nth-child(6) button').click()"
    tab.value(click)
    falling = tab.value(column)
    tab.value(click)
    rising = tab.value(column)
    assert falling == sorted(falling, reverse=True) != rising == sorted(falling)
    assert tab.value(f"{card}.querySelector('th[aria-sort]').getAttribute('aria-sort')") == "ascending"


@needs_browser
def test_rows_of_nobody_stand_last_and_have_no_light(folder: Path, tab: chromium.Tab):
    opened(tab, folder, "romi")
    rows = "[...document.querySelectorAll('[data-chart=places] tbody tr')]"
    cities = tab.value(f"{rows}.map((row) => row.firstChild.textContent)")
    known = [city for city in cities if city != "Не указано"]
    assert cities == [*known, *["Не указано"] * (len(cities) - len(known))] != known
    tab.value("document.querySelector('[data-chart=places] th:nth-child(1) button').click()")
    assert tab.value(f"{rows}.at(-1).firstChild.textContent") == "Не указано", "also when sorted the other way"
    lights = tab.value("[...document.querySelectorAll('tr.unassigned .light')].map((light) => light.className)")
    assert set(lights) == {"light grey"}


@needs_browser
def test_a_table_that_is_cut_says_how_much_and_opens(folder: Path, tab: chromium.Tab):
    opened(tab, folder, "romi")
    held = json.loads(tab.value("document.getElementById('data').textContent"))
    limits = {chart["key"]: chart["limit"] for chart in held["charts"]}
    text = (folder / "romi.html").read_text().replace(f'"limit":{limits["campaigns"]}', '"limit":2')
    (folder / "cut.html").write_text(text)
    opened(tab, folder, "cut")
    (folder / "cut.html").unlink()
    card = "document.querySelector('[data-chart=campaigns]')"
    assert tab.value(f"{card}.querySelectorAll('tbody tr').length") == 2
    said = tab.value(f"{card}.querySelector('.tools').textContent")
    assert (found := re.match(r"2 из (\d+)Показать все", said))
    tab.value(f"{card}.querySelector('.tools button').click()")
    assert tab.value(f"{card}.querySelectorAll('tbody tr').length") == int(found[1])


@needs_browser
def test_a_table_is_saved_as_a_spreadsheet_reads_it_and_starts_no_formula(folder: Path, tab: chromium.Tab):
    hostile = '=HYPERLINK("http://x";"y")'
    text = (folder / "sales.html").read_text()
    (folder / "formula.html").write_text(text.replace("Динозавры", hostile.replace('"', '\\"')))
    opened(tab, folder, "formula")
    (folder / "formula.html").unlink()
    tab.value(
        "(URL.createObjectURL = (made) => { made.text().then((text) => { window.saved = text; }); return '#'; }) && 1"
    )
    tab.value("[...document.querySelectorAll('[data-chart=events] .tools button')].at(-1).click()")
    tab.wait_for("window.saved !== undefined")
    lines = str(tab.value("window.saved")).splitlines()
    assert lines[0].startswith("Мероприятие;Город;") or lines[0].startswith("\ufeffМероприятие;Город;")
    assert lines[-1].startswith("Итого;")
    cells = [line for line in lines if "HYPERLINK" in line]
    assert cells
    assert all(line.startswith("\"'=") for line in cells)


@needs_browser
def test_every_chart_has_its_figures_in_words_and_every_tile_its_definition(folder: Path, tab: chromium.Tab):
    for page in spec.load().pages:
        opened(tab, folder, page)
        words = tab.value(
            "[...document.querySelectorAll('.plot:not([hidden])')].map((plot) => plot.getAttribute('aria-label'))"
        )
        assert all("больше всего" in text or "; " in text for text in words)
        lacking = tab.value(
            "[...document.querySelectorAll('.kpi')].filter((card) => !card.querySelector('.help dd')?.textContent.trim())"
            ".map((card) => card.dataset.title)"
        )
        assert lacking == [], f"tiles without a definition on {page}"


@needs_browser
def test_each_definition_has_the_command_that_explains_the_figure_of_the_selection(folder: Path, tab: chromium.Tab):
    command = "[...document.querySelectorAll('[data-chart] .explain')].map((code) => code.textContent)"
    written = re.findall(r'class="explain"[^>]*>(.*?)</code>', (folder / "romi.html").read_text())
    opened(tab, folder, "romi")
    assert tab.value(command) == [html.unescape(text) for text in written], "the script and the file say the same"
    opened(tab, folder, "romi", "from=2025-12-01&to=2025-12-02&city_name=%D0%A2%D0%BE%D0%BC%D1%81%D0%BA")
    commands = [shlex.split(text) for text in tab.value(command)]
    assert commands
    for words in commands:
        assert words[:2] == ["zakaz", "explain"]
        assert words[2] in load("views")
        named = {words[at + 1].partition("=")[0] for at, word in enumerate(words) if word in ("--where", "--column")}
        assert named <= set(declared(words[2])), words
    assert any({"date=2025-12-01..2025-12-02", "city_name=Томск"} <= set(words) for words in commands), commands


@needs_browser
def test_the_light_follows_the_thresholds_over_the_selected_days(wh: Warehouse, folder: Path, tab: chromium.Tab):
    opened(tab, folder, "romi")
    sql = "SELECT sum(organiser_income_rub) / sum(spend_rub) AS roas, any(roas_green_above) AS green,"
    sql += " any(roas_yellow_from) AS yellow FROM v_romi_kpi WHERE date BETWEEN '2025-11-11' AND '2025-12-10'"
    row = wh.rows(sql, settings=queries.SETTINGS)[0]
    wanted = "green" if row["roas"] > row["green"] else "yellow" if row["roas"] >= row["yellow"] else "red"
    assert tab.value("document.querySelector('[data-chart=romi] .light').className") == f"light {wanted}"


@needs_browser
def test_a_broken_page_is_noticed(tmp_path: Path, tab: chromium.Tab):
    """The proof that an empty console means something."""
    (tmp_path / "broken.html").write_text("<script>document.title = missing.name</script>")
    tab.console.clear()
    tab.open((tmp_path / "broken.html").as_uri())
    tab.wait_for("document.readyState === 'complete' && location.href.endsWith('broken.html')")
    assert any("missing is not defined" in line for line in tab.console)
