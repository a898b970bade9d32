"""`zakaz import plan` on a running engine: a file is the whole plan of its dates, other dates stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster import resources
from zakaz_dagster.cli.importing import importing
from zakaz_dagster.ingest.catalogue import build_dimensions
from zakaz_dagster_tests.sql.world import World, rows

HEADER = "дата;мероприятие;город;билеты;выручка\n"


@pytest.fixture
def plan_file(tmp_path: Path, warehouse, monkeypatch):
    world = World(warehouse)
    world.event(1, "Динозавры", "томск")
    build_dimensions(world.wh, "test")
    monkeypatch.setattr(resources, "warehouse", lambda _, **__: warehouse)

    def run(text: str, *options: str):
        path = tmp_path / "plan.csv"
        path.write_text(HEADER + text, "utf-8")
        return CliRunner().invoke(importing, ["plan", str(path), *options])

    return run


def test_a_plan_replaces_the_dates_it_names(plan_file, warehouse) -> None:
    first = plan_file("01.12.2025;Динозавры;;10;1000\n01.12.2025;Новое;томск;1;50\n02.12.2025;1;;20;2000\n")
    assert first.exit_code == 0, first.output
    assert "2025-12-01..2025-12-02: 3 rows, 31 tickets, 3050.00 RUB" in first.output
    assert "not in the catalogue, kept by name: Новое" in first.output
    second = plan_file("01.12.2025;Динозавры;;15;1500\n01.12.2025;Динозавры;;15;1500\n")
    assert second.exit_code == 1
    assert "put aside: row 3: the same date, event and city as row 2" in second.output
    found = rows(
        warehouse, "SELECT date, event_id, city, plan_tickets, plan_revenue_rub FROM v_plan_vs_fact ORDER BY date"
    )
    assert found == [("2025-12-01", 1, "томск", 15, 1500.0), ("2025-12-02", 1, "томск", 20, 2000.0)]


def test_a_check_changes_nothing(plan_file, warehouse) -> None:
    done = plan_file("01.12.2025;Динозавры;;10;1000\n", "--check")
    assert done.exit_code == 0, done.output
    assert "nothing changed" in done.output
    assert rows(warehouse, "SELECT count() FROM plan_sales") == [(0,)]
