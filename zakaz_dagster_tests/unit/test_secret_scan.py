"""What the scan for secrets knows is the same in every checkout, and what it does not know is found."""

from __future__ import annotations

import json
from pathlib import Path

from zakaz_dagster_tests import secret_scan
from zakaz_dagster_tests.secret_scan import KNOWN, PROJECT, known, scanned

FILE = "zakaz_dagster_tests/unit/test_settings.py"


def keys(root: Path) -> set[tuple[str, str, str]]:
    return {(name, each.type, each.secret_hash) for name, each in scanned(root, [FILE])}


def checkout(root: Path, text: str) -> Path:
    (root / FILE).parent.mkdir(parents=True)
    (root / FILE).write_text(text, "utf-8")
    return root


def test_a_known_value_is_known_in_another_folder_too(tmp_path: Path):
    found = keys(checkout(tmp_path, (PROJECT / FILE).read_text("utf-8")))
    assert found
    assert found <= known(PROJECT)


def test_a_secret_that_nobody_listed_is_found(tmp_path: Path):
    planted = "AKIA" + "Z7QXW3RT5YUP2MNB"
    assert keys(checkout(tmp_path, f'KEY = "{planted}"\n')) - known(PROJECT)


def test_the_list_names_files_of_the_repository_only():
    results = json.loads((PROJECT / KNOWN).read_text("utf-8"))["results"]
    assert {each["filename"] for found in results.values() for each in found} == set(results)
    assert set(results) <= set(secret_scan.tracked(PROJECT))
