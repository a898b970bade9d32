"""Google's OAuth: consent page, token endpoint (refresh, code with PKCE, service-account assertion), access tokens.

Client `sandbox-gmail-client`, secret `sandbox-gmail-secret`, refresh token `sandbox-gmail-refresh`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from zakaz_dagster.dev.sandbox.faults import Faults

CLIENT, SECRET, REFRESH = "sandbox-gmail-client", "sandbox-gmail-secret", "sandbox-gmail-refresh"
SCOPE = "https://www.googleapis.com/auth/gmail."
LIFE = 3599
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Denied(Exception):
    """`{"error": ...}` of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


class Tokens:
    """Tokens in circulation; `token_uses=N` lets each be used N times, `revoked` kills the refresh token."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.issued: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh = {REFRESH}

    def consent(self, query: Mapping[str, str]) -> str:
        """Where the browser is sent after the owner of the mailbox said yes (or, with `consent_denied`, no)."""
        if query.get("client_id") != CLIENT:
            raise Denied("invalid_client", "The OAuth client was not found.", 401)
        answer = {"state": query.get("state", "")}
        if self.faults.get("consent_denied"):
            answer["error"] = "access_denied"
        else:
            code = f"4/code-{len(self.codes) + 1}"
            self.codes[code] = dict(query)
            answer |= {"code": code, "scope": query.get("scope", "")}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def grant(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        grant = form.get("grant_type", "")
        if grant == JWT:
            return self._issue(self._assertion(form.get("assertion", "")))
        self._check_client(form, authorization)
        if grant == "refresh_token":
            if self.faults.get("revoked") or form.get("refresh_token") not in self.refresh:
                raise Denied("invalid_grant", "Token has been expired or revoked.")
            return self._issue(form.get("scope") or SCOPE + "readonly")
        if grant == "authorization_code":
            return self._exchange(form)
        raise Denied("unsupported_grant_type", f"Invalid grant_type: {grant}")

    def scope_of(self, authorization: str) -> str:
        """The scope of a valid token, '' for any other."""
        token = self.issued.get(authorization.removeprefix("Bearer "))
        if token is None:
            return ""
        token["uses"] += 1
        allowed = self.faults.get("token_uses")
        return "" if allowed is not None and token["uses"] > int(allowed) else str(token["scope"])

    def _check_client(self, form: Mapping[str, str], authorization: str) -> None:
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        if authorization.startswith("Basic "):
            given = tuple(base64.b64decode(authorization[6:]).decode().split(":", 1))  # type: ignore[assignment]
        if given != (CLIENT, SECRET):
            raise Denied("invalid_client", "The provided client secret is invalid.", 401)

    def _exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            raise Denied("invalid_grant", "Malformed auth code.")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked.get("code_challenge") != base64.urlsafe_b64encode(digest).decode().rstrip("="):
            raise Denied("invalid_grant", "Invalid code verifier.")
        answer = self._issue(asked["scope"])
        if asked.get("prompt") == "consent" and asked.get("access_type") == "offline":
            refresh = f"1//refresh-{len(self.refresh)}"
            self.refresh.add(refresh)
            answer["refresh_token"] = refresh
        return answer

    def _assertion(self, text: str) -> str:
        """The scope a service account asks for; its signature is not checked, its claims are."""
        try:
            body = text.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (IndexError, ValueError, binascii.Error):
            raise Denied("invalid_grant", "Bad assertion.") from None
        if self.faults.get("revoked") or not claims.get("sub"):
            raise Denied("unauthorized_client", "Client is unauthorized to retrieve access tokens.", 401)
        return str(claims.get("scope", ""))

    def _issue(self, scope: str) -> dict[str, Any]:
        token = f"ya29.sandbox-{len(self.issued) + 1}"
        self.issued[token] = {"scope": scope, "uses": 0}
        return {"access_token": token, "expires_in": LIFE, "scope": scope, "token_type": "Bearer"}
