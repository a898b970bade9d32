"""Assets that load a vendor's days: one factory for every source, from its description.

A run asks the vendor for the whole range at once and replaces day by day; the tables of one source are one step,
because they come from one reading. A day that does not add up (received = accepted + rejected, rows = control totals)
fails the step before anything of its batch is swapped in, so nothing downstream runs; a day with too many rejects is
loaded, and its check is red.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster.defs.shared import accounting
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.partitions import days_of
from zakaz_dagster.defs.shared.specs import asset_spec
from zakaz_dagster.sources.base import DaySource, SourceDescription
from zakaz_dagster.transport.log import correlated

if TYPE_CHECKING:
    from zakaz_dagster.ingest.days import LoadReport
    from zakaz_dagster.warehouse.client import Warehouse

Chart = Callable[["LoadReport"], str]
SHOWN_DAYS = 31


class DropGuard(dg.Config):
    """Say it in words before a day may shrink."""

    allow_shrinking: bool = False


def day_assets(
    about: SourceDescription,
    partitions: dg.PartitionsDefinition,
    *,
    deps: Sequence[str] = (),
    guard: float = 0.5,
    chart: Chart | None = None,
    lineage: Mapping[str, Mapping[str, object]] | None = None,
) -> dg.AssetsDefinition:
    """The load of `about` as one step; wants the resources `warehouse` and the source's own name."""
    checked = list(about.tables)[-1]

    @dg.multi_asset(
        name=f"load_{about.name}",
        specs=[_spec(about, table, partitions, deps, (lineage or {}).get(table)) for table in about.tables],
        check_specs=[accounting.spec(checked, about.reject_share_limit)],
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"warehouse", about.name},
        retry_policy=RETRY,
        pool=about.name,
        op_tags={"source": about.name},
    )
    def load(context: dg.AssetExecutionContext, config: DropGuard):  # type: ignore[no-untyped-def]  # noqa: ANN202
        started = time.monotonic()
        report = _loaded(context, about, None if config.allow_shrinking else guard)
        seconds = time.monotonic() - started
        for table in about.tables:
            for day, rows in report.rows[table].items():
                context.add_asset_metadata(
                    {"dagster/partition_row_count": rows}, asset_key=table, partition_key=day.isoformat()
                )
            yield dg.MaterializeResult(table, metadata=metadata(report, table, seconds, chart))
        yield accounting.result(checked, about.name, about.reject_share_limit, report.counted, report.reasons)

    return load


def _spec(
    about: SourceDescription,
    table: str,
    partitions: dg.PartitionsDefinition,
    deps: Sequence[str],
    lineage: Mapping[str, object] | None,
) -> dg.AssetSpec:
    return asset_spec(
        table,
        group=about.name,
        deps=[dg.AssetKey(each.split("/")) for each in deps],
        kinds=("clickhouse", "python"),
        lineage_metadata=lineage,
        freshness_policy=freshness(about),
        partitions_def=partitions,
    )


def _loaded(context: dg.AssetExecutionContext, about: SourceDescription, guard: float | None) -> "LoadReport":
    """Load the run's days; the figures of a load that fails are told as well."""
    from zakaz_dagster.ingest.days import Load, LoadReport, load_days

    days = days_of(context)
    tags = {"run": context.run_id, "asset": f"load_{about.name}", "partition": f"{days.first}..{days.last}"}
    warehouse: Warehouse = context.resources.warehouse.tagged(**tags)
    source: DaySource = getattr(context.resources, about.name)
    load = Load(
        run_id=context.run_id,
        guard=guard,
        progress=lambda done: context.log.info("%s: %s … %s replaced", about.label, done[0], done[-1]),
    )
    report = LoadReport()
    with correlated(**tags), told_when_it_fails(context, about, report), explained():
        return load_days(source, about, warehouse, days.first, days.last, load, report)


def metadata(report: "LoadReport", table: str, seconds: float, chart: Chart | None) -> dict[str, Any]:
    """Figures of a load for the run page; numbers are plotted over time by the UI."""
    shown: dict[str, Any] = {
        "dagster/row_count": sum(report.rows[table].values()),
        "received": report.received,
        "accepted": report.accepted,
        "rejected": report.rejected,
        "requests": report.requests,
        "retries": report.retries,
        "bytes": report.bytes,
        "seconds": round(seconds, 2),
        "days": f"{report.days[0]} … {report.days[-1]}",
        **{f"total {name}": float(value) for name, value in report.totals.items()},
        "by day": _table(report),
    }
    if report.reasons:
        shown["reject reasons"] = dict(report.reasons)
    if chart and len(report.days) > 1:
        shown["chart"] = dg.MetadataValue.md(chart(report))
    return shown


@contextmanager
def told_when_it_fails(
    context: dg.AssetExecutionContext, about: SourceDescription, report: "LoadReport"
) -> Iterator[None]:
    """A load that fails leaves its figures on the table as an observation; the audit reads them there."""
    try:
        yield
    except dg.Failure:
        table = list(about.tables)[-1]
        names = ("received", "accepted", "rejected", "requests", "retries", "bytes")
        figures = {name: getattr(report, name) for name in names}
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
