"""Formulas mean the same in DataLens, in ClickHouse and in the preview's script, or are refused."""

from __future__ import annotations

import pytest

from zakaz_dagster.datalens import dialects, formulas
from zakaz_dagster.errors import Fatal

ROAS = "IF(SUM([spend]) > 0, SUM([income]) / SUM([spend]), NULL)"


def test_a_ratio_is_written_in_three_languages_with_null_for_division_by_zero():
    tree = formulas.parse(ROAS)
    titles = {"spend": "Расход", "income": "Доход"}
    assert dialects.datalens(tree, titles.__getitem__) == (
        "IF((SUM([Расход]) > 0), IF(SUM([Расход]) != 0, SUM([Доход]) / SUM([Расход]), NULL), NULL)"
    )
    assert dialects.clickhouse(tree) == ("if((sum(t1.spend) > 0), (sum(t1.income) / nullIf(sum(t1.spend), 0)), NULL)")
    assert dialects.script(tree) == [
        "if",
        [">", ["sum", "spend"], ["number", 0.0]],
        ["/", ["sum", "income"], ["sum", "spend"]],
        ["null"],
    ]


def test_multiplication_binds_tighter_and_equal_signs_go_from_the_left():
    assert dialects.clickhouse(formulas.parse("1 - 2 - 3 * 4")) == "((1 - 2) - (3 * 4))"
    assert dialects.clickhouse(formulas.parse("(1 - 2) * 3 > 4")) == "(((1 - 2) * 3) > 4)"


def test_a_reference_is_expanded_for_sql_and_stays_a_title_in_datalens():
    others = {"roas": formulas.parse(ROAS), "light": formulas.parse("ROUND([roas], 9) > MAX([limit])")}
    written = others["light"]
    assert dialects.datalens(written, str.upper) == "(ROUND([ROAS], 9) > MAX([LIMIT]))"
    assert "sum(t1.income)" in dialects.clickhouse(formulas.expanded(written, others))


def test_columns_are_known_with_the_aggregates_they_are_read_through():
    tree = formulas.parse("IF(MAX([limit]) > 1, SUM([spend]), MIN([limit]))")
    assert formulas.columns(tree) == {"limit": {"MAX", "MIN"}, "spend": {"SUM"}}
    assert formulas.columns(formulas.parse('DATETRUNC([date], "week")')) == {"date": {""}}


@pytest.mark.parametrize(
    "text",
    [
        "SUM(",
        "SUM([a]) +",
        "AVG([a])",
        "SUM([a] + [b])",
        "IF([a], 1)",
        'DATETRUNC([d], "hour")',
        "1 2",
        "[a b]",
        '"it\'s"',
        "ROUND(SUM([a]), SUM([b]))",
    ],
)
def test_what_is_outside_the_subset_is_refused(text: str):
    with pytest.raises(Fatal):
        formulas.parse(text)


def test_formulas_that_go_in_a_circle_are_refused():
    others = {"a": formulas.parse("[b] + 1"), "b": formulas.parse("[a] + 1")}
    with pytest.raises(Fatal, match="refers to itself"):
        formulas.expanded(others["a"], others)
