"""Yandex Direct in Dagster: the shape of every advertising source, and a sensor that asks which past days changed."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import dagster as dg

from zakaz_dagster.defs import advertising
from zakaz_dagster.defs.partitions import ranges
from zakaz_dagster.failures import ConfigFault
from zakaz_dagster.sources.yandex_direct import campaigns, history
from zakaz_dagster.sources.yandex_direct.source import DESCRIPTION, DirectSource

MakeSource = Callable[[], DirectSource]
PLAN = advertising.Plan(
    about=DESCRIPTION,
    endpoints={
        "yandex_direct/reports": "One report per login and period: figures by ad and day, Moscow days",
        "yandex_direct/ads": "Ads with their landing URLs",
        "yandex_direct/adgroups": "Ad groups with the parameters they add to links",
        "yandex_direct/sitelinks": "Quick links under ads, with their own URLs",
        "yandex_direct/campaigns": "Campaigns with the parameters they add to links",
    },
    dimensions={history.TABLE: "yandex_direct/ads", campaigns.TABLE: "yandex_direct/campaigns"},
    weekly_cron="40 1 * * 1",
    dimensions_first=False,
)


def definitions(start: date, guard: float, make: MakeSource) -> dg.Definitions:
    """Everything of this vendor; resources are bound by the caller, `make` is for its sensor."""
    return advertising.definitions(PLAN, start, guard, sensors=[_corrections(start, make)])


def _corrections(start: date, make: MakeSource) -> dg.SensorDefinition:
    @dg.sensor(
        name="yandex_direct_corrections",
        job_name=f"{DESCRIPTION.name}_daily",
        minimum_interval_seconds=6 * 3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks which campaigns' past days were corrected (changes.check) and reloads those days",
    )
    def corrected(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if context.cursor is None:
            now = datetime.now(UTC)
            context.update_cursor(now.isoformat())
            return dg.SkipReason(f"watching for corrections from {now:%Y-%m-%d %H:%M} UTC on")
        try:
            source = make()  # not a resource: those are made before this body, where a missing setting is an error
        except ConfigFault as fault:
            return dg.SkipReason(str(fault))
        changed = source.changed_days(datetime.fromisoformat(context.cursor))
        days = [day for day in changed.days if day >= start]
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=f"corrected:{span.first}:{span.last}:{changed.cursor.isoformat()}", tags=span.tags
                )
                for span in ranges(days)
            ],
            skip_reason=None if days else dg.SkipReason("no past day was corrected"),
            cursor=changed.cursor.isoformat(),
        )

    return corrected
