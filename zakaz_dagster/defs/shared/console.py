"""The log of runs as JSON lines on the console, in place of Dagster's coloured text.

A logger in `Definitions` is used only by runs whose configuration names it, which schedules' and the UI's do not; so
the default that all other runs use is replaced, here and nowhere else. A test holds that every event becomes a line.
"""

import logging
from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.execution import context_creation_job

from zakaz_dagster.logs import as_json

NAME = "dagster.run"


def _lines(_: dg.InitLoggerContext) -> logging.Logger:
    return as_json(logging.getLogger(NAME), level=logging.DEBUG)  # Dagster's own events are DEBUG


json_console = dg.LoggerDefinition(logger_fn=_lines, description="One JSON object per event of a run")


def runs_as_json(*, json_lines: bool) -> None:
    """From now on, runs of this process write JSON lines, when that is wanted."""

    def loggers(_: dg.DagsterInstance | None) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
        return [(json_console, {})]

    if json_lines:
        setattr(context_creation_job, "default_system_loggers", loggers)  # noqa: B010  it is no exported name
