"""What a blocking check found wrong stays known until the check is evaluated again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from zakaz_dagster.defs._private import delete_check_evaluations
from zakaz_dagster.defs.shared.checks import blocked_by
from zakaz_dagster.defs.shared.partitions import Days

TABLE, CHECK = "fact_vk_ads_daily", "groups_equal_vendor"
DAY, MONTH = datetime(2026, 10, 1).date(), datetime(2026, 10, 26).date()


def load(instance, last, *, passed):
    """A run of the days up to `last`; None breaks off before it has evaluated the check."""

    @dg.multi_asset(
        specs=[dg.AssetSpec(TABLE, partitions_def=dg.DailyPartitionsDefinition("2026-10-01", end_date="2026-11-01"))],
        check_specs=[dg.AssetCheckSpec(CHECK, asset=TABLE)],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def loading():
        if passed is None:
            raise ConnectionError
        yield dg.MaterializeResult(TABLE)
        yield dg.AssetCheckResult(asset_key=TABLE, check_name=CHECK, passed=passed)

    dg.materialize([loading], instance=instance, tags=Days(DAY, last).tags, raise_on_error=False)


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
