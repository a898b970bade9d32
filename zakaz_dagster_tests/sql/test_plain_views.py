"""What is kept for speed changes no number: each view is, row by row, its plain form over the facts."""

from __future__ import annotations

import pytest

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests.sql import plain


@pytest.mark.parametrize("view", plain.PLAIN)
def test_a_view_is_its_plain_form_row_by_row(theatre_world: Warehouse, view: str) -> None:
    assert plain.rows_of(theatre_world, view)
