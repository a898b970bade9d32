"""The folder that `zakaz demo` and `zakaz dev` share: who has it, and which made-up world lives in it.

Belongs here: the folder as a whole. Does not: the processes that use it (`stack`, `programs`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from zakaz_dagster.dev.stack import LOGINS
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.private_files import private_file, write_private

NO_ACCESS = "zakaz-chuzhoy"
# Odd in ways that change no figure of the books.
DIRTY_VENDORS = ("vk:living_days", "vk:numbers_as_text", "direct:odd_titles", "direct:unknown_type")
DIRTY = ("--dirt=all", *(f"--fault={switch}" for switch in DIRTY_VENDORS))


@dataclass(frozen=True)
class World:
    """A made-up organiser: its seed, the first day it sells and advertises, the first day that is loaded.

    A dirty one has every kind of dirt that the sandbox knows: odd records, almost-tags, untidy reports. One under
    stress sells in spikes and surges.
    """

    seed: int
    start: date
    first: date
    dirty: bool = False
    stress: bool = False

    @property
    def options(self) -> list[str]:
        """The sandbox's options."""
        kinds = [*(DIRTY if self.dirty else ()), *(["--stress"] if self.stress else ())]
        return ["--seed", str(self.seed), "--start", self.start.isoformat(), *kinds]

    @property
    def variables(self) -> dict[str, str]:
        """The platform's own settings for it; the dirty one is also asked for a login that it has no access to."""
        days = {"ZAKAZ_START_DATE": self.first.isoformat()}
        return {**days, "DIRECT_LOGINS": f"{LOGINS},{NO_ACCESS}", "GMAIL_DAYS_BACK": "365"} if self.dirty else days


@contextmanager
def locked(home: Path, by: str) -> Iterator[None]:
    """The folder is ours until the block ends, or a ConfigFault says who has it."""
    with private_file(home / "held").open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigFault(
                f"{home} is in use by {file.read().strip() or 'another process'}",
                next_step="use that one, stop it, or choose another --home",
            ) from None
        file.truncate(0)
        file.write(f"{by} (process {os.getpid()})")
        file.flush()
        yield
        file.truncate(0)


def world(home: Path, wanted: World, *, seed: int | None) -> World:
    """The world of this folder, or `wanted` in a new one; another `seed` than the folder's is refused."""
    path = home / "world.json"
    if not path.exists():
        return keep(home, wanted)
    found = json.loads(path.read_text("utf-8"))
    start, first = (date.fromisoformat(found[name]) for name in ("start", "first"))
    living = World(found["seed"], start, first, found.get("dirty", False), found.get("stress", False))
    if seed is not None and seed != living.seed:
        raise ConfigFault(
            f"{home} holds the world of seed {living.seed}, not {seed}",
            next_step=f"choose another --home, leave --seed out, or delete {home}",
        )
    for kind in ("dirty", "stress"):
        if getattr(wanted, kind) and not getattr(living, kind):
            raise ConfigFault(
                f"{home} holds a world without --{kind}",
                next_step=f"choose another --home, leave --{kind} out, or delete {home}",
            )
    return living


def keep(home: Path, living: World) -> World:
    """Remember the world of this folder."""
    write_private(home / "world.json", json.dumps(asdict(living), default=str).encode())
    return living
