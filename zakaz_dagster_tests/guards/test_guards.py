"""The list of guards fits the code, and a guard that is taken out is noticed; `make guards` tries all of them."""

from __future__ import annotations

import pytest

from zakaz_dagster_tests.guards.__main__ import PROJECT, copy, guards, main, verdict

QUICK = ("no_swap_before_all_are_proven", "pages_are_full", "direct_total_line", "an_archive_stays_inside")
LEAST = 55


def test_every_entry_stands_once_in_the_code_and_names_tests_that_exist():
    found = guards()
    assert len(found) >= LEAST
    for guard in found:
        assert guard.removed_from(PROJECT) != (PROJECT / guard.file).read_text("utf-8")
        assert all((PROJECT / test.split("::")[0]).exists() for test in guard.tests), guard.name


def test_a_guard_that_is_taken_out_is_noticed(tmp_path):
    (tmp_path / "0").mkdir()
    root = copy(tmp_path / "0" / "tree")
    outcomes = {guard.name: verdict(root, guard) for guard in guards() if guard.name in QUICK}
    assert len(outcomes) >= 3
    assert set(outcomes.values()) == {"killed"}


@pytest.mark.slow
def test_every_guard_is_noticed():
    assert main([]) == 0
