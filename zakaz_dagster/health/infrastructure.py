"""Verdicts on what everything stands on: ClickHouse, its clock, schema, rights and backups, and room on disks.

Belongs here: these rules; rights are proved by asking for each. Does not: other questions (`reading`), Dagster
(`processes`), granting (`sql/grants`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.health.reading import Backup, Disk, Ping
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse import grants
from zakaz_dagster.warehouse.sql_files import ANYWHERE

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse
    from zakaz_dagster.warehouse.drift import Difference

AREA = "infrastructure"
CLICKHOUSE = "platform__clickhouse"
SETTINGS = "platform__settings"
CLOCK = "platform__clock"
SCHEMA = "platform__schema"
BACKUPS = "platform__backups"
DISK = "platform__disk"
CLICKHOUSE_DISK = "platform__clickhouse_disk"
SLOW_SECONDS = 2.0
SKEW_WARNING, SKEW_ERROR = 5.0, 60.0
MOSCOW_EPOCH = "1970-01-01 03:00:00"
GIGABYTE = 1024**3
SHOWN = 5


@dataclass(frozen=True)
class Limits:
    """Free room on a disk, in percent; age of the newest backup, 0 for not watched."""

    disk_warning_pct: float = 15.0
    disk_error_pct: float = 5.0
    backup_hours: float = 0.0


def settings(faults: Sequence[str], warnings: Sequence[str]) -> Verdict:
    """Values that are refused (their default stands instead), and values that are odd."""
    status = Status.ERROR if faults else Status.WARNING if warnings else Status.OK
    detail = "; ".join([*faults, *warnings]) or "every setting is understood"
    action = "correct them in the environment or in secrets/*.env, then restart the services; `zakaz doctor` shows all"
    return Verdict(SETTINGS, AREA, status, detail, action if status is not Status.OK else "", float(len(faults)), 0.0)


def clickhouse(answer: Ping) -> Verdict:
    """It answers; slowly is a warning."""
    status = Status.WARNING if answer.seconds > SLOW_SECONDS else Status.OK
    detail = f"ClickHouse {answer.version} answered in {answer.seconds * 1000:.0f} ms"
    action = "look at what it is busy with: system.processes, disk, memory" if status is Status.WARNING else ""
    return Verdict(CLICKHOUSE, AREA, status, detail, action, round(answer.seconds, 3), SLOW_SECONDS)


def clickhouse_away(error: str, assets: Sequence[str] = ()) -> Verdict:
    """It does not answer: every number is as old as its last load."""
    action = (
        "start ClickHouse, or correct CLICKHOUSE_HOST and CLICKHOUSE_PORT; loads that failed catch up by themselves"
    )
    return Verdict(CLICKHOUSE, AREA, Status.ERROR, error, action, assets=tuple(assets))


def clock(answer: Ping) -> Verdict:
    """Days are cut by Moscow time on both machines: their clocks and the session's zone must agree."""
    skew = (answer.server_time - answer.our_time).total_seconds()
    status = _level(abs(skew), SKEW_WARNING, SKEW_ERROR)
    detail = f"ClickHouse's clock is {skew:+.1f} s from ours"
    if answer.epoch != MOSCOW_EPOCH:
        status, detail = (
            Status.ERROR,
            f"{detail}; the session's time zone is not Moscow (midnight 1970: {answer.epoch})",
        )
    action = "turn on NTP on both machines and check the time zone" if status is not Status.OK else ""
    return Verdict(CLOCK, AREA, status, detail, action, round(abs(skew), 2), SKEW_WARNING)


def schema(differences: Sequence[Difference]) -> Verdict:
    """Tables and views equal sql/; a foreign object is only a warning."""
    grave = [each for each in differences if each.kind != "foreign"]
    status = Status.ERROR if grave else Status.WARNING if differences else Status.OK
    shown = "; ".join(f"{each.name}: {each.what}" for each in [*grave, *differences][:SHOWN])
    detail = f"{len(differences)} differences: {shown}" if differences else "tables and views equal sql/"
    action = (grave or list(differences))[0].next_step if differences else ""
    assets = tuple(sorted({each.name for each in grave}))
    return Verdict(SCHEMA, AREA, status, detail, action, float(len(differences)), 0.0, assets=assets)


