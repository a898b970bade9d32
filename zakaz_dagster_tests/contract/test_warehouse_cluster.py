"""A cluster of one shard: replicated tables in a real ZooKeeper, side tables on one replica, days that load over both.

The engine of a process serves no other replica, so it has no ON CLUSTER, and its replicas answer "read-only" after a
swap that they have done. `OneReplica` stands in for the first; what a second replica sees needs servers
(deploy/clickhouse/README.md has the commands).
"""

# ruff: noqa: S608
from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.warehouse import schema, seeds
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.errors import Away
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.side_table import MARK, side_table
from zakaz_dagster.warehouse.sql_files import ANYWHERE, load, tables
from zakaz_dagster.warehouse.table_info import shape
from zakaz_dagster_tests.contract.test_warehouse_day import ORDERS, held, orders, put
from zakaz_dagster_tests.plugins.clickhouse import serving
from zakaz_dagster_tests.plugins.keeper import ABSENT, zookeeper

CLUSTER, DAY = "prod", date(2026, 3, 1)
ON = re.compile(r" ON CLUSTER '(\w+)'")
CREATED = re.compile(r"^(CREATE TABLE IF NOT EXISTS \w+)", re.MULTILINE)
ENGINE = re.compile(r"^(\w*MergeTree)(?:\(([^)]*)\))?")
CONFIG = """<clickhouse>
  <zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>
  <macros><shard>1</shard><replica>first</replica></macros>
  <remote_servers>
    <prod><shard>{replica}{replica}</shard></prod>
    <wide><shard>{replica}</shard><shard>{replica}</shard></wide>
  </remote_servers>
</clickhouse>"""


class OneReplica(Warehouse):
    """A replica that takes part in ON CLUSTER: the statement is run here, under the UUID all replicas would get."""

    sent: list[str]

    def tagged(self, **tags: str) -> OneReplica:
        found = type(self)(self.config, self._link, {**self._tags, **tags})
        found.sent = self.sent
        return found

    def command(self, sql: str, params: Any = None, settings: Any = None, *, query_id: str = "") -> None:
        self.sent.append(sql)
        assert {CLUSTER} >= set(ON.findall(sql))
        local = self.here(ON.sub("", sql), everywhere=bool(ON.search(sql)))
        if local:
            super().command(local, params, settings, query_id=query_id)

    def here(self, sql: str, *, everywhere: bool) -> str:
        return CREATED.sub(rf"\1 UUID '{uuid.uuid4()}'", sql) if everywhere else sql


class Writable(OneReplica):
    """The same, with tables that take writes: made without a replica and described with one."""

    def here(self, sql: str, *, everywhere: bool) -> str:
        if sql.startswith("SYSTEM SYNC REPLICA"):
            return ""
        assert not re.match(rf"CREATE TABLE \w+{MARK}\w+ AS \w+$", sql), "a second replica of the same path"
        return sql.replace("ENGINE = Replicated", "ENGINE = ") if everywhere else sql

    def rows(self, sql: str, params: Any = None, settings: Any = None) -> list[dict[str, Any]]:
        found = super().rows(sql, params, settings)
        for row in found:
            if "engine_full" in row:
                row["engine_full"] = ENGINE.sub(_replicated, row["engine_full"])
        return found


def _replicated(engine: re.Match[str]) -> str:
    more = f", {engine[2]}" if engine[2] else ""
    return f"Replicated{engine[1]}('/clickhouse/tables/{{uuid}}/{{shard}}', '{{replica}}'{more})"


def connected(kind: type[OneReplica], endpoint: Any, **about: Any) -> Any:
    given = {"port": endpoint.port, "password": endpoint.password, "patience": 0.1, "cluster": CLUSTER, **about}
    wh = kind.connect(WarehouseConfig(**given))
    wh.sent = []
    return wh


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if ABSENT:
        pytest.skip("no ZooKeeper of Debian's on this machine")
    place = tmp_path_factory.mktemp("cluster")
    with zookeeper(place / "keeper") as port:
        config = place / "config.xml"
        one = "<replica><host>127.0.0.1</host><port>9000</port></replica>"
        config.write_text(CONFIG.format(port=port, replica=one))
        with serving(place / "data", "--config-file", str(config)) as endpoint:
            yield endpoint
            endpoint.process.kill()  # it would wait for replicas that never became active


