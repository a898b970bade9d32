"""The state file: which DataLens object is which of ours, and what it was last made from. It holds no secret.

Belongs here: reading and writing it. Does not: deciding what to do (`plan`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.private_files import write_private


@dataclass(frozen=True)
class Held:
    """An object as it was last applied. Only one that `is_ours` (made here, not adopted) may ever be deleted."""

    id: str
    kind: str
    name: str
    is_ours: bool
    revision: str
    content: dict[str, Any]


@dataclass
class State:
    path: Path
    workbook: str
    objects: dict[str, Held] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, workbook: str) -> State:
        """The state of this workbook; empty where there is no file yet."""
        if not path.exists():
            return cls(path, workbook)
        given = json.loads(path.read_text(encoding="utf-8"))
        if given["workbook"] != workbook:
            raise ConfigFault(
                f"{path} belongs to workbook {given['workbook']}, not {workbook}",
                source="datalens",
                next_step="give another --state, or set DATALENS_WORKBOOK_ID back",
            )
        return cls(path, workbook, {key: Held(**held) for key, held in given["objects"].items()})

    def save(self) -> None:
        """Written whole after each object, so that an interrupted run loses nothing."""
        held = {key: asdict(one) for key, one in sorted(self.objects.items())}
        text = json.dumps({"workbook": self.workbook, "objects": held}, ensure_ascii=False, indent=1, sort_keys=True)
        write_private(self.path, f"{text}\n".encode())
