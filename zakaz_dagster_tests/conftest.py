"""The order of the suite, and how Hypothesis behaves in it. Fixtures stand in `plugins`."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from zakaz_dagster import redaction
from zakaz_dagster.transport import retries

# A property is a rule, not a speed: on a busy machine an example may take as long as it likes.
settings.register_profile("suite", deadline=None)
# Where only matters whether a property fails, nobody reads the smallest example.
settings.register_profile("guards", deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# What a shell starts in the background ignores Ctrl-C; Dagster lets SIGTERM do as Ctrl-C does, and nothing would end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

FIRST = ("story", "canaries", "defs", "sql")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no core waits for another at the end."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folders = item.path.parts
    return next((rank for rank, folder in enumerate(FIRST) if folder in folders), len(FIRST))


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's settings register as secret is no secret to the next."""
    monkeypatch.setattr(redaction, "_live", frozenset())


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two attempts at a sandbox nobody needs half a second."""
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retries, "JITTER", 0.01)


@pytest.fixture(autouse=True)
def loggers_speak_again() -> Iterator[None]:
    """A command that ran within the test may have silenced them for its process."""
    yield
    logging.disable(logging.NOTSET)
