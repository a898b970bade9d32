"""Which ClickHouse this is: what is supported, what an older one does worse, and when it started.

Belongs here: the limits of versions, each with its reason. Does not: statements that differ by version; there are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.sql_files import ANYWHERE

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

NAME = "platform__clickhouse_version"
OLDEST = (25, 8)  # the long-term release; before it nothing was tried
# Before it a restart may bring back the parts that REPLACE PARTITION replaced in the eight minutes before.
PARTS_STAY_REPLACED = (26, 6, 1, 962)
WEAKER = (
    "before 26.6.1.962 a restart of ClickHouse may bring replaced rows back; the platform finds and repairs that, and"
    " is right again some minutes after the restart"
)
UPGRADE = "upgrade ClickHouse to 26.6.1.962 or newer; 25.8 is the oldest that is supported"

CLUSTERS = "SELECT cluster, uniqExact(shard_num) AS shards FROM system.clusters GROUP BY cluster"
ONE_SHARD = "name a cluster of one shard: a day is swapped in on one replica; docs/sizing.md says how far that goes"
MACROS = "add them as deploy/clickhouse/cluster.d/zakaz-cluster.xml does, then restart the server"


@dataclass(frozen=True)
class ServerVersion:
    """The version as the server says it, such as 25.8.2.1 or 25.8.2.1-altinity."""

    text: str

    @property
    def numbers(self) -> tuple[int, ...]:
        found = re.match(r"\d+(?:\.\d+)*", self.text)
        return tuple(int(part) for part in found[0].split(".")) if found else ()

    @property
    def supported(self) -> bool:
        return self.numbers >= OLDEST

    @property
    def weaker(self) -> str:
        """What is worse than on a newer server; empty when nothing is."""
        return WEAKER if self.numbers < PARTS_STAY_REPLACED else ""


def version(wh: Warehouse) -> ServerVersion:
    """The version of the configured server, whether or not the database exists."""
    return ServerVersion(str(wh.scalar("SELECT version()", settings=ANYWHERE)))


def require_supported(wh: Warehouse) -> ServerVersion:
    """The version; raises ConfigFault when it is older than the oldest that is supported."""
    found = version(wh)
    if not found.supported:
        raise ConfigFault(
            f"ClickHouse {found.text} at {wh.config.address} is not supported",
            source="clickhouse",
            expected="25.8 or newer",
            next_step=UPGRADE,
        )
    return found


def require_cluster(wh: Warehouse) -> None:
    """Raise ConfigFault when CLICKHOUSE_CLUSTER names a cluster that cannot hold a day of a table in one place."""
    name = wh.config.cluster
    if not name:
        return
    shards = {row["cluster"]: row["shards"] for row in wh.rows(CLUSTERS, settings=ANYWHERE)}
    missing = {"shard", "replica"} - {row["macro"] for row in wh.rows("SELECT macro FROM system.macros", {}, ANYWHERE)}
    if name not in shards:
        known = ", ".join(sorted(shards)) or "none"
        what, expected, step = f"the server knows no cluster {name}", f"one of: {known}", "correct CLICKHOUSE_CLUSTER"
    elif shards[name] > 1:
        what, expected, step = f"the cluster {name} has {shards[name]} shards", "one shard of any replicas", ONE_SHARD
    elif missing:
        what, expected, step = f"the server lacks the macros {', '.join(sorted(missing))}", "both on each", MACROS
    else:
        return
    raise ConfigFault(what, source="clickhouse", expected=expected, next_step=step)


def verdict(found: ServerVersion) -> Verdict:
    """Red for a server that is not supported; what an older one does worse is said without colour."""
    if not found.supported:
        return Verdict(NAME, "infrastructure", Status.ERROR, f"ClickHouse {found.text} is older than 25.8", UPGRADE)
    detail = f"ClickHouse {found.text}" + (f": {found.weaker}" if found.weaker else "")
    return Verdict(NAME, "infrastructure", Status.OK, detail)


def started_at(wh: Warehouse) -> datetime:
    """When the server started, by its own clock, to the second: a later answer that differs by more is a restart."""
    return datetime.fromtimestamp(int(wh.scalar("SELECT toUnixTimestamp(now()) - uptime()", settings=ANYWHERE)), UTC)
