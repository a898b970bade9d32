"""The order of the suite. Fixtures stand in `plugins`."""

import pytest

FIRST = ("story", "defs", "sql")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no core waits for another at the end."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folders = item.path.parts
    return next((rank for rank, folder in enumerate(FIRST) if folder in folders), len(FIRST))
