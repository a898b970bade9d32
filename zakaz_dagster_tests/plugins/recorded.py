"""Recorded vendor bodies, read in place from outside the project; tests that want them skip where they are absent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Path]:
    """`recorded("qtickets")` is the folder of that vendor's recorded bodies."""
    root = Path(os.environ.get("ZAKAZ_RECORDED_BODIES") or PROJECT.parent / "shared" / "fixtures")

    def folder(vendor: str) -> Path:
        path = root / vendor
        if not path.is_dir():
            pytest.skip(f"no recorded bodies at {path}; set ZAKAZ_RECORDED_BODIES")
        return path

    return folder