def disk(name: str, found: Iterable[Disk], limits: Limits) -> Verdict:
    """The fullest disk decides."""
    tightest = min(found, key=_free_pct, default=None)
    if tightest is None:
        return Verdict(name, AREA, Status.OK, "no disk tells its size")
    free = _free_pct(tightest)
    status = _level(-free, -limits.disk_warning_pct, -limits.disk_error_pct)
    room = f"{tightest.free / GIGABYTE:.1f} GB of {tightest.total / GIGABYTE:.1f} are free, {free:.1f} %"
    action = "free room or enlarge the disk before loads stop" if status is not Status.OK else ""
    return Verdict(name, AREA, status, f"{tightest.name}: {room}", action, round(free, 1), limits.disk_warning_pct)


def backups(found: Sequence[Backup], limits: Limits, now: datetime) -> Verdict:
    """The newest backup must have succeeded and, where an age is set, be young enough."""
    finished = [each for each in found if each.status in ("BACKUP_CREATED", "BACKUP_FAILED")]
    good = [each for each in finished if each.status == "BACKUP_CREATED"]
    hours = (now - good[-1].ended).total_seconds() / 3600 if good else None
    failed = bool(finished) and finished[-1].status == "BACKUP_FAILED"
    late = limits.backup_hours > 0 and (hours is None or hours > limits.backup_hours)
    status = Status.ERROR if failed or late else Status.OK
    text = f"the newest good backup is {hours:.0f} h old" if hours is not None else "no backup is known"
    if failed:
        text = f"{finished[-1].name} failed: {finished[-1].error.split('Stack trace')[0][:300].strip(', (')}; {text}"
    return Verdict(
        BACKUPS,
        AREA,
        status,
        text,
        "make a BACKUP by hand and look at the room and rights of its destination" if status is Status.ERROR else "",
        None if hours is None else round(hours, 1),
        limits.backup_hours or None,
    )


def _free_pct(found: Disk) -> float:
    return 100.0 * found.free / found.total


def _level(value: float, warning: float, error: float) -> Status:
    if value > error:
        return Status.ERROR
    return Status.WARNING if value > warning else Status.OK


NAME = "platform__grants"
WRITER = "role_writer"
CATALOGUE = "information_schema"


def rights(writer: Warehouse, reader: Warehouse | None, views: Sequence[str], hidden: Sequence[str]) -> Verdict:
    """`views` are what the reader must be able to read, `hidden` what it must not; without a reader it is not asked."""
    faults = [*_missing(writer), *(reader_faults(reader, views, hidden) if reader else ())]
    status = Status.ERROR if faults else Status.OK
    detail = "; ".join(faults) or f"the writer has its rights{', the reader sees views only' if reader else ''}"
    action = "as an administrator of ClickHouse: zakaz schema grants --apply" if faults else ""
    return Verdict(NAME, "infrastructure", status, detail, action, float(len(faults)), 0.0)


def _missing(writer: Warehouse) -> Iterator[str]:
    """`CHECK GRANT` answers 1 or 0, counting rights that come through roles and those that everybody has."""
    wh = writer.tagged(statement="health.rights")
    for place, needed in grants.rights(WRITER, writer.config.place).items():
        if not _may(wh, f"{', '.join(needed)} ON {place}"):
            lacking = [right for right in needed if not _may(wh, f"{right} ON {place}")]
            yield from (f"{writer.config.user} lacks {right} on {place}" for right in lacking)


def _may(wh: Warehouse, rights: str) -> bool:
    return wh.answer(f"CHECK GRANT {rights}", ANYWHERE) == "1"


def reader_faults(reader: Warehouse, views: Sequence[str], hidden: Sequence[str]) -> Iterator[str]:
    for name in views:
        if not _reads(reader, name):
            yield f"{reader.config.user} cannot read {name}"
    for name in hidden:
        if _reads(reader, name):
            yield f"{reader.config.user} can read {name}"
    if not _may(reader.tagged(statement="health.rights"), f"SELECT ON {CATALOGUE}.*"):
        yield f"{reader.config.user} cannot read {CATALOGUE}, where tools look for tables and columns"


def _reads(reader: Warehouse, name: str) -> bool:
    try:
        reader.tagged(statement="health.rights").rows(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608  names of our files
    except ConfigFault:  # 497: not enough privileges
        return False
    return True
