"""Data the engine would leave unread without a word: it stops at the first end it sees and reports success.

Found by trying: a second Arrow stream behind the first, and rows behind a semicolon of VALUES. The other formats fail
by themselves. Belongs here: noticing the rest. Does not: reading rows.
"""

from __future__ import annotations

import itertools
import struct
from typing import IO

from zakaz_dagster.dev.clickhouse.body import Body
from zakaz_dagster.dev.clickhouse.errors import INCORRECT_DATA, ClickHouseError
from zakaz_dagster.dev.clickhouse.statement import tokens

_CONTINUES = 0xFFFFFFFF
_PREFIX = 8
_BODY_LENGTH = 3  # index of Message.bodyLength in Arrow's schema


def refuse_leftovers(form: str, inline: bytes, body: Body, start: int) -> None:
    """Refuse an INSERT whose data goes on behind its end. The data is `inline`, then `body` from `start`."""
    if form.lower() == "values":
        if any(b";" in chunk for chunk in itertools.chain([inline], body.chunks(start))):
            _refuse_rows_behind_semicolon(inline + body.text()[start:])
    elif form.lower() == "arrowstream" and not inline:
        _refuse_bytes_behind_stream(body.opened(start), body.size)


def _refuse_rows_behind_semicolon(values: bytes) -> None:
    found = itertools.dropwhile(lambda token: token.word != b";", tokens(values))
    if any(token.word != b";" for token in found):
        raise ClickHouseError.refuse(
            INCORRECT_DATA, "There is more behind the semicolon of VALUES; nothing was inserted"
        )


def _refuse_bytes_behind_stream(file: IO[bytes], size: int) -> None:
    """Step from message to message up to the end mark; what is no Arrow stream is left to the engine to refuse."""
    while len(prefix := file.read(_PREFIX)) == _PREFIX:
        mark, length = struct.unpack("<Ii", prefix)
        if mark != _CONTINUES or length < 0:
            return
        if length == 0:
            break
        metadata = file.read(length)
        try:
            file.seek(_body_length(metadata), 1)
        except (struct.error, ValueError):
            return
    if file.tell() < size:
        raise ClickHouseError.refuse(
            INCORRECT_DATA, "There are bytes behind the end of the Arrow stream; send one stream; nothing was inserted"
        )


def _body_length(metadata: bytes) -> int:
    """One field of a flatbuffer: root table, its table of offsets, the field."""
    (table,) = struct.unpack_from("<I", metadata)
    (back,) = struct.unpack_from("<i", metadata, table)
    offsets = table - back
    (offsets_size,) = struct.unpack_from("<H", metadata, offsets)
    entry = 4 + 2 * _BODY_LENGTH
    if entry >= offsets_size:
        return 0
    (field,) = struct.unpack_from("<H", metadata, offsets + entry)
    length: int = struct.unpack_from("<q", metadata, table + field)[0] if field else 0
    if length < 0:
        raise ValueError(length)
    return length
