"""What stands between the platform and everybody it asks: it passes on, or answers with the whole request and a buyer.

Passing on, it puts the sandbox's own keys where the canaries stand. Belongs here: that server. Does not: the platform.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote_plus

import httpx

from zakaz_dagster_tests.plugins.echo import SHAPES, repeated
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer, Seen

OF_ONE_CONNECTION = {"connection", "host", "content-length", "transfer-encoding", "accept-encoding", "content-encoding"}


class Mirror:
    """`keys` are canaries and what each opens at the target; `people` are named in every echo."""

    def __init__(self, target: str, keys: Mapping[str, str], people: list[str]) -> None:
        self._keys, self._people = keys, people
        self._onward = httpx.Client(base_url=target, trust_env=False, timeout=60)
        self._answer: tuple[int, str] | None = None
        self.echoed = 0
        self.orders = b""  # QTickets' last page of orders, with its buyers

    @contextmanager
    def echoing(self, status: int, shape: str) -> Iterator[None]:
        """Within the block every request is answered so."""
        self._answer = (status, shape)
        try:
            yield
        finally:
            self._answer = None

    def reply(self, seen: Seen) -> Reply:
        return self._passed_on(seen) if self._answer is None else self._echo(seen, *self._answer)

    def _echo(self, seen: Seen, status: int, shape: str) -> Reply:
        self.echoed += 1
        keys = list(self._keys)
        said = f"{repeated(seen, *keys)} {' '.join(self._people)}"
        return Reply(
            status, SHAPES[shape](said), {"location": f"https://x.example/?k={keys[0]}", "x-request-id": keys[0]}
        )

    def _passed_on(self, seen: Seen) -> Reply:
        headers = {name: self._opened(value) for name, value in seen.headers.items() if name not in OF_ONE_CONNECTION}
        body = self._opened(seen.body.decode("latin-1")).encode("latin-1")
        came = self._onward.request(seen.method, self._opened(seen.target), headers=headers, content=body)
        if seen.path.endswith("/orders") and came.is_success:
            self.orders = came.content
        kept = {name: value for name, value in came.headers.items() if name.lower() not in OF_ONE_CONNECTION}
        return Reply(came.status_code, came.content, kept)

    def _opened(self, text: str) -> str:
        for canary, key in self._keys.items():
            text = text.replace(canary, key).replace(quote_plus(canary), key)
        return text


@contextmanager
def standing(target: str, keys: Mapping[str, str], people: list[str]) -> Iterator[tuple[Mirror, ScriptedServer]]:
    mirror = Mirror(target, keys, people)
    with ScriptedServer(mirror.reply) as server:
        yield mirror, server
