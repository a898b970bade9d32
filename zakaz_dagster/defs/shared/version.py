"""Which code ran: the package's version and, in a checkout, its commit. Read from files, without running git."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from zakaz_dagster.paths import PROJECT_ROOT

PACKAGE = "zakaz-dagster"
SHOWN = 10


def code_version(root: Path = PROJECT_ROOT) -> str:
    """`0.1.0+5c3ab0541f`; without a checkout `0.1.0`."""
    try:
        released = version(PACKAGE)
    except PackageNotFoundError:
        released = "unreleased"
    commit = _commit(root / ".git")
    return f"{released}+{commit[:SHOWN]}" if commit else released


def _commit(folder: Path) -> str:
    head = _text(folder / "HEAD")
    if not head.startswith("ref: "):
        return head
    ref = head.removeprefix("ref: ")
    packed = (line.split() for line in _text(folder / "packed-refs").splitlines())
    return _text(folder / ref) or next((parts[0] for parts in packed if parts[1:] == [ref]), "")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""
