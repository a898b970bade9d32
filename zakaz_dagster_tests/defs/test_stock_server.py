"""The platform on a server with ClickHouse's shipped configuration: everything it does, with its roles' rights only.

One engine has one user, so each role is a start of the same data, with a proxy before it that refuses what such a
server refuses (`contract.stock`). What was sent is kept and compared with sql/grants. Loads and reads are made under
the limits of deploy/clickhouse/small.d, which are for a server of 2 GB.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from zakaz_dagster.backup import engine as backup
from zakaz_dagster.backup.engine import Destination
from zakaz_dagster.backup.records import Records
from zakaz_dagster.backup.service import silent
from zakaz_dagster.datalens.preview import write
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev.stack import environment, gmail_consent
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.health import infrastructure
from zakaz_dagster.health.look import Depth, Subjects, Watch
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import grants, healing, schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.sql_files import Place, load
from zakaz_dagster_tests._private import connect_once
from zakaz_dagster_tests.contract.backup.test_backup import ALLOWED, CONFIG
from zakaz_dagster_tests.contract.faulty import proxied
from zakaz_dagster_tests.contract.roles import users_file
from zakaz_dagster_tests.contract.stock import OPEN, Stock, tables_read
from zakaz_dagster_tests.defs.conftest import Platform, day, words
from zakaz_dagster_tests.plugins.clickhouse import PROJECT, Endpoint, serving
from zakaz_dagster_tests.plugins.sandbox import NOW, Sandbox

DAYS = Days(day("2026-11-21"), day("2026-11-22"))
DEFINER = "zakaz_marts_definer"
SMALL = PROJECT / "deploy" / "clickhouse" / "small.d" / "zakaz-small.xml"
LIMITED = f"--config-file={SMALL}"


@dataclass
class Stage:
    """What was sent as each role, and what was refused."""

    place: Path
    sent: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)

    @contextmanager
    def as_role(self, role: str, *options: str) -> Iterator[Warehouse]:
        users, judge = users_file(self.place, role), Stock.of(role, Place(definer=DEFINER))
        with ExitStack() as opened:
            endpoint = opened.enter_context(serving(self.place / "data", f"--users-file={users}", *options))
            proxy = opened.enter_context(proxied(endpoint.host, endpoint.port))
            proxy.judge = judge
            config = WarehouseConfig(port=proxy.port, password=endpoint.password, patience=2.0, views_definer=DEFINER)
            wh = Warehouse.connect(config)
            yield wh
            wh.close()
        self.sent[role], self.refused[role] = proxy.seen, judge.refused


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, sandbox_server: Sandbox) -> Stage:
    """All of it has happened: schema, loads, facts, checks, healing, looks, pages, a backup and its drill."""
    made = Stage(tmp_path_factory.mktemp("stock"))
    sandbox_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zakaz_dagster.timezone.now", lambda: datetime.fromisoformat(NOW))
        with made.as_role("role_writer", LIMITED) as wh:
            schema.apply(wh)
            refresh(made, wh, sandbox_server, patch)
            with pytest.raises(ConfigFault, match="error 497"):  # the server refuses: the proxy is no decoration
                wh.scalar("SELECT count() FROM system.parts")
        with made.as_role("role_reader", LIMITED) as wh:
            write(wh, made.place / "pages", datetime.fromisoformat(NOW))
            assert wh.scalar("SELECT count() FROM information_schema.tables WHERE table_schema = 'zakaz'") == len(
                load("views")
            )
            assert wh.scalar("SELECT count() FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'stg_rejects'") == 0
            assert list(infrastructure.reader_faults(wh, list(load("views")), ["stg_rejects"])) == []
        disk = made.place / "disk"
        disk.mkdir()
        config = made.place / "config.xml"
        config.write_text(CONFIG.format(path=disk))
        with made.as_role("role_backup", f"--config-file={config}", *ALLOWED) as wh:
            back_up(wh, Records(made.place / "backups"))
    return made


def refresh(made: Stage, wh: Warehouse, sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
    """A load of everything with its facts and checks, mails, healing, and a look at all."""
    given = environment(str(wh.config.port), sandbox.url, made.place)
    gmail_consent(made.place)
    own = {
        "CLICKHOUSE_PASSWORD": wh.config.password,
        "CLICKHOUSE_VIEWS_DEFINER": DEFINER,
        "ZAKAZ_START_DATE": "2026-11-01",
    }
    for name, value in {**given, **own}.items():
        patch.setenv(name, value)
    patch.setattr("zakaz_dagster.datalens.preview.write", lambda *_: [])  # the reader's work, below
    with dg.DagsterInstance.ephemeral() as instance:
        connect_once(instance)
        platform = Platform(build_definitions(), instance, wh, sandbox, lambda _: None)
        done = platform.run("reload_days", DAYS)
        assert done.success, words(done)
        platform.tick("partitions_heal")
    healing.one_version(wh)
    healing.side_tables(wh)
    look = Watch(Subjects(wh), lambda: datetime.now(UTC), Depth.FULL).look()
    unseen = [each for each in look.verdicts if "could not be looked at" in each.detail]
    assert unseen == []
    assert next(each for each in look.verdicts if each.name == infrastructure.NAME).status is Status.OK


def back_up(wh: Warehouse, records: Records) -> None:
    where = Destination(disk="backups")
    made = backup.create(wh, where, records, "full", datetime.now(UTC), silent)
    assert made.sums["fact_qtickets_sales_daily"].rows > 0
    assert backup.verify(wh, where, made, silent).wrong == []


def test_nothing_that_the_platform_does_is_refused(stage: Stage) -> None:
    assert stage.refused == {"role_writer": ["system.parts"], "role_backup": [], "role_reader": []}


def test_a_right_that_is_missing_is_named_with_what_to_do(clickhouse: Endpoint) -> None:
    with proxied(clickhouse.host, clickhouse.port) as proxy:
        config = WarehouseConfig(port=proxy.port, password=clickhouse.password, cluster="prod", views_definer=DEFINER)
        judge = proxy.judge = Stock.of("role_writer", config.place)
        wh = Warehouse.connect(config)
        assert infrastructure.rights(wh, None, (), ()).status is Status.OK
        for right in ("SELECT on system.disks", "CLUSTER on *.*", "SELECT on system.backups"):
            del judge.rights[right.split(" on ")[1]]
            found = infrastructure.rights(wh, None, (), ())
            assert f"default lacks {right}" in found.detail
            assert "zakaz schema grants --apply" in found.action
        wh.close()


def test_on_cluster_is_refused_without_the_right_to_it_and_granted_where_a_cluster_is_set() -> None:
    place = Place(cluster="prod")
    for statement in [*load("tables").values(), *load("views").values()]:
        assert "CLUSTER" in str(Stock.of("role_writer")(statement.rendered(place)))
        assert Stock.of("role_writer", place)(statement.rendered(place)) is None
        assert Stock.of("role_writer")(statement.rendered()) is None


def test_every_table_of_the_server_that_is_read_is_granted_and_nothing_more_is(stage: Stage) -> None:
    for role, sent in stage.sent.items():
        read = (
            {name for sql in sent for name in tables_read(sql)} - {f"system.{name}" for name in OPEN} - {"system.parts"}
        )
        granted = {
            name for name in grants.rights(role, Place()) if name.lower().startswith(("system.", "information_"))
        }
        if role == "role_reader":
            granted = {"information_schema.tables", "information_schema.columns"}
        assert read == granted, role


def test_the_limits_of_a_small_server_are_settings_that_the_engine_takes(warehouse: Warehouse) -> None:
    settings = {element.tag: element for element in ET.parse(SMALL).getroot() if not element.get("remove")}  # noqa: S314  our own file
    wanted = {name if not len(each) else f"{name}.{each[0].tag}" for name, each in settings.items()}
    known = {row["name"] for row in warehouse.rows("SELECT name FROM system.server_settings")}
    assert wanted <= known
    threads, ratio = (
        int(settings[name].text or 0)
        for name in ("background_pool_size", "background_merges_mutations_concurrency_ratio")
    )
    free = warehouse.rows(
        "SELECT name, toUInt32(value) AS n FROM system.merge_tree_settings WHERE name LIKE 'number_of_free_entries%'"
    )
    assert {row["name"]: row["n"] for row in free if row["n"] > threads * ratio} == {}
