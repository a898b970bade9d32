"""ClickHouse's BACKUP and RESTORE: made, proven by restoring into a database of its own, and put back.

    create    sums ─▶ BACKUP ─▶ sums again: what changed in between was being loaded
    verify    RESTORE AS <database>_drill ─▶ sums equal the recorded ones ─▶ every view answers ─▶ dropped
    restore   into an empty or new database; a live one is set aside by name first, and only when that was said

Belongs here: these steps. Does not: names and what may go (`chain`), the list (`records`).
"""

# ruff: noqa: S608  (names come from the catalogue and our own settings, quoted)
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from zakaz_dagster.backup.chain import Backup, Kind, Sum, base_for, differences, name_of
from zakaz_dagster.backup.records import Records
from zakaz_dagster.errors import BadData, ConfigFault, Failure
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.drift import quoted
from zakaz_dagster.warehouse.sql_files import ANYWHERE

POLL_SECONDS = 0.2
TABLES = """
SELECT name, engine LIKE '%Replacing%' AS is_replacing FROM system.tables
WHERE database = {database:String} AND engine LIKE '%MergeTree' AND NOT startsWith(name, '.') ORDER BY name
"""
STATE = """
SELECT toString(status) AS status, error, toInt64(files_read) AS files_read, toInt64(num_files) AS num_files,
    toInt64(total_size) AS total_size
FROM system.backups WHERE id = {id:String} ORDER BY start_time DESC LIMIT 1
"""
Progress = Callable[[int, int], None]  # files done, files in all


@dataclass(frozen=True)
class Destination:
    """Where backups lie: a disk that ClickHouse's configuration allows for backups, or a folder of an S3 bucket."""

    disk: str = ""
    s3_url: str = ""
    s3_key: str = ""
    s3_secret: str = ""

    @property
    def label(self) -> str:
        return f"disk {self.disk}" if self.disk else self.s3_url

    def sql(self, name: str) -> str:
        """The destination of one backup as BACKUP and RESTORE take it."""
        if self.disk:
            return f"Disk({quoted(self.disk)}, {quoted(name)})"
        if self.s3_url:
            where = (f"{self.s3_url.rstrip('/')}/{name}", self.s3_key, self.s3_secret)
            return f"S3({', '.join(map(quoted, where))})"
        raise ConfigFault(
            "no place for backups is set",
            source="backup",
            next_step="set BACKUP_DISK or BACKUP_S3_URL; docs/RUNBOOK_BACKUP_RESTORE.md",
        )


@dataclass(frozen=True)
class Rehearsal:
    """A restore that was tried: every fault found, and how many seconds it took until the rows were there."""

    backup: Backup
    wrong: list[str]
    restore_seconds: float


def create(
    wh: Warehouse,
    where: Destination,
    records: Records,
    kind: Kind,
    now: datetime,
    progress: Progress,
) -> Backup:
    """Back the database up and record it, also when it fails; an increment without a full one becomes a full one.

    `now` is an aware moment and gives the backup its name. Raises the Failure that ClickHouse answered.
    """
    base = base_for(records.all(), where.label) if kind == "incremental" else None
    kind = "incremental" if base else "full"
    database = wh.config.database
    made = Backup(
        name=name_of(database, kind, now),
        kind=kind,
        base=base.name if base else "",
        destination=where.label,
        started_at=now,
        seconds=0,
        bytes=0,
        sums=sums(wh),
    )
    option = f"base_backup = {where.sql(base.name)}, " if base else ""
    began = time.monotonic()
    try:
        size = _run(wh, f"BACKUP DATABASE {database} TO {where.sql(made.name)}", made.name, option, progress)
    except Failure as failure:
        records.add(made.model_copy(update={"error": str(failure), "seconds": time.monotonic() - began}))
        raise
    after = sums(wh)
    moved = tuple(sorted(table for table in made.sums if after.get(table) != made.sums[table]))
    made = made.model_copy(update={"seconds": time.monotonic() - began, "bytes": size, "moved": moved})
    records.add(made)
    return made


def verify(wh: Warehouse, where: Destination, made: Backup, progress: Progress) -> Rehearsal:
    """Restore it into `<database>_drill`, compare sums, read every view, drop that database."""
    drill = _elsewhere(wh, f"{wh.config.database}_drill")
    _drop(drill)
    began = time.monotonic()
    try:
        _restore(wh, where, made.name, drill.config.database, progress)
        took = time.monotonic() - began
        wrong = [*differences(made, sums(drill)), *(f"{view}: {told}" for view, told in _unreadable(drill).items())]
        return Rehearsal(made, wrong, took)
    except Failure as failure:
        return Rehearsal(made, [failure.what], time.monotonic() - began)
    finally:
        _drop(drill)


