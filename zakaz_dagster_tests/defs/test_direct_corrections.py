"""The scheduled load of Direct clears a day that the vendor corrected to nothing; nothing guards against the truth."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count

import dagster as dg
import pytest

from zakaz_dagster.defs import yandex_direct
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.yandex_direct.api import DirectApi, DirectConfig
from zakaz_dagster.sources.yandex_direct.source import DirectSource
from zakaz_dagster_tests.plugins.sandbox import NOW

DAY = date(2026, 11, 20)
LOGINS = ("zakaz-afisha", "zakaz-gastroli")


@pytest.fixture
def materialise(sandbox, warehouse):
    """Run the source's job for the day, as the schedule does, with the guard an installation has by default."""
    api = DirectApi(DirectConfig(f"{sandbox.url}/direct/json", sandbox.token, requests_per_second=100))
    moments = (datetime.fromisoformat(NOW) + timedelta(seconds=n) for n in count())  # time goes on between readings
    source = DirectSource(api, city_index(), logins=LOGINS, now=lambda: next(moments))
    parts = yandex_direct.definitions(date(2026, 11, 1), 0.5, lambda: None)
    resources = {
        "yandex_direct": dg.ResourceDefinition.hardcoded_resource(source),
        "warehouse": dg.ResourceDefinition.hardcoded_resource(warehouse),
    }
    definitions = dg.Definitions.merge(parts, dg.Definitions(resources=resources))
    job = definitions.resolve_job_def("yandex_direct_daily")

    def run():
        with dg.DagsterInstance.ephemeral() as instance:
            assert job.execute_in_process(instance=instance, partition_key=str(DAY)).success
        return warehouse.rows("SELECT count() AS n, sum(cost_rub) AS cost FROM fact_direct_daily FINAL")[0]

    return run


def test_a_day_corrected_to_nothing_is_cleared(sandbox, warehouse, materialise):
    ads = sandbox.truth(DAY)["direct"]
    assert str(materialise()["cost"]) == ads["spend"]
    assert warehouse.scalar("SELECT count() FROM dim_direct_ads") > 20
    for ad in ads["ads"]:
        sandbox.correct(vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day=str(DAY))
    assert sandbox.truth(DAY)["direct"]["clicks"] == 0
    assert materialise()["n"] == 0
