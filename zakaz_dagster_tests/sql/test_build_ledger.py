"""What is owed: days of facts that are older than anything they read, whatever way it came."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.base import DayRead
from zakaz_dagster.warehouse import build_ledger, load_ledger
from zakaz_dagster.warehouse.build_ledger import WAITING, Built, Known, compare, facts, reads, sources
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load

FIRST, LAST = date(2026, 10, 1), date(2026, 11, 22)
PRINTS = dict.fromkeys(facts(), 7)
SETTINGS = {"attribution_window_days": 30.0}
SALES = ("fact_qtickets_sales_daily", "fact_sales_channel_daily", "fact_utm_daily", "fact_utm_matches_daily")
COUNTED, TOTALS, CURVES = "fact_sales_counted_daily", "fact_show_totals", "fact_show_curves"
ACCOUNTS = "fact_accounts_daily"
MARTS = (
    "fact_campaigns_daily",
    "fact_channels_daily",
    ACCOUNTS,
    COUNTED,
    TOTALS,
    CURVES,
)  # in the order of what reads what


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def known(loads=(), built=(), fingerprints=PRINTS):
    """Loads as (source, day, moment), builds as (fact, day, read at, recorded)."""
    by_source: dict[str, dict[date, int]] = {}
    for source, on, at in loads:
        by_source.setdefault(source, {})[day(on)] = at
    by_fact: dict[str, dict[date, Built]] = {}
    for fact, on, at, recorded in built:
        by_fact.setdefault(fact, {})[day(on)] = Built(at, recorded, 7)
    return Known(by_source, by_fact, fingerprints, SETTINGS)


def owed(*args, **kwargs):
    return {(each.fact, f"{each.day:%m-%d}"): each.because for each in compare(known(*args, **kwargs), FIRST, LAST)}


def test_every_table_a_fact_reads_says_how_its_changes_are_known():
    """A new input that is none of these would change facts without a word."""
    said_by_loaders = {"dim_cities", "dim_events", "dim_shows", "dim_vk_ads", "dim_vk_ad_groups", "dim_vk_ad_plans", "dim_direct_ads",
                       "dim_direct_campaigns", "dim_utm_tags", "dim_ads"}  # fmt: skip
    for fact in facts():
        for name in reads(fact):
            about = load("tables")[name].meta
            assert name in facts() or sources(name) or "seed" in about or name in said_by_loaders, (fact, name)


def test_a_loaded_day_is_owed_by_every_fact_that_reads_it_and_by_no_other():
    assert owed([("qtickets", "11-20", 100)]).keys() == {(fact, "11-20") for fact in (*SALES, COUNTED)}
    assert owed([("gmail", "11-20", 100)]).keys() == {(fact, "11-20") for fact in SALES}
    assert owed([("qtickets_inventory", "11-20", 100)]).keys() == {("fact_inventory_daily", "11-20")}
    assert owed([("vk_ads", "11-20", 100)]).keys() == {("fact_marketing_daily", "11-20"), ("fact_utm_daily", "11-20")}


def test_a_build_settles_only_what_had_stood_before_it_read():
    load_at = [("qtickets_inventory", "11-20", 100)]
    built = ("fact_inventory_monthly", TOTALS, CURVES)
    after = [(name, "11-20", 160 + 20 * place, 170 + 20 * place) for place, name in enumerate(built)]
    assert not owed(load_at, [("fact_inventory_daily", "11-20", 101, 150), *after])
    assert owed(load_at, [("fact_inventory_daily", "11-20", 99, 150), *after])  # it read before the load


def test_a_fact_is_owed_when_one_it_reads_was_built_after_it_had_read():
    spend = ("fact_marketing_daily", "11-20", 10, 30)
    assert owed([], [spend, (TOTALS, "11-20", 20, 40)]) == {
        **{(name, "11-20"): "fact_marketing_daily" for name in ("fact_campaigns_daily", ACCOUNTS, TOTALS)},
        **{(name, f"{day('11-20') + timedelta(step):%m-%d}"): "fact_marketing_daily"
           for name in ("fact_utm_matches_daily",) for step in range(3)},
    }  # fmt: skip


def test_spend_of_a_day_is_read_by_sales_of_the_attribution_window_after_it():
    found = owed([], [("fact_marketing_daily", "10-10", 10, 30)])
    days = sorted(on for fact, on in found if fact == "fact_utm_matches_daily")
    assert (days[0], days[-1], len(days)) == ("10-10", "11-09", 31)


def test_other_sql_or_seeds_make_every_built_day_owed():
    built = [("fact_inventory_daily", on, 10, 20) for on in ("10-01", "11-22")]
    found = owed([], built, {**PRINTS, "fact_inventory_daily": 8})
    because = {fact: reason for (fact, _), reason in found.items()}
    assert because == {
        "fact_inventory_daily": "its SQL or the settings", "fact_inventory_monthly": "fact_inventory_daily"}  # fmt: skip


def test_days_outside_the_calendar_are_not_owed():
    assert not owed([("qtickets", "09-30", 100), ("qtickets", "11-23", 100)])


@given(st.lists(st.tuples(st.sampled_from(["qtickets", "vk_ads", "yandex_direct", "gmail"]), st.integers(0, 52),
                          st.integers(1, 50)), max_size=8))  # fmt: skip
def test_building_what_is_owed_in_order_always_ends_with_nothing_owed(loads):
    rows = [(source, f"{FIRST + timedelta(days=offset):%m-%d}", at) for source, offset, at in loads]
    state, clock = known(rows), 100
    built = {fact: dict(days) for fact, days in state.built.items()}
    for _ in range(len(facts()) + 1):
        now = Known(state.loads, built, PRINTS, SETTINGS)
        waiting = list(compare(now, FIRST, LAST))
        if not waiting:
            break
        for fact in facts():
            clock += 2
            for each in waiting:
                if each.fact == fact:
                    built.setdefault(fact, {})[each.day] = Built(clock, clock + 1, 7)
    assert not list(compare(Known(state.loads, built, PRINTS, SETTINGS), FIRST, LAST))


def waiting(wh):
    return {(each.fact, each.day) for each in build_ledger.owed(wh, FIRST, LAST)}


def enter(wh, source, on):
    load_ledger.record(wh, source, DayRead(on, {}, 0, 0), 0, ver=time.time_ns(), run_id="t")


def facts_in_order():
    return ("fact_qtickets_sales_daily", "fact_utm_daily", "fact_marketing_daily", "fact_sales_attributed_daily",
            "fact_sales_channel_daily", *MARTS, "fact_inventory_daily", "fact_inventory_monthly")  # fmt: skip


def month(text):
    begin = day(text).replace(day=1)
    return begin, (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def spend(wh, on):
    wh.command(
        f"INSERT INTO fact_direct_daily (date, impressions, clicks, cost_rub, spend_rub) VALUES ('{on}', 1, 1, 5, 5)"
    )


def build(wh, fact, first, last=None):
    rebuild(wh, load("builds")[fact], first, last or first, run_id="b", ver=time.time_ns())


def test_in_the_warehouse_a_load_is_owed_until_every_reader_is_built(warehouse):
    on = day("11-20")
    assert not waiting(warehouse)
    enter(warehouse, "qtickets", on)
    assert waiting(warehouse) == {(fact, on) for fact in (*SALES, COUNTED)}
    [since] = {each.since for each in build_ledger.owed(warehouse, on, on)}
    assert abs(since.timestamp() - time.time()) < 60
    for fact in (
        "fact_qtickets_sales_daily",
        "fact_utm_daily",
        "fact_utm_matches_daily",
        "fact_sales_channel_daily",
        COUNTED,
    ):
        build(warehouse, fact, on)
    assert not waiting(warehouse)  # a day without rows brings nothing to those who read these facts
    spend(warehouse, on)
    enter(warehouse, "yandex_direct", on)
    assert waiting(warehouse) == {(fact, on) for fact in ("fact_utm_daily", "fact_marketing_daily")}
    build(warehouse, "fact_utm_daily", on)
    build(warehouse, "fact_marketing_daily", on)
    after = {on + timedelta(days=step) for step in range(3)}  # sales of these days may be owed to that ad
    of_the_day = {(fact, on) for fact in (ACCOUNTS, TOTALS, "fact_campaigns_daily", "fact_sales_attributed_daily")}
    assert waiting(warehouse) == {*of_the_day, *(("fact_utm_matches_daily", each) for each in after)}
    build(warehouse, "fact_utm_matches_daily", on)
    build(warehouse, "fact_sales_attributed_daily", on)
    for fact in ("fact_sales_channel_daily", *MARTS):
        build(warehouse, fact, on)
    assert not waiting(warehouse)
    enter(warehouse, "gmail", on)  # the other channel's mails of that day
    assert waiting(warehouse) == {(fact, on) for fact in SALES}


def test_a_rebuild_that_changed_no_row_owes_nothing_to_anybody(warehouse):
    on = day("11-20")
    enter(warehouse, "vk_ads", on)
    for fact in facts_in_order():
        build(warehouse, fact, on, LAST)
    assert not waiting(warehouse)
    build(warehouse, "fact_utm_daily", on)
    build(warehouse, "fact_marketing_daily", on)
    assert not waiting(warehouse)
    warehouse.command(
        f"INSERT INTO fact_direct_daily (date, impressions, clicks, cost_rub, spend_rub) VALUES ('{on}', 1, 1, 5, 5)"
    )
    build(warehouse, "fact_utm_daily", on)
    build(warehouse, "fact_marketing_daily", on)
    assert {fact for fact, _ in waiting(warehouse)} >= {"fact_sales_attributed_daily", ACCOUNTS, TOTALS}


@pytest.mark.parametrize("change", [
    "ALTER TABLE dim_settings UPDATE value = 5 WHERE key = 'tag_grace_days'",
    "ALTER TABLE dim_channels DELETE WHERE utm_source = 'qr'",
])  # fmt: skip
def test_an_edited_seed_is_owed_by_the_facts_that_read_it(warehouse, change):
    on = day("11-20")
    for fact in ("fact_utm_daily", "fact_inventory_daily"):
        build(warehouse, fact, on)
    before = waiting(warehouse)
    warehouse.command(change, settings={"mutations_sync": "2"})
    found = waiting(warehouse) - before
    assert {fact for fact, _ in found} == {"fact_utm_daily"}
    assert {on, day("11-01")} <= {each for _, each in found}  # the whole month was built with the old one
    build(warehouse, "fact_utm_daily", on)
    assert ("fact_utm_daily", on) not in waiting(warehouse)


@pytest.mark.parametrize(("sold", "back"), [("11-20", "11-22"), ("10-30", "11-22"), ("11-22", "10-05")])
def test_a_refund_is_owed_on_its_own_day_whatever_month_holds_its_sale(warehouse, sold, back):
    """Counted sales are read by the day the money moved; the refund's row stands with its sale."""
    marts = {(fact, day(back)) for fact in (COUNTED, "fact_campaigns_daily")}
    for fact in facts():
        build(warehouse, fact, FIRST, LAST)
    assert not waiting(warehouse)
    record = "INSERT INTO fact_sales_attributed_daily (sale_date, date, sales_source, city, {0}) VALUES ('{1}', '{2}', 'api', 'омск', 1)"
    warehouse.command(record.format("tickets_sold", day(sold), day(sold)))
    build_ledger.record(warehouse, "fact_sales_attributed_daily", *month(sold), at=1, inputs=7, run_id="b")
    assert not waiting(warehouse) & marts
    warehouse.command(record.format("tickets_refunded", day(sold), day(back)))
    build_ledger.record(warehouse, "fact_sales_attributed_daily", *month(sold), at=1, inputs=7, run_id="b")
    assert waiting(warehouse) >= marts
    for fact in MARTS:
        build(warehouse, fact, day(back))
    assert not waiting(warehouse) & marts
    refunded = f"SELECT sum(tickets_refunded) FROM {COUNTED} WHERE date = '{day(back)}'"  # noqa: S608
    assert warehouse.scalar(refunded) == 1
    warehouse.command("TRUNCATE TABLE fact_sales_attributed_daily")  # the ticket was never refunded after all
    build_ledger.record(warehouse, "fact_sales_attributed_daily", *month(sold), at=1, inputs=7, run_id="b")
    assert waiting(warehouse) >= marts
    build(warehouse, COUNTED, day(back))
    assert warehouse.scalar(refunded) == 0


def test_days_that_a_moved_show_touches_are_owed_with_that_reason(warehouse):
    on = day("11-20")
    build(warehouse, "fact_utm_daily", on)
    build_ledger.owe(warehouse, "dim_shows", [on, day("11-21")], "a show was moved")
    found = {(each.fact, each.day): each.because for each in build_ledger.owed(warehouse, FIRST, LAST)}
    assert found[TOTALS, on] == "a show was moved"
    assert found["fact_utm_daily", on] == found["fact_utm_daily", day("11-21")] == "a show was moved"
    build(warehouse, "fact_utm_daily", on, day("11-21"))
    assert not [each for each in build_ledger.owed(warehouse, FIRST, LAST) if each.fact == "fact_utm_daily"]


def test_a_change_marked_while_a_build_reads_is_not_settled_by_that_build(warehouse):
    on = day("11-20")
    before = time.time_ns()
    build_ledger.owe(warehouse, "dim_shows", [on], "a show was moved")
    build_ledger.record(warehouse, "fact_utm_daily", on, on, at=before, inputs=1, run_id="b")
    assert ("fact_utm_daily", on) in waiting(warehouse)
    assert Built(0, 0, WAITING).inputs == WAITING