def restore(  # the live database is set aside, never dropped
    wh: Warehouse,
    where: Destination,
    name: str,
    target: str,
    *,
    over_live: bool,
    now: datetime,
    progress: Progress,
) -> str:
    """Put the backup into the database `target`; the name under which a live one was set aside, or ''.

    A database that holds tables is touched only with `over_live`, and then kept as `<target>_before_<moment>`.
    """
    if wh.config.cluster:
        raise ConfigFault(
            f"a restore from here would reach one replica of the cluster {wh.config.cluster}",
            source="backup",
            expected="one server",
            next_step=f"as an administrator: RESTORE DATABASE … ON CLUSTER '{wh.config.cluster}' FROM S3(…);"
            " docs/RUNBOOK_BACKUP_RESTORE.md",
        )
    to = _elsewhere(wh, target)
    aside = ""
    if held := to.rows(TABLES, {"database": target}, ANYWHERE):
        if not over_live:
            raise ConfigFault(
                f"the database {target} holds {len(held)} tables",
                source="backup",
                expected="an empty or a new database",
                next_step="restore beside it (--to OTHER), or say --over-live: it is then kept under another name",
            )
        aside = f"{target}_before_{now:%Y%m%dT%H%M%S}"
        to.command(f"RENAME DATABASE {target} TO {aside}", settings=ANYWHERE)
    else:
        _drop(to)
    try:
        _restore(wh, where, name, target, progress)
    except Failure as failure:
        if aside:
            _drop(to)
            to.command(f"RENAME DATABASE {aside} TO {target}", settings=ANYWHERE)
        raise BadData(
            f"the restore of {name} failed: {failure.what}",
            source="backup",
            expected="a whole backup",
            next_step=f"zakaz backup verify; {target} is as it was" if aside else "zakaz backup verify NAME",
        ) from None
    return aside


def sums(wh: Warehouse) -> dict[str, Sum]:
    """Rows and content of every table of the database, as FINAL reads it: merges in the background change nothing."""
    found = {}
    for table in wh.rows(TABLES, {"database": wh.config.database}, ANYWHERE):
        final = " FINAL" if table["is_replacing"] else ""
        name = f"{wh.config.database}.{table['name']}{final}"
        sql = f"SELECT count() AS rows, sum(cityHash64(tuple(*))) AS content FROM {name}"
        found[table["name"]] = Sum(**wh.rows(sql, settings=ANYWHERE)[0])
    return found


def _restore(wh: Warehouse, where: Destination, name: str, target: str, progress: Progress) -> None:
    database = name.split("-", 1)[0]
    renamed = "" if target == database else f" AS {target}"
    _run(wh, f"RESTORE DATABASE {database}{renamed} FROM {where.sql(name)}", f"{name}-to-{target}", "", progress)


def _run(wh: Warehouse, sql: str, name: str, option: str, progress: Progress) -> int:
    """Start it on the server, follow it to its end; its size in bytes. An answer that gets lost does not end it."""
    wh = wh.tagged(statement=" ".join(sql.split()[:2]).lower())
    operation = f"{name}-{time.time_ns()}"
    wh.command(f"{sql} SETTINGS {option}id = {quoted(operation)} ASYNC", settings=ANYWHERE)
    while True:
        state: dict[str, Any] = next(iter(wh.rows(STATE, {"id": operation}, ANYWHERE)), {})
        progress(state.get("files_read", 0), state.get("num_files", 0))
        if state.get("status") in ("BACKUP_CREATED", "RESTORED"):
            return int(state["total_size"])
        if state.get("status") not in ("CREATING_BACKUP", "RESTORING"):
            said = state.get("error", "").split("Stack trace")[0].strip() or "ClickHouse has no record of it"
            raise BadData(
                f"{' '.join(sql.split()[:3])} ended without success: {said[:500]}",
                source="backup",
                expected="BACKUP_CREATED or RESTORED in system.backups",
                next_step="look at room and rights of the destination, then run it again",
            )
        time.sleep(POLL_SECONDS)


def _unreadable(wh: Warehouse) -> Mapping[str, str]:
    """Views of the database that do not answer."""
    wrong = {}
    views = "SELECT name FROM system.tables WHERE database = {database:String} AND engine = 'View' ORDER BY name"
    for view in wh.rows(views, {"database": wh.config.database}, ANYWHERE):
        try:
            wh.scalar(f"SELECT count() FROM {wh.config.database}.{view['name']}", settings=ANYWHERE)
        except Failure as failure:
            wrong[view["name"]] = failure.what
    return wrong


def _drop(wh: Warehouse) -> None:
    wh.command(f"DROP DATABASE IF EXISTS {wh.config.database} SYNC", settings=ANYWHERE)


def _elsewhere(wh: Warehouse, database: str) -> Warehouse:
    if not database.isidentifier() or not database.isascii():
        raise ConfigFault(f"{database!r} is no database name", source="backup", expected="letters, digits and _")
    return Warehouse.connect(replace(wh.config, database=database))
