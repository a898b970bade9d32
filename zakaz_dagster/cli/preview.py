"""`zakaz preview`: the DataLens pages as static HTML, read as DataLens reads."""

from __future__ import annotations

from pathlib import Path

import click

from zakaz_dagster import resources, timezone
from zakaz_dagster.cli.params import Folder
from zakaz_dagster.cli.terminal import working
from zakaz_dagster.datalens import chromium
from zakaz_dagster.datalens import preview as pages
from zakaz_dagster.settings import Settings


@click.command()
@click.option("--out", type=Folder(), help="Folder of the pages; default <data dir>/preview.")
@click.option("--png", is_flag=True, help="Also picture each page through Chromium, if it is installed.")
@click.option("--width", default=1400, show_default=True, type=click.IntRange(320, 4000), help="Width of the pictures.")
def preview(out: Path | None, png: bool, width: int) -> None:
    """Write the DataLens pages as static HTML: one file each, opened from disk, nothing fetched."""
    settings = Settings()
    folder = out or settings.platform.data_dir / "preview"
    with working("asking the views"):
        written = pages.write(resources.reader(settings, patience=resources.AT_A_TERMINAL), folder, timezone.now())
    for path in written:
        click.echo(f"{path}  {path.stat().st_size // 1024} KB")
    if png:
        _picture(written, width)


def _picture(written: list[Path], width: int) -> None:
    browser = chromium.find()
    if browser is None:
        click.echo(f"no pictures: none of {', '.join(chromium.NAMES)} is on PATH")
        return
    for path in written:
        if path.stem == "index":
            continue
        with working(f"picturing {path.name}"), chromium.tab(browser) as tab:
            tab.open(path.resolve().as_uri())
            tab.wait_for("Number(document.body?.dataset.ready) > 0")
            tab.picture(path.with_suffix(".png"), width)
        click.echo(str(path.with_suffix(".png")))
