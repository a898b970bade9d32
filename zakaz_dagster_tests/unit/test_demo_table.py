"""The table that the demo ends with is read on terminals of any usual width."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from zakaz_dagster.cli.demo import _sales_table

CITIES = ["новосибирск", "хабаровск", "комсомольск-на-амуре", "томск", "омск", "чита", "находка", "уфа"]


@pytest.mark.parametrize(("width", "cities"), [(80, 2), (100, 4), (140, 6)])
def test_every_number_is_whole_and_wide_terminals_show_more_cities(width: int, cities: int) -> None:
    row = {
        "date": date(2026, 11, 1),
        "tickets_sold": 120,
        "revenue_rub": Decimal(151_227),
        "refunds_rub": Decimal(2_123),
    }
    out = StringIO()
    console = Console(file=out, width=width)
    console.print(_sales_table([{**row, "city": city} for city in CITIES], width))
    (day,) = [line.split() for line in out.getvalue().splitlines() if line.strip().startswith("01 Nov")]
    figures = " ".join(day[2:])
    assert figures == " ".join(["149 104"] * cities + [f"{149_104 * (8 - cities):,}".replace(",", " "), "960"]) + (
        " 1 209 816 16 984 1 192 832"
    )
    assert f"top {cities} of 8" in out.getvalue()
