"""What is done to some lines of a report never changes the figures of the others, and no line is lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from zakaz_dagster.errors import Failure
from zakaz_dagster_tests.fuzz import bodies, mutations
from zakaz_dagster_tests.fuzz.readers import READERS
from zakaz_dagster_tests.fuzz.test_readers import QUIET

NAME = {
    "mail-file": (1, "event_name"),
    "gmail-message": (1, "event_name"),
    "plan": (1, "event_name"),
    "direct-report": (2, "campaign_name"),
}
FIGURES = {
    "mail-file": {"tickets": 3, "revenue_rub": 4, "refunded_tickets": 5, "refunds_rub": 6},
    "gmail-message": {"tickets": 3, "revenue_rub": 4, "refunded_tickets": 5, "refunds_rub": 6},
    "plan": {"plan_tickets": 3, "plan_revenue_rub": 4},
    "direct-report": {"impressions": 5, "clicks": 6, "cost_rub": 7},
}  # fmt: skip
FORMS = [(kind, form) for kind, (_, forms) in bodies.TABLES.items() for form in forms]


def number(text: str) -> Decimal:
    return Decimal(text.replace(" ", "").replace(",", "."))


@st.composite
def partly_damaged(draw: st.DrawFn, rows: list[bodies.Row]) -> tuple[list[bodies.Row], list[bodies.Row]]:
    """The table with one to three of its lines damaged, and the lines that were not."""
    made = [list(row) for row in rows]
    touched = draw(st.sets(st.integers(1, len(rows) - 1), min_size=1, max_size=3))
    for at in touched:
        act = mutations.one_of(draw, ("cell", "cell", "cell", "short", "longer", "gone"))
        if act == "cell":
            made[at][draw(st.integers(0, len(made[at]) - 1))] = str(mutations.one_of(draw, mutations.OTHERS))
        elif act == "short":
            made[at] = made[at][: draw(st.integers(0, len(made[at]) - 1))]
        elif act == "longer":
            made[at].append(str(mutations.one_of(draw, mutations.OTHERS)))
        else:
            made[at] = []
    whole = [row for at, row in enumerate(rows) if at not in touched and at and row[0] != "Итого"]
    return made, whole


def check_one(
    kind: str, written: Callable[[list[bodies.Row]], bytes], rows: list[bodies.Row], whole: list[bodies.Row]
) -> None:
    try:
        raw = written(rows)
    except ValueError:  # no lone surrogate is written as XML
        return
    try:
        found = READERS[kind](raw)
    except Failure:
        return
    column, role = NAME[kind]
    right = {row[column]: row for row in whole}
    accepted: dict[Any, Any] = {row[role]: row for row in found.rows}
    for name in right.keys() & accepted.keys():
        read = {figure: Decimal(accepted[name][figure]) for figure in FIGURES[kind]}
        assert read == {figure: number(right[name][at]) for figure, at in FIGURES[kind].items()}, name
    assert right.keys() <= accepted.keys() or found.rejects, "a line is gone and nothing is said"


def tried(kind: str, form: str, count: int, start: int) -> None:
    rows, forms = bodies.TABLES[kind]

    @seed(start)
    @settings(max_examples=count, deadline=None, suppress_health_check=QUIET, database=None)
    @given(partly_damaged(rows))
    def check(made: tuple[list[bodies.Row], list[bodies.Row]]) -> None:
        check_one(kind, forms[form], *made)

    check()


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_an_undamaged_line_has_its_own_figures_or_none(kind: str, form: str) -> None:
    tried(kind, form, 40, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_of_many_damaged_tables_no_undamaged_line_is_read_wrong(kind: str, form: str) -> None:
    for start in range(1, 5):
        tried(kind, form, 500, start)
