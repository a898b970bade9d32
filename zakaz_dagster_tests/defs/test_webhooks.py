"""Webhooks, wrong, repeated, late and lost ones among them: what they name is reloaded, and the tables equal the truth."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.qtickets.assets import RELOAD
from zakaz_dagster.defs.qtickets.webhooks import SENSOR
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START, Days
from zakaz_dagster.ingest.inbox import FILE, Inbox
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests.contract.test_webhooks import SECRET, Service, served
from zakaz_dagster_tests.defs.conftest import Platform, add_run, words
from zakaz_dagster_tests.plugins.sandbox import Sandbox, running
from zakaz_dagster_tests.story.qtickets_account import Account

FIRST, TODAY = date(2026, 11, 17), date(2026, 11, 22)
MORNING = datetime.fromisoformat("2026-11-22T10:00:00+03:00")
CHANGED = "qtickets_changed_orders"
EDITS = ("refund", "remove", "restore", "touch")
AS_SEEN = "SELECT sum(tickets_sold), sum(revenue_rub) FROM v_sales_latest WHERE date = {day:Date}"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A young organiser: every order there is was sold within the days of the story."""
    with running(start=FIRST) as own:
        yield own


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Platform:
    monkeypatch.setenv("WEBHOOKS_SECRET", SECRET)
    return request.getfixturevalue("platform")


