"""One load of the mailbox: new mails into staging, then the mail channel's rows of every day they speak of.

    mailbox.find ─▶ read ─▶ lines ─▶ ledger of mails ─▶ days the window's mails state ─▶ day.replace ─▶ books ─▶ label

A mail counts as known once its ledger entry stands, which is written after its lines; days are derived from all known
mails of the window, new or not, so a load that was cut short is completed by the next one.
Belongs here: the order of these steps. Does not: how mails are read (`sources.gmail`), which mail holds (`sql/builds`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.report import MailRead
from zakaz_dagster.sources.gmail.rows import line_rows, message_rows
from zakaz_dagster.sources.gmail.source import Mailbox, Window
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.warehouse import load_ledger
from zakaz_dagster.warehouse.arrow import fit, with_service_columns
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_days import replace_days
from zakaz_dagster.warehouse.sql_files import load as load_statements
from zakaz_dagster.warehouse.table_info import shape

SOURCE = "gmail"
MESSAGES, LINES, SALES = "stg_gmail_messages", "stg_gmail_sales_raw", "stg_qtickets_sales_raw"
CHANNEL = {"channel": "mail"}
BATCH_MAILS = 50
BATCH_DAYS = 31
BATCH_IDS = 1000  # ids travel in the address


@dataclass
class MailReport:
    """What one load did; the numbers an operator sees on the run. `outcomes` count messages."""

    found: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    rejected: int = 0
    requests: int = 0
    rows: dict[date, int] = field(default_factory=dict)
    totals: dict[date, dict[str, Decimal | int]] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        """Days whose rows were replaced."""
        return sorted(self.rows)


@dataclass(frozen=True)
class MailLoad:
    """How a load runs: its identity, the label put on mails afterwards ('' for none), who hears of each batch.

    Days before `start` are no days of the platform: mails may speak of them, and no fact is built for them.
    """

    run_id: str
    label: str = ""
    start: date = date.min
    progress: Callable[[str], None] = lambda _: None


def load_mails(mailbox: Mailbox, warehouse: Warehouse, window: Window, load: MailLoad) -> MailReport:
    """Read the window's unknown mails and derive every day the window's mails speak of; raises a Failure."""
    report, version, before = MailReport(), time.time_ns(), mailbox.requests
    known = _known(warehouse)
    found = mailbox.find(window, known)
    report.found = len(found.ids)
    done: list[str] = []
    for reads in _batches(mailbox.read(found.fresh), BATCH_MAILS):
        # A mail that was read before and is deleted now keeps what it stated.
        new = [read for read in reads if read.outcome is not Outcome.GONE or read.mail.message_id not in known]
        _keep(warehouse, new, mailbox.reader, version, load.run_id)
        done += [read.mail.message_id for read in reads if read.outcome is not Outcome.GONE]
        _count(report, reads)
        load.progress(f"{sum(report.outcomes.values())} of {len(found.fresh)} new mails read")
    days = [day for day in _stated_days(warehouse, found.ids) if day >= load.start]
    for some in _batches(days, BATCH_DAYS):
        derive_days(warehouse, some, report, version=version, run_id=load.run_id)
        load.progress(f"{some[0]} … {some[-1]} derived")
    if load.label:
        mailbox.mark(done, load.label)
    report.requests = mailbox.requests - before
    return report


def derive_days(warehouse: Warehouse, days: Sequence[date], report: MailReport, *, version: int, run_id: str) -> None:
    """Replace the mail channel's rows and the rejects of these days by what the known mails say of them."""
    builds = load_statements("builds")
    asked = {"days": [str(day) for day in days]}
    rows = warehouse.query(builds["mail_sales"].sql, asked, schema=schema_of(SALES))
    by_day = {day: rows.filter(pc.equal(rows["sale_date"], pa.scalar(day))) for day in days}
    replaced = replace_days(warehouse, SALES, by_day, partition=CHANNEL, guard=None, ver=version, run_id=run_id)
    refused: dict[date, list[dict[str, Any]]] = {day: [] for day in days}
    for each in warehouse.rows(builds["mail_rejects"].sql, asked):
        refused[each["sale_date"]].append(each)
    reads = [_day_read(day, by_day[day], refused[day]) for day in days]
    written = {SALES: {day: outcome.rows_after for day, outcome in replaced.items()}}
    load_ledger.record_days(warehouse, SOURCE, reads, written, ver=version, run_id=run_id)
    report.rows |= written[SALES]
    report.totals |= {read.day: dict(read.totals) for read in reads}


