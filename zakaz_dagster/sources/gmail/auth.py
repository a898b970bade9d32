"""Access to the mailbox: the owner's consent kept in a token file, or a service account that acts for the mailbox.

Credentials are built by hand: the library's own readers would send the refresh token to Google whatever the token URI
says. Belongs here: obtaining and keeping credentials. Does not: requests to the API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.private_files import read_private, write_private
from zakaz_dagster.redaction import register, register_document
from zakaz_dagster.sources.gmail.records import SOURCE

READ_ONLY = "https://www.googleapis.com/auth/gmail.readonly"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
AUTHORIZE = "run `zakaz gmail authorize` and let the owner of the mailbox agree"
DELEGATE = "let the administrator of the domain grant the service account this scope (domain-wide delegation)"
EXPIRED = datetime(2000, 1, 1)  # noqa: DTZ001  as the library keeps it; it subtracts from it, so not datetime.min
_EMPTY_ANSWER = "the token endpoint's answer holds no access token with a lifetime"
_NEEDED = ("refresh_token", "client_id", "client_secret")


@dataclass(frozen=True)
class Access:
    """Where credentials are. `delegate` is the mailbox a service account reads."""

    token_file: Path
    credentials_file: Path | None = None
    delegate: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    marks: bool = False

    @property
    def scope(self) -> str:
        """Reading needs the read-only scope; labelling processed mails needs more."""
        return MODIFY if self.marks else READ_ONLY


class StoredCredentials(user_credentials.Credentials):
    """A user's credentials that put every new access token back into their file."""

    keep: Callable[[StoredCredentials], None] | None = None

    def refresh(self, request: Any) -> None:
        try:
            super().refresh(request)  # type: ignore[no-untyped-call]
        except (TypeError, LookupError, AttributeError, ValueError, OverflowError, RecursionError):
            self.token = None
        if not isinstance(self.token, str) or not self.token or self.expiry is None:
            self.token = None
            raise RefreshError(_EMPTY_ANSWER)  # type: ignore[no-untyped-call]
        register(self.token)
        if self.keep is not None:
            self.keep(self)


def credentials(access: Access) -> Any:
    """Credentials of the service account if its key is configured, else of the owner's consent."""
    config = _json(access.credentials_file) if access.credentials_file is not None else {}
    if config.get("type") == "service_account":
        return _service_account(config, access)
    return _stored(access)


def remedy(given: Any) -> str:
    """What to do when these credentials are refused."""
    return DELEGATE if isinstance(given, service_account.Credentials) else AUTHORIZE


def store(path: Path, given: user_credentials.Credentials) -> None:
    """Keep a user's credentials (mode 0600, atomically)."""
    register(str(given.token or ""))
    try:
        write_private(path, str(given.to_json()).encode())  # type: ignore[no-untyped-call]
    except OSError as error:
        raise _unusable(path, error, "GMAIL_TOKEN_FILE") from None


def client_config(access: Access, auth_uri: str) -> dict[str, Any]:
    """The OAuth client of the installed-app flow, at the configured addresses."""
    if access.credentials_file is None:
        raise ConfigFault(
            "GMAIL_CREDENTIALS_FILE is not set",
            source=SOURCE,
            next_step="download the OAuth client (type Desktop app) from the Google Cloud console and name its file",
        )
    config = _json(access.credentials_file)
    installed = config.get("installed")
    if not isinstance(installed, dict):
        raise ConfigFault(
            f"{access.credentials_file} is not an OAuth client of an installed app",
            source=SOURCE,
            expected='a JSON file with the key "installed"',
            next_step="create an OAuth client of the type Desktop app and download its file",
        )
    return {"installed": {**installed, "auth_uri": auth_uri, "token_uri": access.token_uri}}


def _stored(access: Access) -> StoredCredentials:
    path = access.token_file
    if not path.exists():
        raise ConfigFault(f"there is no token file {path}", source=SOURCE, next_step=AUTHORIZE)
    found = _json(path)
    lacking = [name for name in _NEEDED if not found.get(name)]
    if lacking:
        raise ConfigFault(f"the token file {path} lacks {', '.join(lacking)}", source=SOURCE, next_step=AUTHORIZE)
    made = StoredCredentials(  # type: ignore[no-untyped-call]
        token=found.get("token"),
        refresh_token=found["refresh_token"],
        token_uri=access.token_uri,
        client_id=found["client_id"],
        client_secret=found["client_secret"],
        scopes=found.get("scopes"),
        expiry=_expiry(found.get("expiry")),
    )
    made.keep = lambda given: store(path, given)
    return made


def _service_account(config: Mapping[str, Any], access: Access) -> Any:
    if not access.delegate:
        raise ConfigFault(
            "GMAIL_DELEGATE is not set",
            source=SOURCE,
            expected="the mailbox the service account reads",
            next_step="set it",
        )
    try:
        return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            {**config, "token_uri": access.token_uri}, scopes=[access.scope], subject=access.delegate
        )
    except (ValueError, GoogleAuthError) as error:
        raise ConfigFault(
            f"the service account key {access.credentials_file} is not usable ({type(error).__name__})",
            source=SOURCE,
            next_step="create a new key (JSON) for the service account and name its file",
        ) from None


def _expiry(text: object) -> datetime | None:
    """The library keeps UTC without a zone; a wrong text only means that the token is renewed."""
    try:
        found = datetime.fromisoformat(str(text).removesuffix("Z")).replace(tzinfo=None) if text else EXPIRED
    except ValueError:
        return EXPIRED
    return max(found, EXPIRED)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_private(path))
    except OSError as error:
        raise _unusable(path, error, "GMAIL_CREDENTIALS_FILE and GMAIL_TOKEN_FILE") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigFault(f"{path} is not a JSON object", source=SOURCE, next_step=f"replace it, or {AUTHORIZE}")
    register_document(found)
    return found


def _unusable(path: Path, error: OSError, variables: str) -> ConfigFault:
    return ConfigFault(f"{path} cannot be used: {error.strerror}", source=SOURCE, next_step=f"check {variables}")