@dataclass
class Vendor:
    """Posts the changes of the sandbox's orders as a careless network would."""

    platform: Platform
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    sent: set[tuple[int, str]] = field(default_factory=set)
    earlier: list[bytes] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)

    def edit(self, times: int) -> None:
        """Refunds, removals and the like of orders of the last days."""
        days = [FIRST + timedelta(days=n) for n in range((TODAY - FIRST).days + 1)]
        orders = [order for day in days for order in self.platform.sandbox.orders(day) if order["payed_at"]]
        for order in self.chance.sample(orders, min(times, len(orders))):
            name, ticket = self.chance.choice(EDITS), self.chance.choice(order["tickets"])
            if name == "touch" or ticket["live"] == (name != "restore"):
                self.platform.sandbox.edit(name, order["id"] if name == "touch" else ticket["id"])

    def changed(self) -> list[bytes]:
        """The bodies of every version of an order that was not posted yet."""
        found = []
        for back in range(6):
            for order in self.platform.sandbox.orders(TODAY - timedelta(days=back)):
                version = (order["id"], order["updated_at"])
                if order["updated_at"] >= f"{TODAY}T10" and version not in self.sent:
                    self.sent.add(version)
                    found.append(self.body(order["id"]))
        return found

    def body(self, order: int) -> bytes:
        sandbox = self.platform.sandbox
        url = f"{sandbox.url}/qtickets/api/rest/v1/orders/{order}"
        answer = httpx.get(url, headers={"authorization": f"Bearer {sandbox.token}"})
        return json.dumps(answer.json()["data"], ensure_ascii=False).encode()

    def deliver(self, service: Service | None, bodies: list[bytes]) -> None:
        """Each body one to three times, some old ones again, forged ones between them, in no order."""
        posts = [(body, None) for body in bodies for _ in range(self.chance.choice((1, 1, 2, 3)))]
        posts += [(body, None) for body in self.chance.sample(self.earlier, min(len(self.earlier), len(posts) // 5))]
        forged = json.dumps({"id": 1, "payed_at": "2026-11-01T10:00:00+03:00", "updated_at": "x"}).encode()
        posts += [(forged, "0" * 40)] * (len(posts) // 8)
        self.chance.shuffle(posts)
        self.earlier += bodies
        for body, sign in posts:
            status = service.post(body, sign).status_code if service else 0
            self.counts[status] = self.counts.get(status, 0) + 1


@dataclass
class Books:
    """What the tables say, and what is true."""

    platform: Platform

    def equal(self) -> bool:
        account = Account(self.platform.warehouse, self.platform.sandbox, MORNING)
        truth = account.told(FIRST, TODAY)
        assert truth
        return account.held(FIRST, TODAY) == truth and self.seen()

    def seen(self) -> bool:
        sales = self.platform.sandbox.truth(TODAY)["sales"]
        [row] = self.platform.warehouse.rows(AS_SEEN, {"day": TODAY})
        return tuple(row.values()) == (sales["tickets_sold"], float(sales["revenue"]))


def obeyed(platform: Platform, sensor: str) -> list[tuple[str, str]]:
    """One tick and its runs; the ranges of days."""
    result = platform.tick(sensor)
    for run in platform.obey(sensor, result):
        assert run.success, words(run)
    return [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in result.run_requests or []]


def story(platform: Platform, data: Path, *, steps: int, edits: int, outage: range) -> Vendor:
    """Half an hour a step; in the steps of `outage` nobody listens and what is posted is lost."""
    vendor, books = Vendor(platform), Books(platform)
    platform.at(MORNING.isoformat())
    assert platform.run("qtickets_refresh", Days(FIRST, TODAY)).success
    obeyed(platform, SENSOR), obeyed(platform, CHANGED)
    for step in range(steps):
        now = MORNING + timedelta(minutes=30 * (step + 1))
        platform.at(now.isoformat())
        vendor.edit(edits)
        if step in outage:
            vendor.deliver(None, vendor.changed())
            continue
        with served(data) as service:
            vendor.deliver(service, vendor.changed())
        assert len(obeyed(platform, SENSOR)) <= 5
        assert step > outage.start or books.equal(), step
    assert platform.run("qtickets_refresh", Days(TODAY, TODAY)).success
    obeyed(platform, CHANGED)
    assert books.equal()
    assert obeyed(platform, SENSOR) == []
    assert Inbox(data / FILE).after("").orders == ()
    return vendor


def test_tables_equal_the_truth_whatever_the_network_does(hooked: Platform, tmp_path: Path) -> None:
    counts = story(hooked, tmp_path, steps=3, edits=12, outage=range(1, 2)).counts
    assert all(counts[status] > 3 for status in (0, 200, 401)), counts


@pytest.mark.slow
def test_a_thousand_deliveries_with_fifty_minutes_of_silence(hooked: Platform, tmp_path: Path) -> None:
    counts = story(hooked, tmp_path, steps=14, edits=60, outage=range(6, 8)).counts
    assert sum(counts.values()) >= 1000, counts
    assert min(counts[status] for status in (0, 200, 401)) > 50, counts


def test_without_a_secret_there_is_no_such_sensor() -> None:
    repository = build_definitions(Settings(environment={})).get_repository_def()
    assert not repository.has_sensor_def(SENSOR)


@pytest.fixture
def waiting(hooked: Platform, tmp_path: Path) -> tuple[Platform, Inbox]:
    hooked.at(MORNING.isoformat())
    hooked.tick(SENSOR)
    return hooked, Inbox(tmp_path / FILE)


def spans(result: Any) -> list[str]:
    return [request.tags[RANGE_END] for request in result.run_requests or []]


def test_while_a_run_is_under_way_nothing_is_asked_for_and_nothing_forgotten(waiting: tuple[Platform, Inbox]) -> None:
    platform, inbox = waiting
    inbox.put(1, [TODAY])
    [request] = platform.tick(SENSOR).run_requests
    tags = {**request.tags, "dagster/run_key": request.run_key}
    run = add_run(platform.instance, RELOAD, dg.DagsterRunStatus.STARTED, **tags)
    inbox.put(2, [FIRST])
    assert "under way" in platform.tick(SENSOR).skip_message
    platform.instance.report_run_canceled(run)
    assert spans(platform.tick(SENSOR)) == [str(FIRST)], "the canceled one is asked for again in a quarter of an hour"


def test_an_order_that_names_no_day_is_looked_up_and_days_that_are_none_are_left_out(
    waiting: tuple[Platform, Inbox],
) -> None:
    platform, inbox = waiting
    platform.warehouse.command(
        f"INSERT INTO stg_qtickets_orders_raw (sale_date, order_id, _ver) VALUES ('{FIRST}', 77, 1), ('2026-11-19', 78, 1)"
    )
    inbox.put(77, [])
    inbox.put(79, [date(2019, 1, 1), date(2030, 1, 1)])
    assert spans(platform.tick(SENSOR)) == [str(FIRST)]
