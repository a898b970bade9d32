"""The token pair on disk: one small file, mode 0600, replaced atomically, changed under a lock.

VK gives an account five tokens for ever and kills the old value at every refresh, so all processes of an installation
share one pair. Belongs here: the file and its lock. Does not: when a pair is renewed (`keeper`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import msgspec

from zakaz_dagster.errors import ConfigFault, Retriable
from zakaz_dagster.private_files import private_folder, read_private, write_private
from zakaz_dagster.redaction import register
from zakaz_dagster.sources.vk_ads.records import SOURCE

LOCK_SECONDS = 120.0


class Pair(msgspec.Struct, frozen=True):
    """What is kept; `client_id` and `base_url` say whose it is. Times are seconds since the epoch."""

    access_token: str
    refresh_token: str
    obtained_at: float
    expires_at: float
    client_id: str
    base_url: str

    def __repr__(self) -> str:
        return f"Pair(client_id={self.client_id!r}, expires_at={self.expires_at})"


class TokenFile:
    """The pair of one account. Reading needs no lock, because a replaced file is always whole."""

    def __init__(self, path: Path, lock_seconds: float = LOCK_SECONDS) -> None:
        self.path = path
        self._lock_seconds = lock_seconds

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process or thread inside at a time; the lock dies with its holder."""
        self._make_folder()
        lock = filelock.FileLock(f"{self.path}.lock", timeout=self._lock_seconds, thread_local=False, mode=0o600)
        try:
            with lock:
                yield
        except filelock.Timeout:
            raise Retriable(
                f"another process has held {self.path.name}.lock for {self._lock_seconds:g} s",
                source=SOURCE,
                next_step="see which run is renewing the token; remove nothing, the lock ends with its process",
            ) from None

    def read(self) -> Pair | None:
        """The pair, or None when there is none or it is not readable as one (then a new one is asked for)."""
        try:
            pair = msgspec.json.decode(read_private(self.path), type=Pair)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        except OSError as error:
            raise self._fault(error) from None
        register(pair.access_token, pair.refresh_token)
        return pair

    def write(self, pair: Pair) -> None:
        """Replace the pair: after a crash the file holds either the old or the new one."""
        register(pair.access_token, pair.refresh_token)
        try:
            write_private(self.path, msgspec.json.encode(pair))
        except OSError as error:
            raise self._fault(error) from None

    def _make_folder(self) -> None:
        try:
            private_folder(self.path.parent)
        except OSError as error:
            raise self._fault(error) from None

    def _fault(self, error: OSError) -> ConfigFault:
        return ConfigFault(
            f"the token file {self.path} cannot be used: {error.strerror}",
            source=SOURCE,
            next_step="make its folder writable for this user, or set VK_ADS_TOKEN_FILE",
        )
