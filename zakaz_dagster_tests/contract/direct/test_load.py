"""Direct's days in the warehouse: corrections replace, also by nothing; hand exports fill what the API no longer holds."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from click.testing import CliRunner

from zakaz_dagster.cli.importing import importing
from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION, TABLE
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.replace_table import append
from zakaz_dagster.warehouse.sql_files import load as load_statements
from zakaz_dagster.warehouse.stored_days import stored_days, stored_rejects
from zakaz_dagster_tests.contract.direct.conftest import FIRST, LAST

EXPORT = """Дата;№ кампании;Кампания;№ группы;Группа;№ объявления;Показы;Клики;Расход, руб.
03.03.2022;900;Поиск Томск;901;Группа;902;1 000;10;1 234,50
03.03.2022;900;Поиск Томск;901;Группа;902;1 000;10;0,50
05.03.2022;910;Мастер Омск;--;--;--;5;1;10,00
Итого;;;;;;2 005;21;1 245,00
"""


def load(source, warehouse, run="run"):
    report = load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load(run_id=run, guard=DESCRIPTION.drop_guard))
    for table, rows in source.dimensions().items():
        append(warehouse, table, rows, ver=time.time_ns(), run_id=run)
    return report


def stored(warehouse):
    rows = warehouse.rows(
        "SELECT date, sum(cost_rub) AS cost, sum(clicks) AS clicks FROM fact_direct_daily GROUP BY date"
    )
    return {row["date"]: (row["cost"], row["clicks"]) for row in rows}


def _campaign_known(warehouse):
    return evaluate(warehouse, load_statements("checks")["fact_direct_daily__campaign_known"]).status.value


def truth(sandbox):
    told = {date.fromisoformat(each["day"]): each["direct"] for each in sandbox.truths(FIRST, LAST)["days"]}
    return {day: (Decimal(each["spend"]), each["clicks"]) for day, each in told.items() if each["clicks"]}


def test_loaded_days_equal_the_truth_also_after_corrections_to_nothing(sandbox, direct, warehouse):
    report = load(direct(), warehouse)
    assert report.received == report.accepted > 500
    assert stored(warehouse) == truth(sandbox)
    before = stored(warehouse)
    sandbox.correct(late=True)
    load(direct(now="2026-11-22T12:30:00+03:00"), warehouse, "later")
    assert stored(warehouse) == truth(sandbox) != before
    assert set(stored(warehouse)) < set(before)  # a whole day became nothing
    again = stored(warehouse)
    load(direct(now="2026-11-22T12:31:00+03:00"), warehouse, "again")
    assert stored(warehouse) == again


def test_dimensions_are_kept_with_their_history(sandbox, direct, warehouse):
    load(direct(), warehouse)
    stored = {
        "dim_direct_ads": warehouse.query("SELECT * FROM dim_direct_ads FINAL"),
        "dim_direct_campaigns": warehouse.query("SELECT * FROM dim_direct_campaigns FINAL"),
    }
    assert stored["dim_direct_ads"].num_rows > 20
    later = direct(now="2026-11-23T00:10:00+03:00", stored=lambda: stored)
    sandbox.clock("2026-11-23T00:10:00+03:00")
    assert {table: rows.num_rows for table, rows in later.dimensions().items()}.keys() == stored.keys()
    assert all(rows.num_rows < stored[table].num_rows / 2 for table, rows in later.dimensions().items())
    missing = warehouse.scalar(
        "SELECT groupUniqArray(campaign_name) FROM fact_direct_daily"
        " WHERE campaign_id NOT IN (SELECT campaign_id FROM dim_direct_campaigns)"
    )
    assert missing
    assert all(name.startswith("Мастер кампаний ") for name in missing)
    assert _campaign_known(warehouse) == "ok"


@pytest.fixture
def command(warehouse, monkeypatch, tmp_path):
    """`command(text, "--login", "x")` runs the import on a file with this text."""
    config = warehouse.config
    for name, value in {
        "HOST": config.host,
        "PORT": config.port,
        "PASSWORD": config.password,
        "DATABASE": config.database,
    }.items():
        monkeypatch.setenv(f"CLICKHOUSE_{name}", str(value))
    monkeypatch.setenv("ZAKAZ_START_DATE", "2022-03-03")

    def run(text, *arguments, encoding="cp1251"):
        file = tmp_path / "report.csv"
        file.write_bytes(text.encode(encoding))
        return CliRunner().invoke(importing, ["direct-report", str(file), *arguments], catch_exceptions=False)

    return run


def test_a_hand_export_is_loaded_like_any_report(command, warehouse):
    done = command(EXPORT, "--login", "zakaz-afisha")
    assert done.exit_code == 0, done.output
    rows = warehouse.rows(
        "SELECT date, account, ad_id, impressions, cost_rub, spend_rub, city, _run_id FROM fact_direct_daily ORDER BY date"
    )
    assert [(row["date"], row["ad_id"], row["impressions"], str(row["cost_rub"]), row["city"]) for row in rows] == [
        (date(2022, 3, 3), 902, 2000, "1235.00", "томск"),
        (date(2022, 3, 5), 0, 5, "10.00", "омск"),
    ]
    assert {row["_run_id"] for row in rows} == {"import report.csv"}
    assert [row["spend_rub"] for row in rows] == [row["cost_rub"] for row in rows]
    ledger = warehouse.rows("SELECT day, received, accepted, rejected FROM meta_day_loads FINAL ORDER BY day")
    assert [tuple(row.values()) for row in ledger] == [(date(2022, 3, 3), 2, 2, 0), (date(2022, 3, 5), 1, 1, 0)]


def test_importing_again_or_another_login_replaces_nothing_else(command, warehouse):
    command(EXPORT, "--login", "zakaz-afisha")
    other = EXPORT.replace(";9", ";7").replace("1 234,50", "1 000,00").replace("1 245,00", "1 010,50")
    command(other, "--login", "zakaz-gastroli")
    command(EXPORT, "--login", "zakaz-afisha")
    sums = warehouse.rows(
        "SELECT account, sum(cost_rub) AS cost, count() AS n FROM fact_direct_daily GROUP BY account ORDER BY account"
    )
    assert [(row["account"], str(row["cost"]), row["n"]) for row in sums] == [
        ("zakaz-afisha", "1245.00", 2),
        ("zakaz-gastroli", "1010.50", 2),
    ]
    equal = evaluate(warehouse, load_statements("checks")["fact_direct_daily__days_equal_vendor"])
    assert equal.status.value == "ok", equal


def test_one_advertiser_under_another_spelling_is_not_added_twice(command, warehouse):
    """A campaign belongs to one advertiser: under two logins its money would stand twice."""
    command(EXPORT, "--login", "zakaz-afisha")
    before = stored(warehouse)
    with pytest.raises(BadData, match=r"campaign 900 .*zakaz-afisha on 2022-03-03.*--login zakaz-afisha"):
        command(EXPORT, "--login", "Zakaz.Afisha")
    assert stored(warehouse) == before
    only_known_by_name = EXPORT.replace("№ кампании", "Заметка")
    assert command(only_known_by_name, "--login", "zakaz-gastroli").exit_code == 0


def test_unreadable_rows_are_put_aside_and_said(command, warehouse):
    done = command(EXPORT.replace("Итого", "31.02.2022;1;x;1;x;1;1;1;1,00\nИтого"), "--login", "zakaz-afisha")
    assert done.exit_code == 1
    assert "line 5" in done.output
    assert warehouse.scalar("SELECT count() FROM stg_rejects WHERE source = 'yandex_direct'") == 1
    assert stored(warehouse)[date(2022, 3, 3)][0] == Decimal("1235.00")


def test_what_was_put_aside_of_one_login_stays_when_another_is_imported(command, warehouse):
    odd = EXPORT.replace("Итого", "31.02.2022;1;x;1;x;1;1;1;1,00\nИтого")
    other = EXPORT.replace(";9", ";7")
    assert command(odd, "--login", "zakaz-afisha").exit_code == 1
    assert command(other, "--login", "zakaz-gastroli").exit_code == 0
    assert command(other, "--login", "zakaz-gastroli").exit_code == 0
    aside = warehouse.rows("SELECT day, place FROM stg_rejects FINAL")
    assert [tuple(row.values()) for row in aside] == [(date(2022, 3, 3), "login zakaz-afisha, line 5")]
    no_rejects = load_statements("checks")["fact_direct_daily__no_rejects"]
    assert evaluate(warehouse, no_rejects).status.value == "error"
    command(EXPORT, "--login", "zakaz-afisha")
    assert evaluate(warehouse, no_rejects).status.value == "ok"


def test_campaigns_of_a_file_are_known_also_when_the_api_is_read_beside_them(command, direct, warehouse):
    recent = EXPORT.replace("03.03.2022", f"{LAST:%d.%m.%Y}").replace("05.03.2022", f"{LAST:%d.%m.%Y}")
    assert command(recent, "--login", "closed", "--force").exit_code == 0
    for run in ("night", "next night"):
        load(direct(earlier=partial(stored_days, warehouse, TABLE, "account")), warehouse, run)
        assert _campaign_known(warehouse) == "ok"
    named = "SELECT campaign_id, campaign_name FROM dim_direct_campaigns FINAL WHERE account = 'closed' ORDER BY campaign_id"
    assert [tuple(row.values()) for row in warehouse.rows(named)] == [(900, "Поиск Томск"), (910, "Мастер Омск")]
    assert command(recent.replace("Поиск", "Снова"), "--login", "closed", "--force").exit_code == 0
    assert warehouse.rows(named)[0]["campaign_name"] == "Поиск Томск", "what is known is not changed by a file"


def test_what_was_put_aside_of_a_kept_login_stays_when_the_api_is_read_again(command, direct, warehouse):
    recent = EXPORT.replace("03.03.2022", f"{LAST:%d.%m.%Y}").replace("05.03.2022", f"{LAST:%d.%m.%Y}")
    odd = recent.replace("Итого", "31.02.2022;1;x;1;x;1;1;1;1,00\nИтого")
    assert command(odd, "--login", "closed", "--force").exit_code == 1
    source = partial(direct, earlier=partial(stored_days, warehouse, TABLE, "account"))
    report = load(source(aside=partial(stored_rejects, warehouse, DESCRIPTION.name)), warehouse)
    assert (report.kept, report.rejected, report.counted[LAST].rejected) == ({"closed"}, 1, 1)
    places = warehouse.rows("SELECT place FROM stg_rejects FINAL")
    assert places == [{"place": "login closed, line 5"}]


@pytest.mark.parametrize("more", [[], ["--force"]])
def test_days_before_the_start_of_the_platform_are_refused_before_anything_is_loaded(
    command, warehouse, monkeypatch, more
):
    """No fact is built for them: they would never be shown, and red for ever."""
    monkeypatch.setenv("ZAKAZ_START_DATE", "2022-03-04")
    with pytest.raises(ConfigFault, match="1 days before .* from 2022-03-03.*ZAKAZ_START_DATE.*nothing was loaded"):
        command(EXPORT, "--login", "zakaz-afisha", *more)
    assert stored(warehouse) == {}
    assert warehouse.scalar("SELECT count() FROM meta_day_loads") == 0


def test_days_the_api_still_holds_are_not_taken_from_a_file(command, warehouse):
    recent = EXPORT.replace("03.03.2022", "03.03.2026")
    with pytest.raises(BadData, match="API still holds.*--force"):
        command(recent, "--login", "zakaz-afisha")
    assert stored(warehouse) == {}
    assert command(recent, "--login", "zakaz-afisha", "--force").exit_code == 0
    with pytest.raises(BadData, match="say --login"):
        command(EXPORT)
