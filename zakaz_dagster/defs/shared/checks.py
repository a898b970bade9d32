"""Asset checks from sql/checks: one file, one check; the same files `zakaz smoke` evaluates.

Checks are not partitioned: each scans the window it names in one query. A blocking one is an ERROR and stops what
is downstream; the others are red without stopping anything.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

import dagster as dg

from zakaz_dagster.defs._private import EVALUATED, AssetCheckExecutionRecord, AssetJob
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.markdown import as_markdown
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.errors import BadData
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import Statement, load

BLOCKED_BY = "blocked by "
HEADER = re.compile(r"\A(?:--[^\n]*\n)+")  # said above the query already


def sql_checks(assets: frozenset[str]) -> list[dg.AssetChecksDefinition]:
    """One step per checked asset, so that people can run an asset's checks again from its page."""
    by_asset: dict[str, list[Statement]] = defaultdict(list)
    for statement in load("checks").values():
        if statement.meta["asset"] not in assets:
            raise ValueError(f"{statement.path.name} checks {statement.meta['asset']}, which is no asset")
        by_asset[statement.meta["asset"]].append(statement)
    return [_checks_of(asset, statements) for asset, statements in sorted(by_asset.items())]


def all_checks_job(checks: Sequence[dg.AssetChecksDefinition]) -> AssetJob:
    """All of these checks as one job: the smoke test in the UI."""
    return dg.define_asset_job(
        "all_checks",
        selection=dg.AssetSelection.checks(*checks),
        description="Every check that can run by itself",
        executor_def=dg.in_process_executor,
    )


def check_name(statement: Statement) -> str:
    """`fact_x__totals_agree.sql` checks fact_x as `totals_agree`."""
    return statement.name.split("__", 1)[1]


def _checks_of(asset: str, statements: Sequence[Statement]) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            check_name(statement),
            asset=asset,
            description=_about(statement),
            blocking=statement.meta.get("blocking") == "yes",
        )
        for statement in statements
    ]

    @dg.multi_asset_check(name=f"check_{asset}", specs=specs, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, warehouse: WarehouseParam) -> Iterator[dg.AssetCheckResult]:
        wanted = {key.name for key in context.selected_asset_check_keys}
        tagged = warehouse.tagged(run=context.run.run_id, asset=asset)
        for statement in statements:
            if check_name(statement) in wanted:
                with explained():
                    verdict = evaluate(tagged, statement)
                yield result(asset, check_name(statement), verdict)

    return check


def _about(statement: Statement) -> str:
    """What the check says, what to do, and its SQL: here, once, for a result is stored three times at every run."""
    query = HEADER.sub("", statement.sql).strip()
    return f"{statement.title}\n\nWhen red: {statement.meta.get('action', '')}\n\n```sql\n{query}\n```"


def result(asset: str, name: str, verdict: Verdict) -> dg.AssetCheckResult:
    """A verdict as Dagster shows it; a warning is a failed check of severity WARN."""
    severe = verdict.status is Status.ERROR
    metadata: dict[str, Any] = {} if verdict.status is Status.OK else {"what to do": verdict.action}
    if verdict.status is not Status.OK and set(verdict.assets) - {asset, ""}:
        metadata["concerns"] = ", ".join(verdict.assets)  # an alert names the views that show them
    for label, value in (("figure", verdict.figure), ("threshold", verdict.threshold)):
        if value is not None:
            metadata[label] = float(value)
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=verdict.status is Status.OK,
        severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
        description=as_markdown(verdict.detail),  # the UI reads it as Markdown
        metadata=metadata,
    )


@cache
def blocking_checks() -> dict[str, list[Statement]]:
    """The checks of each table that stop what reads it."""
    found: defaultdict[str, list[Statement]] = defaultdict(list)
    for statement in load("checks").values():
        if statement.meta.get("blocking") == "yes":
            found[statement.meta["asset"]].append(statement)
    return dict(found)


def blocked_by(instance: dg.DagsterInstance, tables: Collection[str]) -> list[str]:
    """The blocking checks of these tables that are red, as they were last evaluated."""
    known = {
        dg.AssetCheckKey(dg.AssetKey(table), check_name(check)): check.name
        for table in sorted(tables)
        for check in blocking_checks().get(table, ())
    }
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(known))
    return [known[key] for key in known if key in latest and _is_red(instance, key, latest[key])]


def refuse_blocked(instance: dg.DagsterInstance, tables: Collection[str]) -> None:
    """Refuse to build over tables that a blocking check found wrong."""
    red = blocked_by(instance, tables)
    if red:
        first = load("checks")[red[0]]
        raise Blocked(
            red,
            source=first.meta["asset"],
            expected="tables that their blocking checks accept",
            next_step=first.meta.get("action", "open the check"),
        )


class Blocked(BadData):
    """What a fact would be built from is known to be wrong, by these checks."""

    def __init__(self, checks: Sequence[str], *, source: str = "", expected: str = "", next_step: str = "") -> None:
        super().__init__(f"{BLOCKED_BY}{', '.join(checks)}", source=source, expected=expected, next_step=next_step)


def _is_red(instance: dg.DagsterInstance, key: dg.AssetCheckKey, newest: AssetCheckExecutionRecord) -> bool:
    """Whether the newest evaluation failed as an error."""
    record = evaluated(instance, key, newest)
    event = record.event.dagster_event if record and record.event else None
    about = event.asset_check_evaluation_data if event else None
    return about is not None and not about.passed and about.severity is dg.AssetCheckSeverity.ERROR


def evaluated(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, newest: AssetCheckExecutionRecord
) -> AssetCheckExecutionRecord | None:
    """The newest record that says something: what is only planned, a record for each day of a range, does not."""
    if newest.status in EVALUATED:
        return newest
    found = instance.event_log_storage.get_asset_check_execution_history(key, limit=1, status=EVALUATED)
    return next(iter(found), None)
