"""Assets that load a vendor's days: one step for every source, from its description.

A run asks the vendor for the whole range at once and replaces day by day; the tables of one source are one step,
because they come from one reading. A day that does not add up (received = accepted + rejected, rows = control totals)
fails the step before anything of its batch is swapped in, so nothing downstream runs; a day with too many rejects is
loaded, and its check is red.

A source that answers whole days only leaves out the running one when it is asked for it; the day after, it is read.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.shared import accounting
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.partitions import Days, daily, days_of
from zakaz_dagster.defs.shared.specs import asset_spec, vendor_origins
from zakaz_dagster.redaction import presentable
from zakaz_dagster.sources.base import DaySource, SourceDescription
from zakaz_dagster.transport.log import correlated

if TYPE_CHECKING:
    from zakaz_dagster.ingest.days import LoadReport
    from zakaz_dagster.warehouse.client import Warehouse

Chart = Callable[["LoadReport"], str]
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]
SHOWN_DAYS = 31
# A tag of runs of many sources: days that a vendor no longer keeps are left out instead of failing the run.
SKIP_UNAVAILABLE = "zakaz/skip_unavailable"
FIGURES = ("received", "accepted", "rejected", "requests", "retries", "bytes")


class LoadConfig(dg.Config):
    """`allow_shrinking` says in words that a day, or the catalogue, may lose most of its rows."""

    allow_shrinking: bool = False


def day_step(about: SourceDescription, start: date, deps: Sequence[str]) -> dict[str, Any]:
    """Arguments of `dg.multi_asset` for the step that loads `about`; `deps` are endpoints and tables."""
    partitions = daily(start)
    specs = [
        asset_spec(
            table,
            group=about.name,
            deps=[dg.AssetKey(each.split("/")) for each in deps],
            kinds=("clickhouse", "python"),
            origins=vendor_origins(about.name, table),
            freshness_policy=freshness(about),
            partitions_def=partitions,
        )
        for table in about.tables
    ]
    return {
        "name": f"load_{about.name}",
        "specs": specs,
        "check_specs": [accounting.spec(_checked(about), about.reject_share_limit)],
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "retry_policy": RETRY,
        "pool": about.name,
        "op_tags": {"source": about.name},
    }


def load(
    context: dg.AssetExecutionContext,
    config: LoadConfig,
    about: SourceDescription,
    source: DaySource,
    warehouse: "Warehouse",
    *,
    guard: float,
    chart: Chart | None = None,
) -> Results:
    """Load the run's days and say what happened, for the run and for each day."""
    started = time.monotonic()
    with explained():
        asked = days_of(context)
        days = available(about, asked, timezone.today(), skip_old=SKIP_UNAVAILABLE in context.run.tags)
        report = _loaded(context, about, source, warehouse, days, None if config.allow_shrinking else guard)
        counts = {table: int(warehouse.scalar(f"SELECT count() FROM {table}")) for table in about.tables}  # noqa: S608
    seconds = time.monotonic() - started
    if report.days:
        observe_endpoints(context, {name: getattr(report, name) for name in ("received", "requests", "bytes")})
    for table in about.tables:
        for day in asked:
            shown = day_metadata(report, table, day) or {"not read": _why_not(about, day)}
            context.add_asset_metadata(shown, asset_key=table, partition_key=day.isoformat())
        yield dg.MaterializeResult(table, metadata=metadata(report, table, counts[table], seconds, chart))
    yield accounting.result(_checked(about), about.name, about.reject_share_limit, report.counted, report.reasons)


def observe_endpoints(context: dg.AssetExecutionContext, figures: Mapping[str, int]) -> None:
    """Say on the page of every vendor's endpoint that this step reads that it was read."""
    read = {key for keys in context.assets_def.asset_deps.values() for key in keys if len(key.path) > 1}
    for key in sorted(read):
        context.log_event(dg.AssetObservation(key, metadata=dict(figures)))


def available(about: SourceDescription, days: Days, today: date, *, skip_old: bool) -> Days | None:
    """Those of the days that the source can be asked for; None when there is none."""
    last = days.last if about.includes_today else min(days.last, today - timedelta(days=1))
    oldest = about.oldest_day(today) if skip_old and about.oldest_day else days.first
    first = max(days.first, oldest)
    return Days(first, last) if first <= last else None


