"""The loaded demo: two hundred random rows of all views are explained, and every step agrees."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from zakaz_dagster import resources, timezone
from zakaz_dagster.cli.explain import SOURCES
from zakaz_dagster.dev import loading
from zakaz_dagster.dev.stack import enter, stack
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.explain import Explainer
from zakaz_dagster.warehouse.sql_files import load

ROWS = 200


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Warehouse]:
    saved, first = dict(os.environ), timezone.today() - timedelta(days=7)
    try:
        with stack(tmp_path, ["--days", "60"], {"ZAKAZ_START_DATE": first.isoformat()}) as running:
            enter(running)
            loading.load(Console(quiet=True), first, anew=True)
            yield resources.warehouse(Settings())
    finally:
        os.environ.clear()
        os.environ.update(saved)


@pytest.mark.slow
def test_two_hundred_random_rows_of_all_views_reconcile(demo: Warehouse) -> None:
    explainer, chance = Explainer(demo, demo, SOURCES), random.Random(11)
    views = sorted(load("views"))
    pool = {view: explainer.rows(view, {}, 20_000) for view in views}
    few = {view: len(rows) for view, rows in pool.items() if len(rows) < 2}
    chosen = [
        (view, row) for view in views for row in chance.sample(pool[view], min(ROWS // len(views) + 1, len(pool[view])))
    ]
    while len(chosen) < ROWS:
        view = chance.choice([view for view in views if view not in few])
        chosen.append((view, chance.choice(pool[view])))
    found = [(view, explainer.explain(view, [row], ())) for view, row in chosen]
    differences = [(view, each.row, each.differences) for view, each in found if each.differences]
    steps = sum(len(list(step.all())) for _, each in found for step in each.steps)
    sys.stdout.write(f"{len(found)} rows of {len({view for view, _ in found})} views, {steps} steps beneath\n")
    assert differences == []
    assert len(found) >= ROWS
