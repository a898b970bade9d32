"""Backups on a running engine with a disk for them: what is made restores to the same content, or it is said."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from zakaz_dagster.backup import engine
from zakaz_dagster.backup.engine import Destination
from zakaz_dagster.backup.records import Records
from zakaz_dagster.backup.service import Backups, silent
from zakaz_dagster.defs.operations import backup as jobs
from zakaz_dagster.errors import BadData, ConfigFault, Failure
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import day_column, shape
from zakaz_dagster_tests.plugins.clickhouse import serving
from zakaz_dagster_tests.plugins.warehouse import Shelf

CONFIG = """<clickhouse>
  <storage_configuration><disks><backups><type>local</type><path>{path}/</path></backups></disks></storage_configuration>
  <backups><allowed_disk>backups</allowed_disk></backups>
</clickhouse>"""


class Clock:
    """Moments a minute apart."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shelf, Path]]:
    place = tmp_path_factory.mktemp("backed")
    disk = place / "disk"
    disk.mkdir()
    config = place / "config.xml"
    config.write_text(CONFIG.format(path=disk))
    with serving(place / "data", "--config-file", str(config), *ALLOWED) as endpoint:
        yield Shelf(endpoint, "zakaz"), disk


ALLOWED = ("--allow=disk", "--allow=s3")


@pytest.fixture
def backups(backed: tuple[Shelf, Path], tmp_path: Path) -> Iterator[Backups]:
    """A filled database `zakaz` on that engine, and its backups."""
    shelf, disk = backed
    made = "SELECT name FROM system.databases WHERE name LIKE 'zakaz\\_%'"
    with shelf.lend() as wh:
        fill(wh, 3)
        records = Records(tmp_path / "backups")
        yield Backups(wh, wh, Destination(disk="backups"), records, Clock(), folder=disk)
        for database in wh.rows(made, settings=schema.ANYWHERE):
            wh.command(f"DROP DATABASE {database['name']} SYNC", settings=schema.ANYWHERE)


def fill(wh: Warehouse, count: int) -> None:
    wh.command(
        "INSERT INTO meta_job_runs (started_at, run_id, step, attempt, rows_written, _ver)"
        f" SELECT now(), toString(number), 'load', 1, number, 1 FROM numbers({count})"
    )


@contextmanager
def other(wh: Warehouse, database: str) -> Iterator[Warehouse]:
    yield Warehouse.connect(replace(wh.config, database=database))


def test_a_backup_restores_beside_the_live_database_with_the_same_content(backups: Backups) -> None:
    made = backups.create("full")
    assert made.sums["meta_job_runs"].rows == 3
    assert made.bytes > 0
    assert backups.restore(made.name, "zakaz_again", over_live=False) == ""
    with other(backups.admin, "zakaz_again") as again:
        found = engine.sums(again)
        assert {name: each for name, each in found.items() if name != "meta_backup_runs"} == {
            name: each for name, each in engine.sums(backups.admin).items() if name != "meta_backup_runs"
        }
        assert again.scalar("SELECT count() FROM zakaz_again.v_settings") == 1


def test_an_increment_holds_what_came_since_the_full_one_and_restores_whole(backups: Backups) -> None:
    assert backups.create("incremental").kind == "full", "there was none to build on"
    fill(backups.admin, 5)
    made = backups.create("incremental")
    assert made.kind == "incremental"
    assert made.base == backups.records.all()[0].name
    assert made.sums["meta_job_runs"].rows >= 5
    assert backups.verify("newest").backup.name == made.name


def test_a_live_database_is_touched_only_with_its_word_and_then_kept(backups: Backups) -> None:
    made = backups.create("full")
    backups.admin.command("TRUNCATE TABLE meta_job_runs")
    with pytest.raises(ConfigFault, match="holds .* tables"):
        backups.restore(made.name, "zakaz", over_live=False)
    aside = backups.restore(made.name, "zakaz", over_live=True)
    assert backups.admin.scalar("SELECT count() FROM meta_job_runs FINAL") == 3
    with other(backups.admin, aside) as old:
        assert old.scalar("SELECT count() FROM meta_job_runs") == 0
    assert backups.admin.scalar("SELECT name FROM meta_backup_runs FINAL WHERE kind = 'restore'") == made.name


def test_a_restore_that_would_reach_one_replica_of_a_cluster_is_refused(backups: Backups) -> None:
    replica = Warehouse.connect(replace(backups.admin.config, cluster="prod"))
    with pytest.raises(ConfigFault, match="one replica of the cluster prod.*ON CLUSTER"):
        replace(backups, admin=replica).restore("zakaz-any", "zakaz_again", over_live=False)


def test_a_restore_that_fails_leaves_the_live_database_as_it_was(backups: Backups) -> None:
    made = backups.create("full")
    assert backups.folder
    next((backups.folder / made.name).rglob("meta_job_runs/*/data.bin")).unlink()
    with pytest.raises(BadData, match="zakaz is as it was"):
        backups.restore(made.name, "zakaz", over_live=True)
    assert backups.admin.scalar("SELECT count() FROM meta_job_runs FINAL") == 3