def _why_not(about: SourceDescription, day: date) -> str:
    if day >= timezone.today():
        return f"{about.label} answers whole days: this one is read after it is over"
    return f"{about.label} no longer keeps this day; what was loaded earlier stays"


def _checked(about: SourceDescription) -> str:
    return list(about.tables)[-1]


def _loaded(
    context: dg.AssetExecutionContext,
    about: SourceDescription,
    source: DaySource,
    warehouse: "Warehouse",
    days: Days | None,
    guard: float | None,
) -> "LoadReport":
    """Load the days; the figures of a load that fails are told as well."""
    from zakaz_dagster.ingest.days import Load, LoadReport, load_days

    report = LoadReport(rows={table: {} for table in about.tables})
    if days is None:
        context.log.info("%s: none of these days can be read now", about.label)
        return report
    run_id = context.run.run_id
    tags = {"run": run_id, "asset": f"load_{about.name}", "partition": str(days)}
    load = Load(
        run_id=run_id,
        guard=guard,
        progress=lambda done: context.log.info("%s: %s … %s replaced", about.label, done[0], done[-1]),
    )
    with correlated(**tags), observed_when_it_fails(context, _checked(about), report):
        return load_days(source, about, warehouse.tagged(**tags), days.first, days.last, load, report)


def day_metadata(report: "LoadReport", table: str, day: date) -> dict[str, Any]:
    """Figures of one day, for its partition; none for a day that was not read."""
    if day not in report.rows[table]:
        return {}
    counted = report.counted[day]
    totals = {f"total {name}": _plain(value) for name, value in report.totals_by_day.get(day, {}).items()}
    return {
        "dagster/partition_row_count": report.rows[table][day],
        "received": counted.received,
        "rejected": counted.rejected,
        **totals,
    }


def metadata(report: "LoadReport", table: str, row_count: int, seconds: float, chart: Chart | None) -> dict[str, Any]:
    """Figures of a load for the run page; numbers are plotted over time by the UI."""
    shown: dict[str, Any] = {
        "dagster/row_count": row_count,
        "rows written": sum(report.rows[table].values()),
        **{name: getattr(report, name) for name in FIGURES},
        "seconds": round(seconds, 2),
        "days read": f"{report.days[0]} … {report.days[-1]}" if report.days else "none",
        "by day": _table(report),
    }
    if report.reasons:
        shown["reject reasons"] = dict(report.reasons)
    if report.kept:
        shown["not read, kept as stored"] = presentable(", ".join(sorted(report.kept)))
    if chart and len(report.days) > 1:
        shown["chart"] = dg.MetadataValue.md(chart(report))
    return shown


@contextmanager
def observed_when_it_fails(context: dg.AssetExecutionContext, table: str, report: "LoadReport") -> Iterator[None]:
    """A load that fails leaves its figures on the table as an observation; the audit reads them there."""
    try:
        yield
    except Exception:
        figures = {name: getattr(report, name) for name in FIGURES}
        replaced = f"{report.days[0]} … {report.days[-1]}" if report.days else "none"
        context.log_event(
            dg.AssetObservation(
                table, description="a load that failed", metadata={**figures, "days replaced before": replaced}
            )
        )
        raise


def freshness(about: SourceDescription) -> dg.FreshnessPolicy:
    """How old the last good load may be; data time has its own checks."""
    return dg.FreshnessPolicy.time_window(
        warn_window=timedelta(minutes=about.warn_minutes), fail_window=timedelta(minutes=about.fail_minutes)
    )


def _table(report: "LoadReport") -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({"day": day.isoformat(), **{name: _plain(value) for name, value in totals.items()}})
            for day, totals in list(report.totals_by_day.items())[-SHOWN_DAYS:]
        ],
        schema=dg.TableSchema(
            columns=[dg.TableColumn("day"), *(dg.TableColumn(name) for name in _totals_names(report.totals_by_day))]
        ),
    )


def _totals_names(by_day: Mapping[date, Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for totals in by_day.values() for name in totals))


def _plain(value: Decimal | int) -> float | int:
    return float(value) if isinstance(value, Decimal) else value
