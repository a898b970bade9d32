"""The mailbox of a test."""

import pytest

from zakaz_dagster_tests.contract.gmail.box import Box


@pytest.fixture
def box(sandbox, tmp_path):
    return Box(sandbox.url, tmp_path)
