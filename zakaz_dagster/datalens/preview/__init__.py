"""The dashboard as static HTML: the pages of the specification with the rows of the views inside.

    write(wh, folder, now) -> the files written

Belongs here: one folder of pages, written whole. Does not: what a page says (`page`), questions (`queries`).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

from zakaz_dagster.datalens import model, spec
from zakaz_dagster.datalens.model import Dashboard
from zakaz_dagster.datalens.preview import page
from zakaz_dagster.datalens.preview.read import Reader
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load


def write(wh: Warehouse, folder: Path, now: datetime) -> list[Path]:
    """Write every page of the dashboard into `folder`, each replaced in one step; needs only the reader's rights."""
    dashboard = specified()
    moment = now.astimezone(MOSCOW)
    reader = Reader(wh.tagged(asset="datalens_preview"), dashboard, moment.date())
    folder.mkdir(parents=True, exist_ok=True)
    return [_replace(folder / name, text) for name, text in page.render(dashboard, reader, moment)]


@cache
def specified() -> Dashboard:
    """The dashboard of this version of the project, read once."""
    return model.resolve(spec.load(), load("views"))


def _replace(path: Path, text: str) -> Path:
    """A reader never sees half a page."""
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    return beside.replace(path)
