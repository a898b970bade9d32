"""The account's token pair: one file shared by all processes, renewed before it expires and once after a refusal.

VK gives an account five tokens for ever and kills the old value at every refresh, so an installation has one pair, in a
file of mode 0600 that is replaced atomically under a lock. The ladder of a renewal: what another process stored
meanwhile, then a refresh (takes no slot), then one new pair (takes a slot). Tokens are never deleted from here: that
kills every token of the account, other systems' too. Belongs here: file, lock, grants. Does not: requests for data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import filelock
import msgspec

from zakaz_dagster.errors import ConfigFault, Fatal, Retriable
from zakaz_dagster.private_files import private_folder, read_private, write_private
from zakaz_dagster.redaction import register
from zakaz_dagster.sources.vk_ads.errors import problem_of, words
from zakaz_dagster.sources.vk_ads.records import SOURCE, Token, decode
from zakaz_dagster.transport.answer import Response
from zakaz_dagster.transport.client import HttpClient

TOKEN_PATH = "/api/v2/oauth2/token.json"  # noqa: S105 - an address
EARLIEST_RENEWAL = 600.0  # seconds before the end of a 24-hour token; a tenth of the life of a shorter one
LOCK_SECONDS = 120.0
_HOPELESS = {"invalid_client", "invalid_user", "unauthorized_client", "unsupported_grant_type"}


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
        try:
            private_folder(self.path.parent)
        except OSError as error:
            raise self._fault(error) from None
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
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
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

    def _fault(self, error: OSError) -> ConfigFault:
        return ConfigFault(
            f"the token file {self.path} cannot be used: {error.strerror}",
            source=SOURCE,
            next_step="make its folder writable for this user, or set VK_ADS_TOKEN_FILE",
        )


class Tokens:
    """The one source of access tokens of an account; safe among threads and processes."""

    def __init__(
        self,
        http: HttpClient,
        file: TokenFile,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._file = file
        self._base_url = base_url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._last: Pair | None = None

    def token(self) -> str:
        """An access token that is not about to expire."""
        pair = self._last or self._mine()  # a pair that another process has replaced is refused, and then read again
        if pair is not None and self._is_fresh(pair):
            return pair.access_token
        with self._file.locked():
            pair = self._mine()
            if pair is None or not self._is_fresh(pair):
                pair = self._renewed(pair)
            return pair.access_token

    def after_refusal(self, refused: str) -> str:
        """Another token than `refused`, which the vendor just answered with 401."""
        with self._file.locked():
            pair = self._mine()
            if pair is None or pair.access_token == refused:
                pair = self._renewed(pair)
            return pair.access_token

    def _mine(self) -> Pair | None:
        pair = self._file.read()
        same = pair is not None and (pair.client_id, pair.base_url) == (self._client_id, self._base_url)
        self._last = pair if same else None
        return self._last

    def _is_fresh(self, pair: Pair) -> bool:
        margin = min(EARLIEST_RENEWAL, (pair.expires_at - pair.obtained_at) / 10)
        return self._clock() < pair.expires_at - margin

    def _renewed(self, pair: Pair | None) -> Pair:
        """A refreshed pair, or a new one when there is nothing to refresh or the refresh is refused; stored."""
        answer = self._refresh(pair.refresh_token) if pair is not None and pair.refresh_token else None
        token = answer if answer is not None else self._mint()
        kept = token.refresh_token or (pair.refresh_token if pair is not None else "")
        now = self._clock()
        fresh = Pair(token.access_token, kept, now, now + token.expires_in, self._client_id, self._base_url)
        self._file.write(fresh)
        self._last = fresh
        return fresh

    def _refresh(self, refresh_token: str) -> Token | None:
        response = self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token}, repeatable=True)
        if response.is_success:
            return _token(response)
        if problem_of(response).code in _HOPELESS:
            raise refused(response)
        return None  # the pair was deleted (a month unused, or by hand): only a new one helps

    def _mint(self) -> Token:
        response = self._grant({"grant_type": "client_credentials"}, repeatable=False)
        if response.is_success:
            return _token(response)
        raise refused(response)

    def _grant(self, fields: Mapping[str, str], *, repeatable: bool) -> Response:
        form = {**fields, "client_id": self._client_id, "client_secret": self._client_secret}
        return self._http.request("POST", TOKEN_PATH, data=form, repeatable=repeatable)


def refused(response: Response) -> Fatal:
    """The failure for a token or grant that VK refuses for good, in the vendor's words."""
    if problem_of(response).code == "token_limit_exceeded":
        return Fatal(
            f"no new token: {words(response)}",
            source=SOURCE,
            expected="one of the five token slots of the account free, or the stored pair in VK_ADS_TOKEN_FILE",
            next_step="bring back the token file; or delete the account's tokens in the cabinet by hand, which ends "
            "those of every other system as well",
        )
    return Fatal(
        f"access refused: {words(response)}",
        source=SOURCE,
        next_step="check VK_ADS_CLIENT_ID and VK_ADS_CLIENT_SECRET, and that the user is not blocked",
    )


def _token(response: Response) -> Token:
    return decode(response.content, Token, f"POST {TOKEN_PATH}", response.headers.get("x-request-id", ""))
