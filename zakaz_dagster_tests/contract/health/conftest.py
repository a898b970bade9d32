"""A board as new, for each test."""

import pytest

from zakaz_dagster.health.server import Board


@pytest.fixture
def board():
    return Board(stale_seconds=60)
