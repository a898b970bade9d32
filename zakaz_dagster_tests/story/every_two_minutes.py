"""The platform's definitions with the refresh of QTickets every two minutes instead of every fifteen: what the code server
of the story of killed services loads (`python -m` is that server).
"""

from __future__ import annotations

from dataclasses import replace

import dagster as dg

from zakaz_dagster import definitions
from zakaz_dagster.code_server import __main__ as code_server
from zakaz_dagster.defs.qtickets import assets as qtickets

EVERY_SECONDS = 120  # longer than the daemon needs to find a restarted code server again


@dg.definitions
def defs() -> dg.Definitions:
    kept = qtickets.DESCRIPTION
    qtickets.DESCRIPTION = replace(kept, cron=f"*/{EVERY_SECONDS // 60} * * * *")
    try:
        return definitions.defs()  # type: ignore[no-any-return,operator]
    finally:
        qtickets.DESCRIPTION = kept


if __name__ == "__main__":
    code_server.OURS[3] = "zakaz_dagster_tests.story.every_two_minutes"
    code_server.serve()
