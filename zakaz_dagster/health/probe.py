"""The look from outside: does the health service answer, and what does it say? For a timer of the system or cron.

When Dagster's daemon is dead no sensor tells anybody; this does, because it needs neither Dagster nor ClickHouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zakaz_dagster.errors import Failure
from zakaz_dagster.health.wire import Document, verdicts
from zakaz_dagster.verdicts import Status, Verdict

if TYPE_CHECKING:
    from zakaz_dagster.transport.answer import Done, Response

NAME = "platform__health"
PATH = "/healthz/detailed"
ACTION = "restart the zakaz-health service and read its log"


def probe(url: str, token: str = "", *, seconds: float = 5.0) -> list[Verdict]:
    """The verdicts the service shows, and one on the service itself."""
    from zakaz_dagster.transport.client import HttpClient

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with HttpClient(
            "health", url, headers=headers, timeout=seconds, deadline=seconds, judge=_any, secrets=[token]
        ) as client:
            response = client.request("GET", PATH)
            body: Document = response.json()
    except (Failure, ValueError) as error:
        return [Verdict(NAME, "infrastructure", Status.ERROR, f"{url}{PATH}: {error}", ACTION)]
    if "verdicts" not in body or "error" in body:
        detail = body.get("error", f"{PATH} answered HTTP {response.status_code} without verdicts")
        return [Verdict(NAME, "infrastructure", Status.ERROR, str(detail), ACTION)]
    mine = Verdict(NAME, "infrastructure", Status.OK, f"{url} answers")
    return [mine, *verdicts({"checks": body["verdicts"]})]


def _any(_: Response) -> Done:
    """503 is an answer as well: it carries the verdicts."""
    from zakaz_dagster.transport.answer import Done

    return Done()
