"""Forecasts are asked for until the day has them; Dagster starts no second run under the key of one that failed."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from zakaz_dagster.warehouse import forecast
from zakaz_dagster_tests.defs.conftest import add_run

SENSOR = "forecast_when_complete"


@pytest.mark.parametrize("end", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_a_run_that_ends_badly_is_asked_for_again_later_each_time(platform, monkeypatch, end):
    noon = platform.at("2026-11-22T12:00:00+03:00")
    monkeypatch.setattr(forecast, "lacking", lambda *_: [])
    keys, asked = set(), []
    for minutes in range(0, 121, 15):
        platform.set_now(noon + timedelta(minutes=minutes))
        for request in platform.tick(SENSOR).run_requests or []:
            if request.run_key not in keys:
                asked.append(minutes)
                keys.add(request.run_key)
                add_run(platform.instance, "forecast_daily", end, **{"dagster/run_key": request.run_key})
    assert asked == [0, 15, 45, 105]


def test_a_run_that_is_under_way_or_has_written_them_is_enough(platform, monkeypatch):
    noon = platform.at("2026-11-22T12:00:00+03:00")
    monkeypatch.setattr(forecast, "lacking", lambda *_: [])
    [request] = platform.tick(SENSOR).run_requests
    key = {"dagster/run_key": request.run_key}
    add_run(platform.instance, "forecast_daily", dg.DagsterRunStatus.STARTED, **key)
    platform.set_now(noon + timedelta(hours=2))
    assert not platform.tick(SENSOR).run_requests
    monkeypatch.setattr(forecast, "is_written", lambda *_: True)
    assert "are written" in platform.tick(SENSOR).skip_message
