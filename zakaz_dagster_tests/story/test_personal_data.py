"""Buyers stay at the vendor: after real Dagster jobs no table, log or file of Dagster's own knows any of them."""

from __future__ import annotations

import io
import json
import logging
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from dagster import DagsterInstance

from zakaz_dagster import resources
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared import execution
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev.stack import dagster_home, environment
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse import schema
from zakaz_dagster_tests.plugins.sandbox import NOW, TODAY

MARKER = "Zone/Kontrolmarker"  # no person: it stands where personal data must not, and must be found everywhere
MAIL, PHONE, NAME = "odd.place@planted-odd.example", "+79995550123", "Нечаянникова"
# Where nobody expects a person: tags of a mailing's link, texts of the cabinet, keys that nobody has documented.
ODD = {
    "utm": {"utm_source": "mail", "utm_content": MAIL, "utm_term": quote(MAIL, safe=""), "utm_campaign": PHONE},
    "custom": {"answers": [{"question": "Как вас зовут?", "answer": NAME}], "phone": PHONE},
    "baskets.refunds": [{"client": {"name": NAME, "email": MAIL}}],
    "baskets.comment": f"{NAME}, {PHONE}",
    "baskets.legal_name": NAME,
    "new_key": {"deep": [[{"email": MAIL, "name": NAME}]]},
    "city.timezone": MARKER,  # of the first event
}


def forms(value: str) -> list[bytes]:
    """A value as it may be written: in any letters, plain, escaped in JSON, in a URL."""
    letters = {value, value.lower(), value.upper()}
    texts = {form for text in letters for form in (text, json.dumps(text)[1:-1], quote(text, safe=""), quote(text))}
    return [text.lower().encode() for text in texts]


def found_in(content: bytes, values: Iterable[str]) -> list[str]:
    lowered = content.decode("utf-8", "replace").lower().encode()
    return [value for value in values if any(form in lowered for form in forms(value))]


class World:
    """A home with Dagster's instance, a database, and everything that was logged."""

    def __init__(self, home: Path, log: io.StringIO) -> None:
        self.home, self.log = home, log
        self.warehouse = resources.warehouse(Settings())
        self.definitions = build_definitions()

    def run(self, job: str, days: Days | None = None) -> execution.Outcome:
        with DagsterInstance.get() as instance:
            return execution.run_job(self.definitions, instance, job, days)

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Everything that was written, by where it stands."""
        self.warehouse.command("SYSTEM FLUSH LOGS")
        for row in self.warehouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase()"):
            yield f"table {row['name']}", str(self.warehouse.rows(f"SELECT * FROM {row['name']}")).encode()
        queries = (
            "SELECT query, log_comment, exception FROM system.query_log WHERE current_database = currentDatabase()"
        )
        yield "query log", str(self.warehouse.rows(queries)).encode()
        yield "log", self.log.getvalue().encode()
        for path in sorted(self.home.rglob("*")):
            if path.is_file():
                yield f"file {path.relative_to(self.home)}", path.read_bytes()


@pytest.fixture
def world(clickhouse, sandbox, tmp_path, monkeypatch):
    database = f"test_{secrets.token_hex(5)}"
    own = {"CLICKHOUSE_PASSWORD": clickhouse.password, "CLICKHOUSE_DATABASE": database}
    for name, value in {**environment(str(clickhouse.port), sandbox.url, tmp_path), **own}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("zakaz_dagster.timezone.now", lambda: datetime.fromisoformat(NOW))
    dagster_home(tmp_path)
    text = io.StringIO()
    handler, root = logging.StreamHandler(text), logging.getLogger()
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.DEBUG)
    made = World(tmp_path, text)
    schema.apply(made.warehouse)
    yield made
    root.removeHandler(handler)
    made.warehouse.command(f"DROP DATABASE IF EXISTS {database} SYNC", settings=schema.ANYWHERE)
    made.warehouse.close()


def test_no_table_log_line_or_event_knows_a_buyer(world, sandbox):
    days = Days(TODAY - timedelta(days=1), TODAY)
    sandbox.fault("qtickets", replaced=ODD)
    done = world.run("qtickets_refresh", days)
    assert done.success, done.error
    assert done.rows["stg_qtickets_sales_raw"] > 50
    masked = "SELECT count() FROM stg_qtickets_orders_raw WHERE payload LIKE '%[e-mail]%'"
    assert world.warehouse.scalar(masked) > 0
    # In a field that is read as a moment: the record is put aside, and says so without it.
    sandbox.fault("qtickets", replaced={"baskets.refunded_at": f"{NAME} {MAIL} {PHONE}"})
    done = world.run("qtickets_reload", days)
    assert done.success, done.error
    aside = world.warehouse.rows("SELECT reason FROM stg_rejects WHERE source = 'qtickets'")
    assert any("refunded_at" in row["reason"] for row in aside), aside
    planted = [*map(str, sandbox.personal()), MAIL, "planted-odd", PHONE, PHONE[1:], NAME]
    places = dict(world.places())
    assert {place: leaks for place, content in places.items() if (leaks := found_in(content, planted))} == {}
    seen = {place for place, content in places.items() if found_in(content, [MARKER])}
    assert "table stg_rejects" in seen
    assert any(place.endswith(".db") for place in seen), seen
    assert found_in(places["log"], ["GET /orders"])
    assert found_in(places["query log"], ["stg_qtickets_sales_raw"])


def test_the_search_finds_what_is_there():
    text = json.dumps({"name": "ПРЯНИКОНОС"}).encode() + quote("Выдумкина").encode() + "Зюзюмаркер".encode()
    names = ["Пряниконос", "Выдумкина", "Зюзюмаркер", "Фантикодуб"]
    assert found_in(text, names) == names[:3]