def _known(warehouse: Warehouse) -> dict[str, str]:
    """Message ids that are done, with the reader that read them; a mail that was gone is looked at again."""
    query = f"SELECT message_id, reader FROM {MESSAGES} FINAL WHERE part = '' AND outcome != 'gone'"  # noqa: S608
    return {row["message_id"]: row["reader"] for row in warehouse.rows(query)}


def _stated_days(warehouse: Warehouse, ids: Sequence[str]) -> list[date]:
    """Every day these mails speak of, or spoke of when they were read otherwise."""
    query = f"SELECT DISTINCT sale_date FROM {LINES} WHERE message_id IN {{ids:Array(String)}}"  # noqa: S608
    found = {row["sale_date"] for some in _batches(ids, BATCH_IDS) for row in warehouse.rows(query, {"ids": some})}
    return sorted(found)


def _keep(warehouse: Warehouse, reads: Sequence[MailRead], reader: str, version: int, run_id: str) -> None:
    """Lines, then parts, then messages: an entry of a message means that the rest of it stands."""
    now = datetime.now(UTC)
    parts, wholes = message_rows(reads, reader, now)
    for table, rows in ((LINES, line_rows(reads)), (MESSAGES, parts), (MESSAGES, wholes)):
        types = shape(warehouse, table).types
        full = with_service_columns(rows, types, loaded_at=now, ver=version, run_id=run_id)
        # Same key and version: harmless when an interrupted insert is repeated.
        warehouse.insert(table, fit(full, types, table=table), undo=lambda: None)


def _count(report: MailReport, reads: Sequence[MailRead]) -> None:
    report.outcomes.update(str(read.outcome) for read in reads)
    unread = (
        part.reason for read in reads for part in read.parts if part.outcome in (Outcome.SKIPPED, Outcome.REFUSED)
    )
    report.reasons.update(unread)
    report.reasons.update(read.reason for read in reads if read.reason)
    report.lines += sum(len(statement.lines) for read in reads for statement in read.statements)
    report.rejected += sum(len(read.refused) for read in reads)


def _day_read(day: date, rows: pa.Table, refused: Sequence[dict[str, Any]]) -> DayRead:
    """The day's entry in the books, as of its newest mail; a line's free tickets are a row of their own and no line."""
    rejects = [Reject(each["reason"], each["place"], each["payload"]) for each in refused]
    lines = rows.num_rows - (pc.sum(pc.ends_with(rows["line_id"], ":free")).as_py() or 0)
    stated = [moment for moment in rows["reported_at"].to_pylist() if moment] + [each["stated_at"] for each in refused]
    return DayRead(
        day=day,
        tables={SALES: rows},
        received=lines + len(rejects),
        accepted=lines,
        rejects=rejects,
        covered_until=max(stated).isoformat() if stated else "",
        totals=_totals(rows),
    )


def _totals(rows: pa.Table) -> dict[str, Decimal | int]:
    free = rows.filter(pc.equal(rows["is_free"], 1))
    gross, refunds = (Decimal(pc.sum(rows[name]).as_py() or 0) for name in ("price_rub", "refunded_rub"))
    return {
        "tickets": pc.sum(rows["tickets"]).as_py() or 0,
        "free_tickets": pc.sum(free["tickets"]).as_py() or 0,
        "refunded_tickets": pc.sum(rows["refunded_tickets"]).as_py() or 0,
        "gross_rub": gross,
        "refunds_rub": refunds,
        "net_rub": gross - refunds,
    }


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def last_api_load(warehouse: Warehouse) -> datetime | None:
    """When a day of QTickets' API was last loaded well; None before the first time."""
    query = "SELECT toUnixTimestamp(max(_loaded_at)) AS at FROM meta_day_loads WHERE source = 'qtickets'"
    return datetime.fromtimestamp(at, UTC) if (at := int(warehouse.scalar(query) or 0)) else None
