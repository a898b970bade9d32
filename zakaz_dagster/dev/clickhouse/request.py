"""What a client asks, read from URL and headers; who it is.

Belongs here: names of parameters and headers of the ClickHouse HTTP interface. Does not: running anything.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from zakaz_dagster.dev.clickhouse.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    INVALID_SESSION_TIMEOUT,
    NOT_IMPLEMENTED,
    REQUIRED_PASSWORD,
    UNKNOWN_FORMAT,
    ClickHouseError,
)
from zakaz_dagster.dev.clickhouse.form import Table, facets, tables

# Parameters with a meaning of their own; every other one is a setting.
_OWN = frozenset(
    {
        *("query", "database", "default_format", "query_id", "user", "password", "role", "quota_key"),
        *("session_id", "session_timeout", "session_check", "close_session"),
        *("compress", "decompress", "buffer_size", "wait_end_of_query", "stacktrace", "client_protocol_version"),
    }
)
_UNSUPPORTED = ("compress", "decompress")
_SAFE_ID = re.compile(r"[\w.:-]{1,200}", re.ASCII)
_LONGEST_SESSION = 3600
# The engine's own names for Content-Encoding, best first.
_ENCODINGS = ("zstd", "lz4", "gzip", "br", "deflate")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, its body apart."""

    query: bytes
    query_id: str
    database: str
    format: str
    encoding: str
    get: bool
    settings: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    role: str = ""
    session_id: str = ""
    session_timeout: float = 60.0
    session_check: bool = False


def parameters(query_string: bytes) -> dict[str, str]:
    """The URL's parameters; text that is not UTF-8 is refused rather than repaired."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10_000)
    except ValueError as error:
        raise ClickHouseError.refuse(BAD_ARGUMENTS, f"The URL's parameters are not UTF-8: {error}") from error
    return dict(pairs)


def ask(
    method: str, given: Mapping[str, str], headers: Mapping[str, str], files: Mapping[str, bytes] | None = None
) -> Ask:
    """Read one request; `given` joins the URL's parameters and a form's fields."""
    files = files or {}
    own = _OWN | facets(files)
    for name in _UNSUPPORTED:
        if given.get(name, "0") not in ("0", "false"):
            raise ClickHouseError.refuse(
                NOT_IMPLEMENTED, f"`{name}=1` is not supported; use Content-Encoding and Accept-Encoding"
            )
    settings = {name: value for name, value in given.items() if name not in own and not name.startswith("param_")}
    query_id = given.get("query_id") or headers.get("x-clickhouse-query-id") or ""
    return Ask(
        query=given.get("query", "").encode(),
        query_id=query_id if _SAFE_ID.fullmatch(query_id) else str(uuid.uuid4()),
        database=given.get("database") or headers.get("x-clickhouse-database", ""),
        format=_format(given.get("default_format") or headers.get("x-clickhouse-format", "")),
        encoding=_encoding(settings, headers),
        get=method in ("GET", "HEAD"),
        settings=settings,
        params={name[len("param_") :]: value for name, value in given.items() if name.startswith("param_")},
        tables=tables(given, files),
        role=given.get("role", ""),
        session_id=given.get("session_id", ""),
        session_timeout=_session_timeout(given.get("session_timeout", "60")),
        session_check=given.get("session_check", "0") == "1",
    )


def _format(name: str) -> str:
    """It becomes part of the query, so it is a word."""
    if name and not (name.isascii() and name.isalnum()):
        raise ClickHouseError.refuse(UNKNOWN_FORMAT, f"Unknown format {name}")
    return name


def _encoding(settings: Mapping[str, str], headers: Mapping[str, str]) -> str:
    if settings.get("enable_http_compression", "1") not in ("1", "true"):
        return ""
    accepted = {part.split(";")[0].strip() for part in headers.get("accept-encoding", "").lower().split(",")}
    return next((name for name in _ENCODINGS if name in accepted), "")


def _session_timeout(text: str) -> float:
    if not text.isdecimal() or int(text) > _LONGEST_SESSION:
        raise ClickHouseError.refuse(
            INVALID_SESSION_TIMEOUT, f"Invalid session timeout '{text}': a number of seconds up to {_LONGEST_SESSION}"
        )
    return float(text)


@dataclass(frozen=True, slots=True)
class Guard:
    """The one user of the endpoint. Without a password any password is taken, as a server does."""

    user: str
    password: str = field(repr=False)

    def check(self, given: Mapping[str, str], headers: Mapping[str, str]) -> None:
        user, password = _credentials(given, headers)
        right_user = hmac.compare_digest(user.encode(), self.user.encode())
        right_password = hmac.compare_digest(password.encode(), self.password.encode()) or not self.password
        if right_user and right_password:
            return
        code = REQUIRED_PASSWORD if right_user and not password else AUTHENTICATION_FAILED
        raise ClickHouseError.refuse(
            code, f"{user}: Authentication failed: password is incorrect, or there is no user with such name"
        )


def _credentials(given: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """By header, by Basic authorization or by URL; two ways at once are refused, as a server does."""
    ways = []
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        ways.append((headers.get("x-clickhouse-user", "default"), headers.get("x-clickhouse-key", "")))
    if "authorization" in headers:
        ways.append(_basic(headers["authorization"]))
    if "user" in given or "password" in given:
        ways.append((given.get("user", "default"), given.get("password", "")))
    if len(ways) > 1:
        raise ClickHouseError.refuse(AUTHENTICATION_FAILED, "Give the user in one way: header, Basic or URL")
    return ways[0] if ways else ("default", "")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        decoded = base64.b64decode(value, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    user, separator, password = decoded.partition(":")
    if not separator:
        raise ClickHouseError.refuse(AUTHENTICATION_FAILED, "The Authorization header is not valid Basic")
    return user or "default", password
