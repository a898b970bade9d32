"""Backups as the command line and Dagster ask for them: each work with its line in the ledger.

Belongs here: what goes together. Does not: the steps (`engine`), the archive of files (`files`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from zakaz_dagster.backup import engine
from zakaz_dagster.backup.chain import Backup, Kind, outdated
from zakaz_dagster.backup.engine import Destination, Progress, Rehearsal
from zakaz_dagster.backup.ledger import Entry, recorded
from zakaz_dagster.backup.records import Records
from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.warehouse.client import Warehouse


def silent(done: int, total: int) -> None:
    """Nobody looks at the progress."""


@dataclass(frozen=True)
class Backups:
    """The warehouse's backups. `admin` may back up and restore, `ledger` may write the platform's tables.

    `folder` is the destination's disk as this machine sees it, None where it does not: then nothing is deleted.
    """

    admin: Warehouse
    ledger: Warehouse
    where: Destination
    records: Records
    now: Callable[[], datetime]
    folder: Path | None = None
    keep_full: int = 4
    run_id: str = field(default="", compare=False)

    def create(self, kind: Kind, progress: Progress = silent) -> Backup:
        """Back up and record it; raises the Failure of ClickHouse."""
        with recorded(self.ledger, self._entry(kind)) as entry:
            made = engine.create(self.admin, self.where, self.records, kind, entry.started_at, progress)
            entry.kind = made.kind
            entry.describe(made)
        return made

    def verify(self, name: str, kind: str = "verify", progress: Progress = silent) -> Rehearsal:
        """Rehearse the restore of a backup; raises BadData with every difference."""
        made = self.records.get(name)
        with recorded(self.ledger, self._entry(kind)) as entry:
            entry.describe(made)
            done = engine.verify(self.admin, self.where, made, progress)
            if done.wrong:
                raise BadData(
                    f"{made.name} does not restore to what was backed up: {'; '.join(done.wrong[:5])}",
                    source="backup",
                    expected=f"{len(made.sums)} tables, {made.rows} rows",
                    next_step="zakaz backup create --full now, then look at the destination's disk",
                )
        return done

    def recovery(self, done: Rehearsal) -> str:
        """What a loss at this moment would cost: how old the data would be, and how long until it is back."""
        hours = (self.now() - done.backup.started_at).total_seconds() / 3600
        return f"RPO {hours:.1f} h (to load again from the vendors), RTO {done.restore_seconds:.0f} s (the restore)"

    def restore(self, name: str, target: str, *, over_live: bool, progress: Progress = silent) -> str:
        """Put a backup into a database; the name under which a live one was set aside, or ''."""
        entry = self._entry("restore")
        entry.name = name
        aside = engine.restore(
            self.admin, self.where, name, target, over_live=over_live, now=entry.started_at, progress=progress
        )
        if target == self.ledger.config.database:  # the ledger that was restored, as the platform will find it
            with recorded(self.ledger, entry):
                pass
        return aside

    def prune(self, *, forget: bool = False) -> list[Backup]:
        """Delete what is outdated, from the disk and from the list; what was deleted.

        `forget`: it was deleted at the destination by other means, only the list has it still.
        """
        gone = outdated(self.records.all(), self.keep_full, self.now())
        if not gone:
            return []
        if forget:
            for each in gone:
                self.records.remove(each.name)
            return gone
        if self.folder is None or not self.folder.is_dir():
            raise ConfigFault(
                f"{len(gone)} backups are outdated, and their disk is not seen from here: "
                + ", ".join(each.name for each in gone[:5]),
                source="backup",
                next_step="set BACKUP_PATH to the disk's folder on this machine; elsewhere, as in a bucket, delete them"
                " there, then: zakaz backup prune --forget",
            )
        for each in gone:
            shutil.rmtree(self.folder / each.name, ignore_errors=True)
            (self.folder / f"{each.name}.zip").unlink(missing_ok=True)
            self.records.remove(each.name)
        return gone

    def _entry(self, kind: str) -> Entry:
        return Entry(self.now(), kind, destination=self.where.label, run_id=self.run_id)
