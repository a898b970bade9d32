"""OAuth of the account: 24-hour tokens, five slots that never free themselves, refresh in place, delete of all.

Belongs here: the book of tokens. Does not: HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.vk.answers import Refusal, oauth_error, unauthorized

CLIENT_ID, CLIENT_SECRET = "sandbox-vk-client", "sandbox-vk-secret"
LIFE, SLOTS = 86_400, 5


@dataclass
class Token:
    """One slot: what opens the door now, and what renews it."""

    access: str
    refresh: str
    until: int
    uses: int = 0


@dataclass
class Tokens:
    """Every token of the account. `dead` remembers replaced values: using one is `expired_token`."""

    faults: Faults
    slots: list[Token] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    issued: int = 0
    wiped: bool = False

    def grant(self, form: dict[str, str], now: int) -> dict[str, Any]:
        """The answer to one of the grants."""
        self._know(form)
        kind = form.get("grant_type", "")
        if kind == "refresh_token":
            return self._answer(self._refreshed(form.get("refresh_token", ""), now))
        if kind not in {"client_credentials", "agency_client_credentials"}:
            raise oauth_error(400, "unsupported_grant_type", f"Unsupported grant type: {kind}")
        if len(self.slots) >= int(self.faults.get("token_cap", SLOTS)):
            raise oauth_error(403, "token_limit_exceeded", "Active access token limit reached.")
        self.slots.append(Token(uuid4().hex * 2, uuid4().hex * 2, now + self._life()))
        self.issued += 1
        return self._answer(self.slots[-1])

    def delete_all(self, form: dict[str, str]) -> None:
        self._know(form)
        self.dead.update(token.access for token in self.slots)
        self.slots.clear()

    def check(self, header: str, now: int) -> None:
        """Raise what VK says unless this header opens the door."""
        nested = bool(self.faults.get("nested_401"))
        token = self._presented(header.removeprefix("Bearer ").strip())
        if token is None or self.faults.get("refuse_tokens"):
            raise self._unknown(header, nested=nested)
        uses = self.faults.get("token_uses")
        if now >= token.until or (uses is not None and token.uses >= int(uses)):
            raise unauthorized("expired_token", "Access token is expired", nested=nested)
        token.uses += 1
        self._wipe_when_due(token)

    def _unknown(self, header: str, *, nested: bool) -> Refusal:
        code = str(self.faults.get("refuse_tokens") or "invalid_token")
        code = "invalid_token" if code == "True" else code
        told = {
            "invalid_token": "Unknown access token",
            "expired_token": "Access token is expired",
            "revoked_token": "Access token has been revoked",
            "invalid_user": "User is blocked",
        }
        return unauthorized(code, told.get(code, "Unknown access token"), nested=nested)

    def _presented(self, value: str) -> Token | None:
        return next((token for token in self.slots if token.access == value), None)

    def _wipe_when_due(self, token: Token) -> None:
        """Once, after so many uses of a token, somebody deletes all tokens of the account."""
        after = self.faults.get("wipe_after")
        if after is not None and not self.wiped and token.uses >= int(after):
            self.wiped = True
            self.slots.clear()

    def _refreshed(self, refresh: str, now: int) -> Token:
        token = next((token for token in self.slots if token.refresh == refresh), None)
        if token is None:
            raise oauth_error(401, "invalid_token", "Unknown refresh token")
        self.dead.add(token.access)
        token.access, token.until, token.uses = uuid4().hex * 2, now + self._life(), 0
        if self.faults.get("rotate_refresh"):
            token.refresh = uuid4().hex * 2
        return token

    def _know(self, form: dict[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            status = int(self.faults.get("secret_status", 401))
            raise oauth_error(status, "invalid_client", "Invalid client id or secret provided")

    def _life(self) -> int:
        return int(self.faults.get("token_life", LIFE))

    def _answer(self, token: Token) -> dict[str, Any]:
        texts = bool(self.faults.get("expires_as_text"))
        life = self._life()
        return {
            "access_token": token.access,
            "token_type": "bearer" if texts else "Bearer",
            "expires_in": str(life) if texts else life,
            "scope": "read_ads read_payments" if texts else ["read_ads", "read_payments"],
            "refresh_token": token.refresh,
            "tokens_left": int(self.faults.get("token_cap", SLOTS)) - len(self.slots),
        }