@pytest.fixture(scope="module")
def replicated(engine: Any) -> OneReplica:
    """Every table and view, made by the statements that `schema apply` would run."""
    wh = connected(OneReplica, engine)
    wh.command("CREATE DATABASE zakaz ON CLUSTER 'prod'", settings=ANYWHERE)
    for difference in schema.diff(wh):
        for statement in difference.cure:
            wh.command(statement)
    return wh


def test_every_table_is_a_replica_under_its_own_uuid_and_equals_its_file(replicated: OneReplica) -> None:
    found = replicated.rows("SELECT zookeeper_path AS path, replica_name AS name FROM system.replicas ORDER BY path")
    assert len({row["path"] for row in found}) == len(load("tables"))
    assert all(re.fullmatch(r"/clickhouse/tables/[0-9a-f-]{36}/1", row["path"]) for row in found)
    assert {row["name"] for row in found} == {"first"}
    assert {difference.name for difference in schema.diff(replicated)} <= seeds.seeded().keys(), "seeds were not put in"


def test_a_side_table_is_of_one_replica_alone_and_has_the_structure_of_its_target(replicated: OneReplica) -> None:
    columns = "SELECT groupArray((name, type, compression_codec)) FROM system.columns WHERE table = {name:String}"
    for table in tables():
        with side_table(replicated, shape(replicated, table), "run", 1) as side:
            engine = replicated.scalar(
                "SELECT engine FROM system.tables WHERE name = {name:String}", {"name": side.name}
            )
            assert not engine.startswith("Replicated")
            assert shape(replicated, side.name).sorting_key == side.shape.sorting_key
            assert replicated.scalar(columns, {"name": side.name}) == replicated.scalar(columns, {"name": table})


def test_a_swap_into_a_replica_replaces_the_day(replicated: OneReplica) -> None:
    for ver, count in ((1, 4), (2, 3)):
        with side_table(replicated, shape(replicated, ORDERS), "run", ver) as side:
            given = f"{{day:Date}} AS sale_date, number AS order_id, {ver} AS _ver"
            replicated.command(
                f"INSERT INTO {side.name} (sale_date, order_id, _ver) SELECT {given} FROM numbers({count})",
                {"day": str(DAY)},
            )
            with suppress(Away):  # the swap is done; then the engine waits for its replica to be active
                side._swap(["20260301"], side.counts())
        assert held(replicated) == {DAY: count}


def test_a_day_loads_and_is_replaced_and_its_fact_is_built_with_replicas_in_step(clickhouse: Any) -> None:
    wh = connected(Writable, clickhouse, database=f"test_{uuid.uuid4().hex[:10]}", cluster="")
    wh.config = replace(wh.config, cluster=CLUSTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema.server, "require_cluster", lambda wh: None)
        schema.apply(wh)
    assert put(wh, DAY, orders(DAY, 4)).rows_after == 4
    wh.sent.clear()
    assert put(wh, DAY, orders(DAY, 3), ver=2).rows_after == 3
    assert held(wh) == {DAY: 3}
    synced, swapped = (
        next(n for n, sql in enumerate(wh.sent) if sql.startswith(start)) for start in ("SYSTEM SYNC", "ALTER")
    )
    assert synced < swapped
    assert not [sql for sql in wh.sent if ON.search(sql)], "a load is the business of one replica"
    wh.sent.clear()
    rebuild(wh, load("builds")["fact_qtickets_sales_daily"], DAY, DAY)
    assert {f"SYSTEM SYNC REPLICA {name}" for name in ("fact_qtickets_sales_daily", "stg_qtickets_sales_raw")} <= set(
        wh.sent
    )
    wh.command(f"DROP DATABASE {wh.config.database} SYNC", settings=ANYWHERE)


@pytest.mark.parametrize(
    ("cluster", "told"), [("wide", "wide has 2 shards"), ("elsewhere", "knows no cluster elsewhere")]
)
def test_a_cluster_that_cannot_hold_a_day_whole_is_refused_in_words(engine: Any, cluster: str, told: str) -> None:
    wh = connected(OneReplica, engine, cluster=cluster)
    for work in (schema.apply, schema.diff):
        with pytest.raises(ConfigFault, match=told):
            work(wh)
    assert wh.sent == []
