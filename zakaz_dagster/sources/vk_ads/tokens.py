"""When the token pair is renewed: before it expires, once after it was refused, and never once per run.

The ladder: what another process stored meanwhile, then a refresh (takes no slot), then one new pair (takes one of five
slots). Tokens are never deleted from here: deleting kills every token of the account, other systems' too.
Belongs here: grants and their refusals. Does not: the file (`auth`), requests for data (`api`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from zakaz_dagster.errors import Fatal
from zakaz_dagster.sources.vk_ads.auth import Pair, TokenFile
from zakaz_dagster.sources.vk_ads.errors import problem_of, words
from zakaz_dagster.sources.vk_ads.records import SOURCE, Token, decode
from zakaz_dagster.transport.client import HttpClient
from zakaz_dagster.transport.verdict import Response

TOKEN_PATH = "/api/v2/oauth2/token.json"  # noqa: S105 - an address
EARLIEST_RENEWAL = 600.0  # seconds before the end of a 24-hour token; a tenth of the life of a shorter one
_HOPELESS = {"invalid_client", "invalid_user", "unauthorized_client", "unsupported_grant_type"}


class TokenKeeper:
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

    def token(self) -> str:
        """An access token that is not about to expire."""
        pair = self._mine()
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
        return pair if same else None

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
