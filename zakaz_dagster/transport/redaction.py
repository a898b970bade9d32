"""What must never be read in a log, an event or an error: secrets and people's contacts.

Belongs here: the one list of secret names and the function that masks text. Does not: deciding what is logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
SECRET_NAMES = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-clickhouse-key",
    "x-api-key",
    "api_key",
    "apikey",
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "client_secret",
    "secret",
    "assertion",
    "private_key",
    "password",
    "passwd",
    "privacy_salt",
    "code_verifier",
)
MIN_SECRET = 4  # shorter values would mask ordinary words

_NAME = "|".join(re.escape(name) for name in SECRET_NAMES)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|oauth|digest)(\s+)[\w.~+/=:-]{6,}"), rf"\1\2{MASK}"),
    # "token": "value", 'token': 'value', also with the value cut off before its closing quote
    (
        re.compile(rf"""(?i)(["'](?:[\w-]*[_-])?(?:{_NAME})["']\s*[:=]\s*b?)(["'])(?:\\.|(?!\2).)*(\2|$)"""),
        rf"\1\2{MASK}\3",
    ),
    # token=value in queries and forms, Token: value in headers
    (
        re.compile(rf"""(?i)\b((?:[\w-]*[_-])?(?:{_NAME})(?:\s*=\s*|:\s+))(?!{re.escape(MASK)})[^\s&"',;}}\])]+"""),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(\w://)[^\s/@:]+:[^\s/@]+@"), rf"\1{MASK}@"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"), "[e-mail]"),
    (
        re.compile(r"(?<![\w.])(?:\+\d|[78](?=[\s(-]?\(?9\d\d))[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\w)"),
        "[phone]",
    ),
)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without these secret values (plain or URL-encoded), anything named like a secret, and contacts."""
    for secret in sorted({form for value in secrets for form in _forms(value)}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def without_contacts(text: str) -> str:
    """`text` as it is unless an e-mail or a phone is in it, plain or percent-encoded."""
    plain = unquote(text)
    scrubbed = scrub(plain)
    return text if scrubbed == plain else scrubbed


def outline(text: str) -> str:
    """The form of a value without the value: letters as `a`, digits as `9`."""
    return "".join("a" if char.isalpha() else "9" if char.isdigit() else char for char in text)


def _forms(secret: str) -> set[str]:
    if len(secret) < MIN_SECRET:
        return set()
    return {secret, quote(secret, safe=""), quote_plus(secret), secret.encode("unicode_escape").decode("ascii")}
