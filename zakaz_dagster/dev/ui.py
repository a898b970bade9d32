"""`python -m zakaz_dagster.dev.ui CODE_PORT …`: Dagster's web server, with its own arguments, for this machine alone.

By itself it has no login and answers under any name, so a page that points its own name at 127.0.0.1 could start runs.
It imports itself while the code server still starts, and serves once that listens.
Belongs here: that judgement before every request. Does not: production, where a proxy has name and login.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from dagster_webserver.cli import main
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from zakaz_dagster.dev.loopback import LoopbackOnly
from zakaz_dagster.dev.programs import listening


def guard() -> None:
    """Every web server of this process judges requests first; Dagster has no setting for it."""
    own = DagsterWebserver.build_middleware

    def guarded(server: Any) -> list[Middleware]:
        return [Middleware(LoopbackOnly, linked=_is_page, websockets=True), *own(server)]

    setattr(DagsterWebserver, "build_middleware", guarded)  # noqa: B010  a method of a class that is not ours


def _is_page(path: str) -> bool:
    """What a link in a mail may open; /graphql acts, also when it is only opened."""
    return not path.rstrip("/").endswith("/graphql")


if __name__ == "__main__":
    guard()
    asyncio.run(listening(int(sys.argv.pop(1))))
    main()  # type: ignore[no-untyped-call]
