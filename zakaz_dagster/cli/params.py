"""The values that verbs take: files, folders and ports, tried before anything starts.

Belongs here: types of options and arguments. Does not: options.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from zakaz_dagster.private_files import private_folder

PORT = click.IntRange(1, 65_535)
ANY_PORT = click.IntRange(0, 65_535)  # 0 takes a free one
LISTENING = "0A"  # a state in /proc/net/tcp


class Folder(click.Path):
    """A folder to write into; it is made when it is absent."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value).expanduser().absolute()
        if path.is_file():
            self.fail(f"{path} is a file", param, ctx)
        if not (ctx and ctx.resilient_parsing):
            _try_writing(self, path, param, ctx)
        return path


class OutputFile(click.Path):
    """A file to write; its folder is made when it is absent."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value).expanduser().absolute()
        if path.is_dir():
            self.fail(f"{path} is a folder", param, ctx)
        if not (ctx and ctx.resilient_parsing):
            _try_writing(self, path.parent, param, ctx)
        return path


class InputFile(click.Path):
    """A file to read."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, readable=True, resolve_path=True, path_type=Path)


def _try_writing(kind: click.Path, folder: Path, param: click.Parameter | None, ctx: click.Context | None) -> None:
    """Before anything starts, so that hours of work are not lost for want of a folder."""
    try:
        if not folder.exists():
            private_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        name = param.opts[0] if isinstance(param, click.Option) else "one"
        kind.fail(f"{folder} cannot be written to: {error.strerror}; choose another {name}", param, ctx)


def try_ports(ports: Iterable[tuple[str, int]], host: str = "127.0.0.1") -> None:
    """Refuse to start when a port is taken, or two options name one; (option, port) pairs."""
    seen: dict[int, str] = {}
    for option, port in ports:
        if port in seen and port:
            raise click.UsageError(f"{seen[port]} and {option} are both {port}: choose another for one of them")
        seen[port] = option
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                holder = _listener(port)
                raise click.UsageError(
                    f"{option} {port}: {error.strerror}{f' ({holder})' if holder else ''}; choose another {option}"
                ) from error


def _listener(port: int) -> str:
    """Who listens on a port of this machine, where /proc says so."""
    table = Path("/proc/net/tcp")
    lines = [line.split() for line in table.read_text("ascii").splitlines()[1:]] if table.exists() else []
    nodes = {f"socket:[{line[9]}]" for line in lines if line[3] == LISTENING and line[1].endswith(f":{port:04X}")}
    for process in Path("/proc").glob("[0-9]*") if nodes else ():
        with suppress(OSError):  # it has ended, or is somebody else's
            if any(str(handle.readlink()) in nodes for handle in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                return f"process {process.name}: {command.strip()[:80]}"
    return ""
