"""`zakaz docs`: the catalogue of assets as a page of documentation, out of the SQL files."""

from __future__ import annotations

from pathlib import Path

import click

from zakaz_dagster.cli.params import Folder, OutputFile
from zakaz_dagster.errors import Fatal

HEAD = """# Assets

Every table, fact and view with its columns and checks. This page is written by `zakaz docs catalogue` from `sql/`; in
the Dagster UI the same stands on each asset's page, with its lineage.
"""
TABLE = "| column | type | meaning |\n|---|---|---|"
# The UI draws its graph in steps and fetches the states of its assets one group after the other.
SETTLED = "new Promise((done) => setTimeout(() => done(!document.body.innerText.includes('fetching')), 3000))"
KINDS = {"tables": "Tables", "views": "Views that DataLens reads"}


@click.group()
def docs() -> None:
    """Write the generated pages of the documentation."""


@docs.command()
@click.argument("file", type=OutputFile(), default="docs/assets.md")
def catalogue(file: Path) -> None:
    """Write the catalogue of tables, views, columns and checks to FILE (docs/assets.md)."""
    file.write_text(catalogue_text(), encoding="utf-8")


@docs.command()
@click.argument("folder", type=Folder(), default="docs/pictures")
@click.option("--ui", default="http://127.0.0.1:3000", show_default=True, help="Dagster's UI of a loaded `zakaz dev`.")
@click.option("--pages", default="http://127.0.0.1:3080", show_default=True, help="Its pages.")
def pictures(folder: Path, ui: str, pages: str) -> None:
    """Picture the asset graph and a page through Chromium, for README, into FOLDER (docs/pictures)."""
    from zakaz_dagster.datalens import chromium

    browser = chromium.find()
    if browser is None:
        raise Fatal("no Chromium on PATH", source="pictures", next_step="install Debian's package chromium")
    shown = {
        "lineage": (f"{ui}/asset-groups/", "document.querySelectorAll('svg foreignObject').length > 5", 1900, 1000),
        "romi": (f"{pages}/romi.html", "Number(document.body?.dataset.ready) > 0", 1400, 900),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (url, ready, width, height) in shown.items():
        with chromium.tab(browser, "--lang=ru") as tab:
            tab.size(width, height)
            tab.open(url)
            tab.wait_for(ready)
            tab.wait_for(SETTLED)
            tab.picture(folder / f"{name}.png", width, height)
        click.echo(str(folder / f"{name}.png"))


def catalogue_text() -> str:
    """The page as it should be now."""
    from zakaz_dagster.warehouse import lineage_cache
    from zakaz_dagster.warehouse.sql_files import Kind, load

    checks: dict[str, list[str]] = {}
    for name, statement in load("checks").items():
        checks.setdefault(statement.meta["asset"], []).append(f"- `{name}`: {statement.title}")
    parts = [HEAD]
    kinds: tuple[Kind, ...] = ("tables", "views")
    for kind in kinds:
        parts.append(f"## {KINDS[kind]}\n")
        for name, statement in load(kind).items():
            grain = f" Grain: {statement.meta['grain']}." if "grain" in statement.meta else ""
            rows = [
                f"| `{column.name}` | {_cell(column.type)} | {_cell(column.comment)} |"
                for column in lineage_cache.columns(statement)
            ]
            parts += [
                f"### {name}\n",
                f"{statement.title}{grain}\n",
                "| column | type | meaning |\n|---|---|---|",
                *rows,
                "",
            ]
            parts += [*checks.get(name, ()), ""] if name in checks else []
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
