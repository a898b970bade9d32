"""What is done once in the process that runs are forked from; it exists to be imported there, and nowhere else.

A module that is missing here costs every run its import; one too many costs memory once, which all runs share.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal

from zakaz_dagster.datalens.preview import specified
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs._private import RUN_MODULES, keep_engines

PR_SET_PDEATHSIG = 1
MODULES = (
    "clickhouse_connect.driver.httpclient",
    "httpcore",
    "httpx",
    "jinja2",
    "zakaz_dagster.datalens.preview.page",
    "zakaz_dagster.defs.operations.alert_round",
    "zakaz_dagster.ingest.catalogue",
    "zakaz_dagster.ingest.days",
    "zakaz_dagster.ingest.dictionaries",
    "zakaz_dagster.sources.qtickets.source",
    "zakaz_dagster.sources.vk_ads.source",
    "zakaz_dagster.sources.yandex_direct.source",
    "zakaz_dagster.warehouse.forecast",
    "zakaz_dagster.warehouse.rebuild",
)


def _end_with_parent() -> None:
    """A run whose parent was killed would load on while Dagster, which hears of it through the parent, starts another.

    A parent that is asked to end waits for its runs.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


for name in (*RUN_MODULES, *MODULES):
    importlib.import_module(name)
keep_engines()
with contextlib.suppress(Exception):  # what is wrong with the definitions is said by the server and by each run
    build_definitions()  # thrown away: what stays is parsed SQL; every run reads the settings again
    specified()
os.register_at_fork(after_in_child=_end_with_parent)
gc.collect()
gc.freeze()