@pytest.mark.parametrize("damage", ["a byte", "a file"])
def test_a_damaged_backup_is_found_and_the_check_is_red(backups: Backups, damage: str) -> None:
    made = backups.create("full")
    assert backups.folder
    path = max((backups.folder / made.name).rglob("dim_city_alias/*/*.bin"), key=lambda each: each.stat().st_size)
    if damage == "a file":
        path.unlink()
    else:
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 0xFF
        path.write_bytes(bytes(body))
    with pytest.raises(BadData, match="does not restore to what was backed up"):
        backups.verify(made.name, "drill")
    assert not backups.admin.rows("SELECT 1 FROM system.databases WHERE name = 'zakaz_drill'", settings=schema.ANYWHERE)
    verdict = evaluate(backups.admin, load("checks")["meta_backup_runs__restored_lately"])
    assert verdict.status == "error"
    assert "failed" in verdict.detail
    backups.create("full")
    backups.verify("newest", "drill")
    assert evaluate(backups.admin, load("checks")["meta_backup_runs__restored_lately"]).status == "ok"


def test_a_backup_that_is_not_what_was_recorded_is_found(backups: Backups) -> None:
    made = backups.create("full")
    said = dict(made.sums)
    said["dim_settings"] = said["dim_settings"].model_copy(update={"content": 1})
    backups.records.add(made.model_copy(update={"sums": said}))
    with pytest.raises(BadData, match="dim_settings has other content"):
        backups.verify(made.name)


def test_tables_loaded_while_the_backup_ran_are_named_and_not_compared(backups: Backups) -> None:
    loaded = False

    def load_meanwhile(done: int, total: int) -> None:
        nonlocal loaded
        if not loaded:
            loaded = True
            fill(backups.admin, 40)

    made = backups.create("full", load_meanwhile)
    assert made.moved == ("meta_job_runs",)
    assert backups.verify(made.name).backup.name == made.name


def test_a_failed_backup_is_recorded_and_red(backups: Backups) -> None:
    broken = replace(backups, where=Destination(disk="elsewhere"))
    with pytest.raises(Failure):
        broken.create("full")
    assert not broken.records.all()[0].is_good
    verdict = evaluate(backups.admin, load("checks")["meta_backup_runs__restored_lately"])
    assert (verdict.status, "elsewhere" in verdict.detail) == ("error", True)


def test_outdated_backups_go_from_the_disk_and_the_list(backups: Backups) -> None:
    fulls = [backups.create("full") for _ in range(2)]
    increment = backups.create("incremental")
    kept = replace(backups, keep_full=1)
    assert [each.name for each in kept.prune()] == [fulls[0].name]
    assert backups.folder
    left = {path.name for path in backups.folder.iterdir()}
    assert {fulls[1].name, increment.name} <= left
    assert fulls[0].name not in left
    kept.create("full")
    unseen = replace(kept, folder=None)
    with pytest.raises(ConfigFault, match=r"BACKUP_PATH .* prune --forget"):
        unseen.prune()
    gone = unseen.prune(forget=True)
    assert {each.name for each in gone} == {fulls[1].name, increment.name}
    assert {path.name for path in backups.folder.iterdir()} >= {each.name for each in gone}, "only the list forgot them"
    assert len(unseen.records.all()) == 1


def test_the_list_is_readable_by_its_owner_alone(backups: Backups) -> None:
    made = backups.create("full")
    path = backups.records.folder / f"{made.name}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigFault, match="no good backup"):
        backups.records.get("zakaz-none")
    path.write_text("{}")
    with pytest.raises(BadData, match="does not describe a backup"):
        backups.records.all()


@pytest.mark.slow
def test_a_database_of_five_million_rows_restores_to_equal_sums(backups: Backups) -> None:
    """Prints what a loss would cost: -s shows it."""
    for table in ("stg_qtickets_orders_raw", "fact_vk_ads_daily"):
        fill_at_random(backups.admin, table, 2_500_000)
    made = backups.create("full")
    assert made.rows >= 5_000_000
    done = backups.verify(made.name, "drill")
    drill = backups.admin.scalar("SELECT seconds FROM meta_backup_runs FINAL WHERE kind = 'drill'")
    size = f"{made.rows} rows, {made.bytes / 1e6:.0f} MB: backup {made.seconds:.0f} s"
    print(f"\n{size}; {backups.recovery(done)}; drill with sums and views {drill:.0f} s")  # noqa: T201


def fill_at_random(wh: Warehouse, table: str, count: int) -> None:
    """Rows of 500 days whose other columns are anything."""
    types = shape(wh, table).types
    structure = ", ".join(f"`{name}` {kind}" for name, kind in types.items()).replace("'", "''")
    day = f"toDate('2024-01-01') + rowNumberInAllBlocks() % 500 AS {day_column(table)}"
    for seed in range(count // 500_000):
        made = f"SELECT * REPLACE({day}) FROM generateRandom('{structure}', {seed}, 5) LIMIT 500000"
        wh.command(f"INSERT INTO {table} {made}", settings={"max_partitions_per_insert_block": 0})


def test_the_jobs_of_dagster_make_prove_and_record_a_backup(backups: Backups) -> None:
    made = dg.Definitions.merge(jobs.definitions(configured=True), dg.Definitions(resources={"backups": backups}))
    for name in ("backup_full", "backup_incremental", "backup_drill"):
        with dg.DagsterInstance.ephemeral() as instance:
            assert made.resolve_job_def(name).execute_in_process(instance=instance).success
    lines = backups.admin.rows(
        "SELECT kind, status, run_id != '' AS by_run FROM meta_backup_runs FINAL ORDER BY started_at"
    )
    assert [(line["kind"], line["status"], line["by_run"]) for line in lines] == [
        ("full", "success", 1), ("incremental", "success", 1), ("drill", "success", 1),
    ]  # fmt: skip
    done = backups.verify("newest", progress=silent)
    assert done.backup.kind == "incremental"
    assert re.fullmatch(r"RPO 0\.\d h \(.+\), RTO \d+ s \(the restore\)", backups.recovery(done))
