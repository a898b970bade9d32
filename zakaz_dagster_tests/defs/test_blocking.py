"""What a check found wrong stays known until the check is evaluated again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from zakaz_dagster.defs._private import delete_check_evaluations
from zakaz_dagster.defs.operations.run_history import read_facts
from zakaz_dagster.defs.shared.checks import blocked_by
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.health.processes import dagster_verdicts
from zakaz_dagster.verdicts import Status

TABLE, CHECK = "fact_vk_ads_daily", "groups_equal_vendor"
DAY, MONTH = datetime(2026, 10, 1).date(), datetime(2026, 10, 26).date()


def loading(*, passed):
    @dg.multi_asset(
        specs=[dg.AssetSpec(TABLE, partitions_def=dg.DailyPartitionsDefinition("2026-10-01", end_date="2026-11-01"))],
        check_specs=[dg.AssetCheckSpec(CHECK, asset=TABLE)],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def table():
        if passed is None:
            raise ConnectionError
        yield dg.MaterializeResult(TABLE)
        yield dg.AssetCheckResult(asset_key=TABLE, check_name=CHECK, passed=passed)

    return table


def load(instance, last, *, passed):
    """A run of the days up to `last`; None breaks off before it has evaluated the check."""
    tags = Days(DAY, last).tags
    dg.materialize([loading(passed=passed)], instance=instance, tags=tags, raise_on_error=False)


def shown(instance):
    """The status of the check as the health page and the alerts have it."""
    definitions, now = dg.Definitions(assets=[loading(passed=True)]), datetime.now(UTC)
    facts = read_facts(instance, definitions.get_repository_def(), now)
    found = {each.name: each.status for each in dagster_verdicts(facts, now)}
    return found.get(f"{TABLE}__{CHECK}")


@pytest.mark.parametrize("passed", [False, True])
def test_a_long_range_that_broke_off_leaves_a_check_as_it_was_last_evaluated(passed):
    """Dagster plans the check once for each day of the range."""
    with dg.DagsterInstance.ephemeral() as instance:
        load(instance, DAY, passed=passed)
        red = blocked_by(instance, [TABLE])
        assert red == ([] if passed else [f"{TABLE}__{CHECK}"])
        load(instance, MONTH, passed=None)
        assert blocked_by(instance, [TABLE]) == red
        delete_check_evaluations(instance, datetime.now(UTC) + timedelta(days=1))
        assert blocked_by(instance, [TABLE]) == red, "nor does housekeeping forget it"
        load(instance, MONTH, passed=True)
        assert blocked_by(instance, [TABLE]) == []


def test_a_check_that_was_never_evaluated_blocks_nothing():
    with dg.DagsterInstance.ephemeral() as instance:
        assert blocked_by(instance, [TABLE]) == []
        load(instance, MONTH, passed=None)
        assert blocked_by(instance, [TABLE]) == []


@pytest.mark.parametrize(("passed", "status"), [(False, Status.ERROR), (True, None)])
def test_a_run_that_only_plans_a_check_hides_nothing_that_was_red(passed, status):
    """Queued, at work, cancelled by somebody, failed for another reason."""
    with dg.instance_for_test() as instance:
        load(instance, DAY, passed=passed)
        assert shown(instance) is (status or Status.OK)
        job = dg.Definitions(assets=[loading(passed=True)]).resolve_implicit_global_asset_job_def()
        run = instance.create_run_for_job(job, tags=Days(DAY, MONTH).tags, status=dg.DagsterRunStatus.STARTED)
        assert shown(instance) is status
        instance.report_run_canceled(run)
        assert shown(instance) is status
        load(instance, MONTH, passed=None)
        assert shown(instance) is status
        load(instance, DAY, passed=True)
        assert shown(instance) is Status.OK
