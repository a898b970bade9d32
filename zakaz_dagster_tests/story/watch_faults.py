"""A fault of the story, and how tables are spoilt by hand. Belongs here: the shape. Does not: the faults themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zakaz_dagster_tests.story.watch_stage import Stage

SALES = ("v_sales_latest", "v_romi_kpi")
SPEND = ("v_marketing_daily", "v_romi_kpi", "v_campaign_performance")
Act = Callable[[Stage], object]


@dataclass(frozen=True)
class Fault:
    """`verdict` goes bad; the mail's subject names `title`, its text `says` and the `views` that are affected."""

    verdict: str
    title: str
    says: tuple[str, ...]
    breaks: Act
    cures: Act
    views: tuple[str, ...] = ()
    status: str = "error"


def loaded(stage: Stage, job: str, first: int, last: int | None = None) -> None:
    assert (outcome := stage.run(job, first, last)).success, outcome.error


def spoilt(*statements: str, check: str, cure: Act) -> dict[str, Act]:
    """Something in ClickHouse is changed by hand; after the cure the check runs again."""

    def breaks(stage: Stage) -> None:
        stage.sql(*statements)
        stage.check(check)

    def cures(stage: Stage) -> None:
        cure(stage)
        stage.check(check)

    return {"breaks": breaks, "cures": cures}
