"""What a ClickHouse error means for whoever asked: which codes pass by themselves, and the failure for each.

Belongs here: the table of codes with reasons, and the translation of the driver's exceptions into failures.
Does not: the retry loop (`client`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError, ProgrammingError
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as HTTPTimeout

from zakaz_dagster import tls
from zakaz_dagster.errors import ConfigFault, Failure, Fatal, Retriable
from zakaz_dagster.redaction import vendor_words


@dataclass(frozen=True)
class Passing:
    """A code that goes away by itself. `unstarted`: the server refused before doing anything, so even a call that must
    not run twice may be repeated.
    """

    name: str
    reason: str
    unstarted: bool = False


PASSING: dict[int, Passing] = {
    159: Passing("TIMEOUT_EXCEEDED", "the server was too busy to finish in time"),
    202: Passing("TOO_MANY_SIMULTANEOUS_QUERIES", "refused at the door; a slot frees in moments", unstarted=True),
    203: Passing("NO_FREE_CONNECTION", "the server's pool to another replica is full", unstarted=True),
    209: Passing("SOCKET_TIMEOUT", "the network between replicas or disks stalled"),
    210: Passing("NETWORK_ERROR", "the network between replicas or disks broke"),
    216: Passing("QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", "another swap of the table is running", unstarted=True),
    225: Passing("NO_ZOOKEEPER", "Keeper is electing a leader or restarting"),
    236: Passing("ABORTED", "the server is shutting down or cancelled its own background work"),
    241: Passing("MEMORY_LIMIT_EXCEEDED", "memory is shared: another query may have taken it"),
    242: Passing("TABLE_IS_READ_ONLY", "a replica lost Keeper and becomes writable when it is back", unstarted=True),
    252: Passing("TOO_MANY_PARTS", "merges lag behind inserts and catch up", unstarted=True),
    279: Passing("ALL_CONNECTION_TRIES_FAILED", "no replica answered just now"),
    285: Passing("TOO_FEW_LIVE_REPLICAS", "a replica is restarting", unstarted=True),
    286: Passing("UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", "the previous write is still replicating", unstarted=True),
    319: Passing("UNKNOWN_STATUS_OF_INSERT", "Keeper was lost at the commit"),
    384: Passing("PART_IS_TEMPORARILY_LOCKED", "a merge or a move holds the part"),
    425: Passing("SYSTEM_ERROR", "a system call failed, mostly for want of threads or descriptors"),
    439: Passing("CANNOT_SCHEDULE_TASK", "the thread pool is full", unstarted=True),
    473: Passing("DEADLOCK_AVOIDED", "another statement holds the table's lock"),
    517: Passing("CANNOT_ASSIGN_ALTER", "another ALTER of the table is being replicated"),
    999: Passing("KEEPER_EXCEPTION", "Keeper timed out or moved"),
}

# Codes that only a changed setting or grant cures, and those with a next step of their own.
CONFIG: dict[int, str] = {
    164: "use a user whose profile is not readonly (CLICKHOUSE_USER)",
    192: "CLICKHOUSE_USER does not exist on the server: create it, or correct the name",
    193: "correct CLICKHOUSE_PASSWORD",
    194: "set CLICKHOUSE_PASSWORD",
    497: "grant the missing right to CLICKHOUSE_USER: sql/grants/ has the roles",
    516: "correct CLICKHOUSE_USER and CLICKHOUSE_PASSWORD",
}
STEPS: dict[int, str] = {
    60: "run `zakaz schema apply`, then `zakaz schema diff`",
    81: "run `zakaz schema apply`; it creates the database",
    243: "free disk space on the ClickHouse server",
    394: "somebody cancelled the query; run it again if that was not meant",
}
ALREADY_EXISTS, THROWN = 57, 395
TLS_NAMES = tls.Names(
    "CLICKHOUSE_HOST or CLICKHOUSE_SERVER_NAME", "CLICKHOUSE_PORT", "CLICKHOUSE_SECURE", "CLICKHOUSE_CA_CERT"
)
HTTP_STATUS = re.compile(r"HTTP status (\d{3})")
PASSING_STATUSES = {"408", "429", "502", "503", "504"}
TEXT_LIMIT = 500
_NOISE = re.compile(r"^.*?DB::Exception: |\s*\(version [^)]*(?:\([^)]*\))?\)\s*$", re.DOTALL)


class Refused(Fatal):
    """The server refused the statement, with ClickHouse's error code."""

    def __init__(self, what: str, *, code: int, next_step: str) -> None:
        self.code = code
        super().__init__(what, source="clickhouse", next_step=next_step)


