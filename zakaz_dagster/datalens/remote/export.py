"""DataLens' own snapshots of our objects as files: a copy to keep beside the specification.

Belongs here: writing them. Does not: restoring (the specification is what objects are made from).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zakaz_dagster.datalens.remote.state import State
from zakaz_dagster.errors import ConfigFault

GETTERS = {"connection": "connection", "dataset": "dataset", "chart": "wizard_chart", "dashboard": "dashboard"}


def export(client: Any, state: State, folder: Path) -> list[Path]:
    """One folder per object under `folder`, which must be new or empty. Connections come without their password."""
    if folder.exists() and any(folder.iterdir()):
        raise ConfigFault(f"{folder} is not empty", source="datalens", next_step="give a new folder")
    written = []
    for held in state.objects.values():
        place = folder / held.kind
        place.mkdir(parents=True, exist_ok=True)
        written.append(Path(getattr(client.get, GETTERS[held.kind])(by_id=held.id).to_file(place)))
    return written
