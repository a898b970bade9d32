"""A PostgreSQL of Debian's on a free port, and a Dagster home whose state is in it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from zakaz_dagster.paths import PROJECT_ROOT

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def as_postgres(*command: str, check: bool = True) -> None:
    """PostgreSQL refuses to be root's."""
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    subprocess.run(command, check=check, capture_output=True, cwd="/", **user)  # type: ignore[call-overload]


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database, for SQLAlchemy; its server ends with the block."""
    assert BIN is not None
    folder = Path(tempfile.mkdtemp(prefix="zakaz-pg-"))  # pytest's own folders are closed to other users
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = str(folder / "data")
    as_postgres(str(BIN / "initdb"), "-D", data, "-U", "dagster", "-A", "trust", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        as_postgres(str(BIN / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        as_postgres(str(BIN / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "dagster", "dagster")
        yield f"postgresql+psycopg2://dagster@127.0.0.1:{port}/dagster"
    finally:
        as_postgres(str(BIN / "pg_ctl"), "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def dagster_yaml(url: str) -> str:
    """The file of deploy/container, whose one change is where PostgreSQL is."""
    kept = yaml.safe_load((PROJECT_ROOT / "deploy" / "container" / "dagster.yaml").read_text("utf-8"))
    kept["storage"]["postgres"]["postgres_url"] = url
    return yaml.safe_dump(kept)
