"""QTickets' webhooks over sockets: who is believed, what is kept, and that nobody can wear the service out."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.ingest import inbox as inboxes
from zakaz_dagster.ingest.inbox import FILE, Full, Inbox
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.sources.qtickets.webhooks import Touched, signed, touched

SECRET = "a-secret-of-the-organiser"
BOOKED, PAID = date(2026, 11, 20), date(2026, 11, 22)


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def body_of(number: int, payed_at: str | None = "2026-11-22T00:30:00+03:00", **more: Any) -> bytes:
    order = {
        "id": number,
        "payed_at": payed_at,
        "updated_at": "2026-11-22T09:00:00+03:00",
        "client": {"email": "a@b.ru"},
    }
    return json.dumps({**order, **more}).encode()


@dataclass
class Service:
    port: int
    data: Path

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.data / FILE)

    def post(self, body: bytes, sign: str | None = None, *, path: str = "/qtickets", **headers: str) -> httpx.Response:
        sent = {
            "x-signature": signature(body) if sign is None else sign,
            "x-event-type": "payed",
            "x-model-name": "Order",
        }
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", content=body, headers={**sent, **headers}, timeout=10)


@contextmanager
def served(data: Path, port: int = 0) -> Iterator[Service]:
    own = {"ZAKAZ_SECRETS_DIR": os.devnull, "ZAKAZ_DATA_DIR": str(data), "WEBHOOKS_SECRET": SECRET}
    command = [sys.executable, "-m", "zakaz_dagster", "webhooks", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield Service(json.loads(process.stdout.readline())["port"], data)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("webhooks")) as found:
        yield found


@pytest.fixture(autouse=True)
def empty(service: Service) -> None:
    service.inbox.forget(service.inbox.after("").mark)


def test_a_signed_order_is_taken_and_only_its_number_and_days_are_kept(service: Service) -> None:
    heads = {"primary_orders": [{"id": 5, "payed_at": "2026-11-20T12:00:00+03:00"}], "secondary_orders": []}
    assert service.post(body_of(1, **heads)).status_code == 200
    waiting = service.inbox.after("")
    assert (waiting.days, waiting.orders) == ((BOOKED, PAID), (1,))
    assert b"a@b.ru" not in (service.data / FILE).read_bytes()
    assert (service.data / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("number", "sign", "change", "status"),
    [
        (10, signature(body_of(10), "another secret"), {}, 401),
        (11, "", {}, 401),
        (12, "é" * 40, {}, 401),
        (13, signature(body_of(14)), {}, 401),
        (14, None, {"x-model-name": "Client"}, 200),
        (15, None, {"host": "evil.example"}, 421),
        (16, signature(body_of(16)).upper(), {}, 200),
    ],
)
def test_only_what_the_secret_signed_is_believed(
    service: Service, number: int, sign: str | None, change: dict[str, str], status: int
) -> None:
    body = body_of(number)
    sent = {"x-signature": signature(body) if sign is None else sign, "x-model-name": "Order", **change}
    encoded = [(name, value.encode()) for name, value in sent.items()]
    answer = httpx.post(f"http://127.0.0.1:{service.port}/qtickets", content=body, headers=encoded)
    assert answer.status_code == status
    assert service.inbox.after("").orders == ((number,) if number == 16 else ())


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id": 1}', body_of(1, "yesterday"), body_of(1, 7), b"\xff"])  # type: ignore[arg-type]
def test_a_signed_body_that_is_no_order_is_refused_and_nothing_is_kept(service: Service, body: bytes) -> None:
    assert service.post(body).status_code == 422
    assert service.inbox.after("").orders == ()


def test_bodies_connections_and_methods_are_bounded(service: Service) -> None:
    assert service.post(b"x" * (2 * 2**20 + 1)).status_code == 413
    assert httpx.get(f"http://127.0.0.1:{service.port}/qtickets").status_code == 405
    assert service.post(body_of(1), path="/").status_code == 404
    silent = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(80)]
    try:
        assert service.post(body_of(2)).status_code == 503, "more than it serves at once"
        for each in silent:
            each.close()
        until = time.monotonic() + 5
        while service.post(body_of(2)).status_code != 200:
            assert time.monotonic() < until
    finally:
        for each in silent:
            each.close()


def test_a_connection_that_stays_silent_is_closed(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as silent:
        silent.settimeout(15)
        silent.sendall(b"POST /qtickets HT")
        assert silent.recv(100) == b""


def test_repeated_and_disordered_deliveries_leave_one_row_an_order(service: Service) -> None:
    bodies = [
        body_of(1000 + number, f"2026-11-{1 + number % 20:02}T10:00:00+03:00", status=n)
        for number in range(30)
        for n in range(3)
    ]
    bodies *= 2
    random.Random(3).shuffle(bodies)
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status_code for answer in pool.map(service.post, bodies)} == {200}
    waiting = service.inbox.after("")
    assert sorted(waiting.orders) == list(range(1000, 1030))
    assert waiting.days == tuple(date(2026, 11, 1 + n) for n in range(20))


def test_the_sandbox_posts_every_change_until_it_is_taken(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        f"--option=qtickets:webhook_url=http://127.0.0.1:{port}/qtickets",
        f"--option=qtickets:webhook_secret={SECRET}",
    ]
    with _sandbox(*options, "--option=qtickets:webhook_delay=0.3") as control:
        control.post("/world/clock", json={"now": "2026-11-22T13:00:00+03:00"})
        time.sleep(1.2)  # the first attempts meet a closed port
        with served(tmp_path, port) as service:
            until = time.monotonic() + 20
            while not (sent := control.get("/world/webhooks").json()) or any(each["status"] != 200 for each in sent):
                assert time.monotonic() < until, sent
                time.sleep(0.1)
            expected = {
                order["id"]
                for day in ("2026-11-21", "2026-11-22")
                for order in control.get(f"/world/orders?day={day}").json()
                if order["updated_at"] >= "2026-11-22T12:00:01"
            }
            assert expected <= set(service.inbox.after("").orders)
            assert {each["event"] for each in sent} >= {"payed"}
            assert max(each["attempts"] for each in sent) > 1


@contextmanager
def _sandbox(*options: str) -> Iterator[httpx.Client]:
    command = [
        sys.executable,
        "-m",
        "zakaz_dagster.dev.sandbox",
        "--days=10",
        "--now=2026-11-22T12:00:00+03:00",
        *options,
    ]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = json.loads(process.stdout.readline())["url"]
            with httpx.Client(base_url=url, timeout=30, trust_env=False) as control:
                yield control
        finally:
            process.terminate()


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40), st.binary(max_size=60))
def test_no_other_body_secret_or_signature_passes(body: bytes, secret: bytes, other: bytes) -> None:
    right = hmac.new(secret, body, hashlib.sha1).hexdigest().encode()
    assert signed(body, right, secret)
    assert not signed(body + b"x", right, secret)
    assert not signed(body, right, secret + b"\x01")
    assert signed(body, other, secret) == (other.strip().lower() == right)


@given(
    st.dictionaries(
        st.sampled_from(["id", "payed_at", "updated_at", "primary_orders", "x"]),
        st.none() | st.text() | st.integers() | st.lists(st.dictionaries(st.just("payed_at"), st.text() | st.none())),
    )
)
def test_any_body_is_an_order_or_refused(found: dict[str, Any]) -> None:
    with suppress(ShapeChanged):  # anything else is a fault
        assert isinstance(touched(json.dumps(found).encode()), Touched)


def test_what_waits_is_bounded_kept_until_it_is_taken_and_read_whole_from_a_new_file(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / FILE, most=3)
    for order in (1, 2, 3):
        inbox.put(order, [BOOKED])
    with pytest.raises(Full):
        inbox.put(4, [])
    first = inbox.after("")
    inbox.put(1, [PAID])
    assert inbox.after(first.mark).orders == (1,), "what came after the look is there for the next one"
    assert inbox.after(first.mark).days == (BOOKED, PAID)
    inbox.forget(first.mark)
    assert inbox.after("").orders == (1,)
    inbox.put(4, [])
    last = inbox.after(first.mark)
    assert (last.orders, inbox.after(last.mark).orders) == ((1, 4), ())
    (tmp_path / FILE).unlink()
    again = Inbox(tmp_path / FILE)
    again.put(9, [PAID])
    assert again.after(last.mark).orders == (9,), "a mark of another file"


def test_a_full_disk_is_told_to_the_vendor_who_comes_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    from zakaz_dagster.ingest.webhook_server import app

    box = Inbox(service.data / "other.sqlite3")

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(inboxes.Inbox, "put", refuse)
    client = TestClient(app(box, SECRET.encode()), base_url="http://localhost")
    body = body_of(77)
    assert client.post("/qtickets", content=body, headers={"x-signature": signature(body)}).status_code == 503
    monkeypatch.undo()
    assert client.post("/qtickets", content=body, headers={"x-signature": signature(body)}).status_code == 200
    assert box.after("").orders == (77,)