class Away(Retriable):
    """A passing failure. `unstarted` says that the server had not begun."""

    def __init__(self, what: str, *, unstarted: bool, next_step: str) -> None:
        self.unstarted = unstarted
        super().__init__(what, source="clickhouse", next_step=next_step)


def failure(error: Exception, *, statement: str, address: str, params: Mapping[str, object] | None = None) -> Failure:
    """The failure for an exception of the driver: names the code and the statement, never a parameter's value."""
    code = getattr(error, "code", None)
    if code is None:
        return _without_code(error, statement, address, params)
    text = _text(str(error), params)
    what = f"{statement}: error {code}: {text}"
    if code in PASSING:
        passing = PASSING[code]
        step = f"it is repeated because {passing.reason}; if it stays, look at the server's log"
        return Away(f"{statement}: error {code} {passing.name}: {text}", unstarted=passing.unstarted, next_step=step)
    if code in CONFIG:
        return ConfigFault(what, source="clickhouse", next_step=CONFIG[code])
    return Refused(what, code=code, next_step=STEPS.get(code, "correct the statement or the data it meets"))


def _without_code(error: Exception, statement: str, address: str, params: Mapping[str, object] | None) -> Failure:
    causes = list(_causes(error))
    if any(isinstance(cause, SSLError) for cause in causes) and (why := tls.refusal(error, TLS_NAMES)):
        what = f"{statement}: TLS with {address} failed: {why.what}"
        return ConfigFault(what, source="clickhouse", next_step=why.step)
    status = HTTP_STATUS.search(str(error))
    if status and status[1] in PASSING_STATUSES:
        what = f"{statement}: {address} answered HTTP {status[1]}"
        return Away(what, unstarted=False, next_step="look at the proxy before ClickHouse")
    if not status and (isinstance(error, OperationalError) or any(isinstance(c, HTTPError | OSError) for c in causes)):
        refused = any(isinstance(cause, NewConnectionError) for cause in causes)
        slow = any(isinstance(cause, HTTPTimeout) for cause in causes)
        how = "refuses connections" if refused else "did not answer in time" if slow else "broke the connection"
        step = "start ClickHouse (locally: `zakaz clickhouse serve`) or correct CLICKHOUSE_HOST and CLICKHOUSE_PORT"
        return Away(f"{statement}: ClickHouse at {address} {how}", unstarted=refused, next_step=step)
    # Nobody knows who said it: a proxy repeats what it was sent.
    what = f"{statement}: {vendor_words(_text(str(error), params))}"
    if isinstance(error, ProgrammingError):
        return Fatal(what, source="clickhouse", next_step="correct the call")
    step = f"check that {address} is ClickHouse's HTTP interface (CLICKHOUSE_HOST, CLICKHOUSE_PORT)"
    return Fatal(what, source="clickhouse", next_step=step)


def _causes(error: BaseException | None) -> list[BaseException]:
    """The exception, what it came from, and urllib3's `reason` of each."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or current in found:
            continue
        found.append(current)
        reason = getattr(current, "reason", None)
        pending += [current.__cause__, reason if isinstance(reason, BaseException) else None]
    return [cause for cause in found if not isinstance(cause, ClickHouseError)]


def _text(message: str, params: Mapping[str, object] | None) -> str:
    """The server's sentence without its version, without parameter values, cut to a readable length."""
    text = _NOISE.sub("", message.split(" (for url ", maxsplit=1)[0]).strip()
    for name, value in (params or {}).items():
        if str(value):
            text = re.sub(rf"(?<!\w){re.escape(str(value))}(?!\w)", f"{{{name}}}", text)
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"
