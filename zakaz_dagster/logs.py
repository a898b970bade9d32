"""Log lines as JSON: one object per event, with what leads from it to its run. Chosen by ZAKAZ_LOG_JSON.

    {"time": "2026-11-22T12:00:00.123+03:00", "level": "INFO", "logger": "zakaz_dagster.http", "message": "GET …",
     "run": "3f2a…", "asset": "fact_vk_ads_daily", "source": "vk_ads", "status": 200, "ms": 131}

Belongs here: the format and putting it on a logger. Does not: what is logged, or Dagster's own processes, which have
`--log-format json`.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.transport.redaction import scrub

OURS = "zakaz_dagster"
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# Names of Dagster's metadata on a record, and ours.
CORRELATION = {"run_id": "run", "job_name": "job", "step_key": "step"}
DAGSTER_META, DAGSTER_EVENT = "dagster_meta", "dagster_event"


class JsonLines(logging.Formatter):
    """One line per record, without secrets and contacts; extras that are no JSON are left out."""

    def format(self, record: logging.LogRecord) -> str:
        meta: Mapping[str, Any] = getattr(record, DAGSTER_META, {})
        line = {
            "time": datetime.fromtimestamp(record.created, MOSCOW).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(str(meta.get("orig_message") or record.getMessage())),
            **_correlation(meta),
            **_extras(record),
        }
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def as_json(logger: logging.Logger, stream: TextIO | None = None, level: int = logging.INFO) -> logging.Logger:
    """Let a logger write JSON lines, and nothing else write its records."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level)
    return logger


def configure(*, json_lines: bool) -> None:
    """The log of our own code in this process."""
    if json_lines:
        as_json(logging.getLogger(OURS))


def _correlation(meta: Mapping[str, Any]) -> dict[str, Any]:
    found = {ours: meta[theirs] for theirs, ours in CORRELATION.items() if meta.get(theirs)}
    event = meta.get(DAGSTER_EVENT)
    return {**found, "event": event.event_type.name} if event is not None else found


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    extras = {name: value for name, value in vars(record).items() if name not in STANDARD}
    return {
        name: scrub(value) if isinstance(value, str) else value
        for name, value in extras.items()
        if isinstance(value, str | int | float | bool) or value is None
    }
