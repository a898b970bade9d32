"""Where alerts are kept when their file cannot be written: in memory-backed storage, so that a full disk is told once.

Belongs here: finding that place and handing its content back. Does not: anything about incidents.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from zakaz_dagster.alerts.incidents import Incident
from zakaz_dagster.alerts.store import Store, read_incidents

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own inside it, readable by this user only
BROKEN = (sqlite3.Error, OSError)  # what a full, read-only or foreign disk raises


def spare_path(path: Path) -> Path:
    """The spare of this file, one per user."""
    root = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    mark = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:12]
    return root / f"zakaz-{os.getuid()}" / f"alerts-{mark}.sqlite3"


def spare_store(path: Path) -> Store:
    """The spare for `path`, filled with its open incidents if they can still be read; in this process at worst."""
    place = spare_path(path)
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.parent.lstat().st_uid != os.getuid():
            return Store(":memory:")
        fresh = not place.exists()
        store = Store(place)
    except BROKEN:
        return Store(":memory:")
    if fresh:
        store.adopt(_readable(path), {})
    return store


def take_back(store: Store, path: Path) -> None:
    """Move what the spare of `path` holds into the store that works again."""
    place = spare_path(path)
    if not place.exists():
        return
    spare = Store(place)
    store.adopt(spare.incidents(), spare.unsent())
    spare.close()
    place.unlink()


def _readable(path: Path) -> Mapping[str, Incident]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            return read_incidents(connection)
    except BROKEN:
        return {}
