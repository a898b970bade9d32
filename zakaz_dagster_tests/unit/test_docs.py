"""The documentation builds offline, without a broken link, and its generated pages are what the code says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import main
from zakaz_dagster.cli.docs import catalogue_text
from zakaz_dagster.cli.seam import FAILED
from zakaz_dagster.datalens import chromium
from zakaz_dagster.warehouse.sql_files import load

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
ZENSICAL = shutil.which("zensical") or str(Path(sys.executable).with_name("zensical"))


def test_the_catalogue_names_every_table_view_and_check():
    text = catalogue_text()
    for kind in ("tables", "views"):
        assert all(f"\n### {name}\n" in text for name in load(kind))
    assert all(f"- `{name}`:" in text for name in load("checks"))


@pytest.mark.skipif(not Path(ZENSICAL).exists(), reason="no zensical in the environment")
def test_the_documentation_builds_and_fetches_nothing(tmp_path):
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(PROJECT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs" / "assets.md").write_text(catalogue_text(), encoding="utf-8")
    command = [ZENSICAL, "build", "-f", "mkdocs.yml", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list((tmp_path / "build" / "docs").rglob("*.html"))
    assert len(pages) > 10
    loaded = re.compile(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?://")
    assert not [page.name for page in pages if loaded.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", sorted([*DOCS.rglob("*.md"), *PROJECT.glob("*.md")]), ids=lambda path: path.name)
def test_a_file_that_a_document_names_exists(path):
    text = path.read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:docs|sql|deploy|configs|zakaz_dagster|zakaz_dagster_tests|benchmarks)/[\w./-]+)`", text)
    )
    lost = [name for name in named if not (PROJECT / name.rstrip("/")).exists() and "<" not in name]
    assert lost == [], f"{path.name} names files that are not there"


@pytest.mark.parametrize(
    ("browser", "sentence"),
    [(None, "no Chromium on PATH"), (chromium.find(), "http://127.0.0.1:9/asset-groups/ cannot")],
)
def test_pictures_without_a_browser_or_a_ui_are_one_sentence(browser, sentence, tmp_path, monkeypatch):
    if browser is None and sentence.startswith("http"):
        pytest.skip("no Chromium on PATH")
    monkeypatch.setattr(chromium, "find", lambda: browser)
    result = CliRunner().invoke(main, ["docs", "pictures", str(tmp_path), "--ui", "http://127.0.0.1:9"])
    assert result.exit_code == FAILED
    assert sentence in result.output
    assert not list(tmp_path.iterdir())
