"""The list of backups as files beside the other data: it must be readable when ClickHouse is gone.

One JSON file per backup in `<data folder>/backups`, 0600. What ClickHouse itself remembers is lost with the server.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from zakaz_dagster.backup.chain import Backup
from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.private_files import write_private


class Records:
    """The backups made from this installation, oldest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Backup]:
        found = [self._read(path) for path in sorted(self.folder.glob("*.json"))]
        return sorted(found, key=lambda each: each.started_at)

    def get(self, name: str) -> Backup:
        """The backup of that name, or `newest` for the newest good one."""
        good = [each for each in self.all() if each.is_good]
        found = good[-1:] if name == "newest" else [each for each in good if each.name == name]
        if not found:
            known = ", ".join(each.name for each in good[-5:]) or "none"
            raise ConfigFault(
                f"no good backup {name} is known in {self.folder}",
                source="backup",
                expected=f"one of: {known}",
                next_step="zakaz backup list; a backup made elsewhere: zakaz backup restore NAME --unrecorded",
            )
        return found[0]

    def add(self, backup: Backup) -> None:
        write_private(self.folder / f"{backup.name}.json", backup.model_dump_json(indent=1).encode())

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.json").unlink(missing_ok=True)

    def _read(self, path: Path) -> Backup:
        try:
            return Backup.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise BadData(
                f"{path} does not describe a backup ({error.error_count()} faults)",
                source="backup",
                expected="a file written by `zakaz backup create`",
                next_step="move the file away",
            ) from None
