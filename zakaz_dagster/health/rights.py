"""Rights in ClickHouse, proved by asking: the writer has what loads need, the reader sees views and nothing else.

Belongs here: these questions and their verdict. Does not: granting (`sql/grants`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.sql_files import load

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

NAME = "platform__grants"
WRITER = "role_writer__"
GRANT = re.compile(r"^GRANT (?P<rights>[^;]+?)\s+ON zakaz\.\*\s+TO role_writer", re.MULTILINE | re.DOTALL)


def rights(writer: Warehouse, reader: Warehouse | None, views: Sequence[str], hidden: Sequence[str]) -> Verdict:
    """`views` are what the reader must be able to read, `hidden` what it must not; without a reader it is not asked."""
    faults = [*_missing(writer), *(reader_faults(reader, views, hidden) if reader else ())]
    status = Status.ERROR if faults else Status.OK
    detail = "; ".join(faults) or f"the writer has its rights{', the reader sees views only' if reader else ''}"
    action = "run the statements of sql/grants as an administrator" if faults else ""
    return Verdict(NAME, "infrastructure", status, detail, action, float(len(faults)), 0.0)


def needed() -> list[str]:
    """The writer's rights on the database, as sql/grants gives them."""
    texts = [statement.sql for name, statement in load("grants").items() if name.startswith(WRITER)]
    found = [match["rights"] for text in texts for match in GRANT.finditer(text)]
    return [" ".join(right.split()) for rights in found for right in rights.split(",")]


def _missing(writer: Warehouse) -> Iterator[str]:
    """`CHECK GRANT` answers 1 or 0, counting rights that come through roles."""
    wh, place = writer.tagged(statement="health.rights"), f"ON {writer.config.database}.*"
    if wh.answer(f"CHECK GRANT {', '.join(needed())} {place}") == "1":
        return
    for right in needed():
        if wh.answer(f"CHECK GRANT {right} {place}") != "1":
            yield f"{writer.config.user} lacks {right}"


def reader_faults(reader: Warehouse, views: Sequence[str], hidden: Sequence[str]) -> Iterator[str]:
    for name in views:
        if not _reads(reader, name):
            yield f"{reader.config.user} cannot read {name}"
    for name in hidden:
        if _reads(reader, name):
            yield f"{reader.config.user} can read {name}"


def _reads(reader: Warehouse, name: str) -> bool:
    try:
        reader.tagged(statement="health.rights").rows(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608  names of our files
    except ConfigFault:  # 497: not enough privileges
        return False
    return True
