"""No text from outside can make SQL fail: every build, view and check runs over hostile texts in every text column.

One tag with a percent sign stopped every mart once: a function that fails on some text must not meet one.
"""

from __future__ import annotations

import pytest

from zakaz_dagster.ingest.dictionaries import list_ads, read_tags
from zakaz_dagster.warehouse import checks, lineage
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.replace_table import rebuild_whole
from zakaz_dagster.warehouse.sql_files import Statement, load
from zakaz_dagster_tests.plugins.warehouse import Shelf
from zakaz_dagster_tests.sql.world import BUILDS, day

ON = "2026-11-20"
# As SQL: bytes that are no UTF-8, a surrogate, a cut character, NUL, escapes of every kind, numbers and dates that are none.
TEXTS = [
    "'skidka_20%deti'",
    "'%E4%E5%F2%E8_06_01'",
    "unhex('FFFEC0AF')",
    "unhex('EDA080')",
    "unhex('00') || 'a' || unhex('0001')",
    "'-'",
    "'1e999'",
    "'🎭' || char(226, 128, 174)",
    "repeat('томск_06_01 ', 300)",
    """'{"cost_rub": "много", "impressions": "", "clicks": null, "spent": []}'""",
    '\'{"cost_rub": "1e999"\'',
]
# Columns whose words are the platform's own: with any other, conditions would keep the hostile texts of the row away.
WORDS = {
    "source": ("qtickets", "vk_ads", "yandex_direct", "gmail"),
    "channel": ("api", "mail", "api", "mail"),
    "sales_source": ("api", "mail", "api", "mail"),
    "fact": ("fact_utm_daily", "fact_utm_daily", "fact_marketing_daily", "fact_channels_daily"),
}
KINDS = 4
TABLES = [table for table in load("tables").values() if "seed" not in table.meta]


@pytest.fixture(scope="module")
def hostile(shelf: Shelf):
    with shelf.lend() as wh:
        for table in TABLES:
            rows = " UNION ALL ".join(_row(table, number) for number in range(len(TEXTS) * KINDS))
            names = ", ".join(f"`{column.name}`" for column in lineage.columns(table))
            wh.command(f"INSERT INTO {table.name} ({names}) {rows}", settings={"max_partitions_per_insert_block": 0})
        yield wh


def _row(table: Statement, number: int) -> str:
    return "SELECT " + ", ".join(_value(column.name, column.type, number) for column in lineage.columns(table))


def _value(name: str, kind: str, number: int) -> str:
    if name == "_ver":
        return "1"
    if name in WORDS:
        return f"'{WORDS[name][number % KINDS]}'"
    if "String" in kind:
        return f"CAST({TEXTS[number // KINDS]} AS {kind.replace('LowCardinality(String)', 'String')})"
    on = f"2026-11-{1 + number // KINDS:02}"  # a day for each text, so that no key hides one
    moment = f"{on} 12:00:00" if "DateTime" in kind else on
    return f"CAST('{moment}' AS {kind})" if "Date" in kind else f"CAST({number} AS {kind})"


def test_every_build_view_and_check_gets_through(hostile: Warehouse) -> None:
    builds, failed = load("builds"), {}

    def tried(name: str, work, *args, **options) -> None:
        try:
            work(*args, **options)
        except Exception as error:  # noqa: BLE001  (every failure is collected, whatever it is)
            failed[name] = str(error)

    whole = [name for name in builds if name in load("tables") and "day" not in load("tables")[name].meta]
    for name in whole:
        tried(name, rebuild_whole, hostile, builds[name])
    tried("list_ads", list_ads, hostile)
    tried("read_tags", read_tags, hostile, day(ON), day(ON))
    for name in BUILDS:
        tried(name, rebuild, hostile, builds[name], day(ON), day(ON))
    days = [f"2026-11-{number:02}" for number in range(1, 31)]
    asked = {
        "first": days[0],
        "last": days[-1],
        "days": days,
        "parser": "x",
        "ver": 1,
        "numbers": ["1"],
        "horizons": [],
    }
    for name in builds.keys() - {*whole, *BUILDS}:
        tried(name, hostile.query, builds[name].sql, asked)
    for name in load("views"):
        tried(name, hostile.query, f"SELECT * FROM {name}")
    for check in load("checks").values():
        tried(check.name, checks.evaluate, hostile, check)
    assert failed == {}
    money = "SELECT (SELECT sum(spend_rub) FROM fact_marketing_daily) = (SELECT sum(spend_rub) FROM fact_vk_ads_daily FINAL) + (SELECT sum(spend_rub) FROM fact_direct_daily FINAL)"
    assert hostile.scalar(money) == 1
