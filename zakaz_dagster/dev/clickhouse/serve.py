"""The process: data directory and its lock, configuration, socket, start and stop.

Belongs here: what happens once. Does not: what happens per request.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import uvicorn
from starlette.types import ASGIApp

from zakaz_dagster.dev.clickhouse import STARTED_BY, config, landlock
from zakaz_dagster.dev.clickhouse.access import Doors
from zakaz_dagster.dev.clickhouse.app import Endpoint, build
from zakaz_dagster.dev.clickhouse.engine import Engine
from zakaz_dagster.dev.clickhouse.errors import ClickHouseError
from zakaz_dagster.dev.clickhouse.execution import Executor
from zakaz_dagster.dev.clickhouse.protocol import PatientProtocol
from zakaz_dagster.dev.clickhouse.request import Guard
from zakaz_dagster.private_files import private_file, private_folder, read_private, write_private

THREADS = 32
GRACE_SECONDS = 10
_LONGEST_HEADERS = 2**20  # as a server's http_max_uri_size
_MOST_CONNECTIONS = 256
_IDLE_SECONDS = 30
FOLDERS = ("store", "scratch", "empty")
PASSWORD_FILE = "password"  # noqa: S105 - a file's name
# What Python and the engine read of this machine; nothing of it is anybody's secret.
_READABLE = (
    sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2]), "/usr/lib", "/usr/share/zoneinfo", "/lib",
    "/lib64", "/etc/localtime", "/etc/ld.so.cache", "/dev/urandom", "/sys/devices/system/cpu", "/sys/fs/cgroup",
    "/proc/self/maps", "/proc/self/statm", "/proc/meminfo", "/proc/cpuinfo",
)  # fmt: skip


class CannotServe(Exception):
    """The endpoint cannot start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. Without a password a random one is made, once; "" lets in whoever may connect."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8123
    user: str = "default"
    password: str | None = field(default=None, repr=False)
    allow: tuple[str, ...] = ()
    timezone: str = "Europe/Moscow"
    config_file: Path | None = None
    users_file: Path | None = None
    exit_with_parent: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """Where the endpoint listens, where its password stands (if it made one), and what the kernel keeps closed."""

    host: str
    port: int
    version: str
    password_file: str
    kernel: str


def serve(options: Options, ready: Callable[[Served], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once requests are answered."""
    options = replace(options, data_dir=options.data_dir.resolve())  # the engine changes the working directory
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(contextlib.closing(_bound(options.host, options.port)))
        host, port = listener.getsockname()[:2]
        stack.enter_context(_held(options.data_dir, f"http://{host}:{port}"))
        password, file = _password(options)
        configuration = _prepared(options)
        kernel = _fenced(options, configuration)
        engine = _opened(options, configuration)
        stack.callback(engine.close)
        served = Served(host, port, engine.version, file, kernel)
        asyncio.run(_serving(options, engine, listener, Guard(options.user, password), lambda: ready(served)))


def _bound(host: str, port: int) -> socket.socket:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise CannotServe(f"host must be a loopback address, not a name: {host!r}; use 127.0.0.1") from error
    if not address.is_loopback:
        raise CannotServe(
            f"{host} is not a loopback address. This endpoint is for one machine; use 127.0.0.1, or a ClickHouse server"
        )
    family = socket.AF_INET6 if isinstance(address, ipaddress.IPv6Address) else socket.AF_INET
    try:
        listener = socket.create_server((str(address), port), family=family, backlog=512)
    except OSError as error:
        raise CannotServe(
            f"cannot listen on {host}:{port}: {error.strerror}. Choose another --port, 0 for any"
        ) from error
    # Connections inherit it. Without it every answer waits 40 ms for the acknowledgement of its own headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextlib.contextmanager
def _held(directory: Path, url: str) -> Iterator[None]:
    """The directory is ours, or a message saying whose it is. The kernel lets go of the lock whatever happens to us."""
    with private_file(directory / "held").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotServe(
                f"{directory} is in use by {_holder(file)}. Use that endpoint, stop it, or choose another --data-dir"
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} at {url}")
        file.flush()
        yield
        file.truncate(0)


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip() or "another process"


def _password(options: Options) -> tuple[str, str]:
    """The password, and the file it stands in when it is one of our making: 0600, kept between runs."""
    if options.password is not None:
        return options.password, ""
    path = options.data_dir / PASSWORD_FILE
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24).encode())
    return read_private(path).decode().strip(), str(path)


def _prepared(options: Options) -> Path:
    """The folders, empty where they have to be; the engine's configuration file."""
    shutil.rmtree(_scratch(options.data_dir), ignore_errors=True)
    for name in FOLDERS:
        private_folder(options.data_dir / name)
    return config.written(options.data_dir, options.config_file, options.users_file, options.allow)


def _fenced(options: Options, configuration: Path) -> str:
    """Let the kernel hold what `options` leave closed; what it really holds, in words.

    An engine's configuration of the caller's own names disks and servers: those doors are the caller's.
    """
    doors, folder = Doors(frozenset(options.allow)), options.data_dir
    users = options.users_file or folder / "users.xml"
    files, network = landlock.restrict(
        writable=[*(folder / name for name in FOLDERS), Path("/dev/null")],
        readable=[configuration, users, *map(Path, _READABLE)],
        files=options.config_file is None and not doors.files,
        network=options.config_file is None and not doors.network,
    )
    return " and ".join(name for name, closed in (("files", files), ("network", network)) if closed)


def _opened(options: Options, configuration: Path) -> Engine:
    store = options.data_dir / "store"
    if "?" in str(store) or "&" in str(store):
        raise CannotServe(f"the engine cannot take `?` or `&` in a path: {store}")
    try:
        return Engine(store, configuration, options.timezone, _scratch(options.data_dir))
    except ClickHouseError as error:
        raise CannotServe(f"the engine does not open {store}: {error}") from error


def _scratch(data_dir: Path) -> Path:
    return data_dir / "scratch"


async def _serving(
    options: Options, engine: Engine, listener: socket.socket, guard: Guard, ready: Callable[[], None]
) -> None:
    scratch = _scratch(options.data_dir)
    executor = Executor(engine, scratch, Doors(frozenset(options.allow)))
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="query")
    endpoint = Endpoint(engine, executor, guard, scratch, threads)
    server = _Server(bounded(build(endpoint)), ready, executor.abandon)
    watch = asyncio.create_task(_parent_watched(server)) if options.exit_with_parent else None
    try:
        await server.serve(sockets=[listener])
    finally:
        if watch:
            watch.cancel()
        with contextlib.suppress(ClickHouseError):
            engine.kill("")
        threads.shutdown()
        executor.sessions.close()


def bounded(app: ASGIApp) -> uvicorn.Config:
    """How the application is served: with limits on heads, connections and time."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=_LONGEST_HEADERS,
        http=PatientProtocol,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Says when it is ready; ends its readers first, and quietly (the original raises the signal again)."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], end_reads: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._end_reads = end_reads

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(self._end_reads)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield


async def _parent_watched(server: uvicorn.Server) -> None:
    """Stop when whoever started us is gone, so that a killed test run leaves nothing behind."""
    while os.getppid() == STARTED_BY:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.5)
    server.should_exit = True
