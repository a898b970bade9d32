"""Log lines without secrets and people: as JSON, one object per event (ZAKAZ_LOG_JSON), or as text, one line per event.

    {"level": "INFO", "logger": "zakaz_dagster.http", "message": "GET …", "time": "2026-11-22T12:00:00.123+03:00",
     "run": "3f2a…", "asset": "fact_vk_ads_daily", "source": "vk_ads", "status": 200, "ms": 131}

Belongs here: the fields and putting them on a logger. Does not: what is logged, or Dagster's own processes, which have
`--log-format json`.
"""

from __future__ import annotations

import logging
import sys
import textwrap
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from zakaz_dagster.redaction import printable, scrub
from zakaz_dagster.timezone import MOSCOW

OURS = "zakaz_dagster"
# Names of Dagster's metadata on a record, and ours.
CORRELATION = {"run_id": "run", "job_name": "job", "step_key": "step"}
DAGSTER_META, DAGSTER_EVENT = "dagster_meta", "dagster_event"


class JsonLines(JsonFormatter):
    """One line per record, without secrets and contacts; extras that are no JSON are left out."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "error"},
            reserved_attrs=[*RESERVED_ATTRS, DAGSTER_META],
            json_ensure_ascii=False,
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """The library's fields, the moment, and what Dagster says of the run."""
        super().add_fields(log_data, record, message_dict)
        meta: Mapping[str, Any] = getattr(record, DAGSTER_META, {})
        log_data["message"] = str(meta.get("orig_message") or log_data["message"])
        log_data["time"] = datetime.fromtimestamp(record.created, MOSCOW).isoformat(timespec="milliseconds")
        log_data.update({ours: meta[theirs] for theirs, ours in CORRELATION.items() if meta.get(theirs)})
        if event := meta.get(DAGSTER_EVENT):
            log_data["event"] = event.event_type.name

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The line as it is written."""
        return {
            name: printable(scrub(value)) if isinstance(value, str) else value
            for name, value in log_data.items()
            if isinstance(value, str | int | float | bool) or value is None
        }


class TextLines(logging.Formatter):
    """One line per event whatever its text holds; a traceback stands beneath it, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the library's name
        """The line; what would end or repaint it is written as an escape."""
        line = printable(scrub(super().formatMessage(record)))
        return line.replace("\n", "\\n").replace("\t", " ")

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback, indented, so that no line of it can be taken for an event."""
        return textwrap.indent(printable(scrub(super().formatException(ei))), "    ")


def as_json(logger: logging.Logger, stream: TextIO | None = None, level: int = logging.INFO) -> logging.Logger:
    """Let a logger write JSON lines, and nothing else write its records."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level)
    return logger


def as_text(logger: logging.Logger, stream: TextIO | None = None, level: int = logging.WARNING) -> logging.Logger:
    """Let a logger write lines of text from this level on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(TextLines())
    handler.setLevel(level)
    logger.handlers = [handler]
    return logger


def configure(*, json_lines: bool) -> None:
    """The log of our own code in this process."""
    (as_json if json_lines else as_text)(logging.getLogger(OURS))
