"""Backups in a bucket: made, built upon, proven and restored over S3's protocol, and no key of it told anywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from zakaz_dagster.backup.chain import Backup, outdated
from zakaz_dagster.backup.engine import Destination
from zakaz_dagster.backup.service import Backups
from zakaz_dagster.errors import BadData, ConfigFault, Failure
from zakaz_dagster.warehouse import schema
from zakaz_dagster_tests.contract.backup.test_backup import backed, backups, fill

boto3, moto = pytest.importorskip("boto3"), pytest.importorskip("moto.server")

__all__ = ["backed", "backups"]
KEY, SECRET = "kept-by-us", "never-told-to-anybody"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/kept").raise_for_status()
    yield f"http://{host}:{port}/kept"
    server.stop()


@pytest.fixture(scope="module")
def store(bucket: str) -> Any:
    where = {"endpoint_url": bucket.removesuffix("/kept"), "region_name": "us-east-1"}
    return boto3.client("s3", aws_access_key_id=KEY, aws_secret_access_key=SECRET, **where)


@pytest.fixture
def in_bucket(backups: Backups, bucket: str) -> Backups:
    where = Destination(s3_url=f"{bucket}/zakaz", s3_key=KEY, s3_secret=SECRET)
    return replace(backups, where=where, folder=None)


def told(backups: Backups) -> str:
    """All that the engine kept of statements and backups."""
    backups.admin.command("SYSTEM FLUSH LOGS", settings=schema.ANYWHERE)
    log = "SELECT arrayStringConcat(groupArray(concat(query, exception))) FROM system.query_log"
    kept = "SELECT arrayStringConcat(groupArray(concat(name, error))) FROM system.backups"
    return "".join(str(backups.admin.scalar(sql, settings=schema.ANYWHERE)) for sql in (log, kept))


def test_a_backup_and_its_increment_lie_in_a_bucket_and_restore_whole(in_bucket: Backups, store: Any) -> None:
    full = in_bucket.create("full")
    fill(in_bucket.admin, 5)
    increment = in_bucket.create("incremental")
    assert (increment.kind, increment.base) == ("incremental", full.name)
    assert store.head_object(Bucket="kept", Key=f"zakaz/{full.name}/.backup")["ContentLength"] > 0
    assert in_bucket.verify(increment.name, "drill").backup == increment
    assert SECRET not in told(in_bucket)
    assert SECRET not in "".join(path.read_text() for path in in_bucket.records.folder.iterdir())


@pytest.mark.parametrize("damage", ["an object is gone", "an object has other bytes"])
def test_a_damaged_object_is_found(in_bucket: Backups, store: Any, damage: str) -> None:
    made = in_bucket.create("full")
    prefix = f"zakaz/{made.name}/data/zakaz/dim_city_alias/"
    listed = store.list_objects_v2(Bucket="kept", Prefix=prefix)["Contents"]
    key = max((each for each in listed if each["Key"].endswith(".bin")), key=lambda each: each["Size"])["Key"]
    if damage == "an object is gone":
        store.delete_object(Bucket="kept", Key=key)
    else:
        body = store.get_object(Bucket="kept", Key=key)["Body"].read()
        store.put_object(Bucket="kept", Key=key, Body=body[:-1] + bytes([body[-1] ^ 0xFF]))
    with pytest.raises(BadData, match="does not restore to what was backed up"):
        in_bucket.verify(made.name)


def test_a_bucket_that_refuses_is_named_without_its_keys(in_bucket: Backups, bucket: str) -> None:
    elsewhere = replace(in_bucket, where=replace(in_bucket.where, s3_url=f"{bucket}-of-nobody/zakaz"))
    with pytest.raises(Failure) as caught:
        elsewhere.create("full")
    assert "NoSuchBucket" in str(caught.value) or "does not exist" in str(caught.value)
    assert SECRET not in str(caught.value) + told(elsewhere) + elsewhere.records.all()[0].error


def test_outdated_backups_of_a_bucket_are_named_for_whoever_can_delete_them(in_bucket: Backups) -> None:
    for _ in range(2):
        in_bucket.create("full")
    kept = replace(in_bucket, keep_full=1)
    with pytest.raises(ConfigFault, match="prune --forget"):
        kept.prune()
    gone: list[Backup] = kept.prune(forget=True)
    assert len(gone) == 1
    assert outdated(kept.records.all(), 1, datetime.now(UTC)) == []
