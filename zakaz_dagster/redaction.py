"""What must never be read in a log, an event, a mail or an error: secrets, and people's names and contacts.

Every text that leaves the process passes `scrub`: failures and verdicts do so when they are made, logs when they are
formatted, foreign exceptions through `scrubbed`. Belongs here: the registry of live secrets, the lists of names, the
functions that mask. Does not: deciding what is logged or mailed.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, urlsplit

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
PERSON_NAMES = (
    "client_name",
    "client_surname",
    "client_middlename",
    "first_name",
    "last_name",
    "middle_name",
    "middlename",
    "full_name",
    "surname",
    "patronymic",
    "fio",
    "phone",
    "email",
    "фамилия",
    "имя",
    "отчество",
    "фио",
    "покупатель",
    "телефон",
)
MIN_SECRET = 4  # shorter values would mask ordinary words
WHOLE_WORD = 8  # shorter ones are masked only where they stand alone
IN_BASE64 = 6  # bytes; the base64 of less is too short to be told from other text
LONGEST_TEXT = 4000  # of one detail or action; nobody reads more in a mail
CUT_AT = 4 * LONGEST_TEXT  # a text is cut to this before it is searched
SHORT = 4000  # characters up to which the beginnings of secrets are looked for first
HEAD = 8  # characters by which a secret that is cut off at the end of a text is recognised

_NAME = "|".join(re.escape(name) for name in SECRET_NAMES)
_PERSON_KEY = "|".join(re.escape(name) for name in PERSON_NAMES)
_PREFIX = r"(?:[\w-]{0,40}[_-])?"  # bounded, as every repetition here: a long text must not be searched from each place
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|oauth|digest)(\s+)[\w.~+/=:-]{6,}"), rf"\1\2{MASK}"),
    # "token": "value", 'token': 'value', \"token\": \"value\", also with the value cut off before its closing quote
    (
        re.compile(
            rf"""(?i)(\\*["']{_PREFIX}(?:{_NAME}|{_PERSON_KEY})\\*["']\s*[:=]\s*b?)(\\*["'])(?:\\[^"']|(?!\2).)*(\2|$)"""
        ),
        rf"\1\2{MASK}\3",
    ),
    # token=value in queries and forms; Token: value in headers, but not "invalid_token: Unknown access token"
    (
        re.compile(
            rf"""(?i)\b({_PREFIX}(?:(?:{_NAME})(?:\s*=\s*|:\s+(?=\S*[0-9+/=_~]|\S{{12}}))|(?:{_PERSON_KEY})=))(?!\*\*\*)[^\s&"',;}}\])]+"""
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(\w://)[^\s/@:]+:[^\s/@]+@"), rf"\1{MASK}@"),
    (re.compile(r"(?:[\w.+-]|%2[Bb]){1,64}(?:@|%40)[\w-]{1,63}\.[\w.-]{0,190}\w"), "[e-mail]"),
    (
        re.compile(
            r"(?<![\w.])(?:(?:\+|%2[Bb])\d{1,3}|[78](?=[\s(-]?\(?9\d\d))[\s(-]*\d{2,3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\w)"
        ),
        "[phone]",
    ),
)
# For each pattern words without one of which it cannot match, in lower case: most texts hold none of them.
_KEYS = (
    "auth", "cookie", "key", "token", "secret", "assertion", "passw", "salt", "verifier",
    "name", "patronymic", "fio", "phone", "email", "фамилия", "имя", "отчество", "фио", "покупатель", "телефон",
)  # fmt: skip
_HINTS: tuple[tuple[str, ...], ...] = (
    ("bearer", "basic", "oauth", "digest"), _KEYS, _KEYS, ("://",), ("@", "%40"), ("+", "%2b", "7", "8"),
)  # fmt: skip
_CAPITAL = r"(?:[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?|[А-ЯЁ]{2,}|[A-Z][a-z]+)"
_PERSONS: tuple[re.Pattern[str], ...] = (
    # by a patronymic, by initials, by two or three capitalised words
    re.compile(rf"(?<!\w)(?:{_CAPITAL}\s+){{0,2}}[А-ЯЁ][а-яё]+(?:[оеь]вич|ьич|[оеь]вна|ична)(?:\s+{_CAPITAL})?(?!\w)"),
    re.compile(r"(?<!\w)[А-ЯЁ][а-яё]+\s+[А-ЯЁ]\.(?:\s?[А-ЯЁ]\.)?|(?<!\w)[А-ЯЁ]\.\s?(?:[А-ЯЁ]\.\s?)?[А-ЯЁ][а-яё]+"),
    re.compile(rf"(?<!\w){_CAPITAL}(?:\s+{_CAPITAL}){{1,2}}(?!\w)"),
    re.compile(r"""(?i)(?<=["']name["']:)\s*(["'])(?:\\.|(?!\1).)*(?:\1|$)"""),
    re.compile(r"(?s)(?<=input_value=).{1,2000}?(?=, input_type=)"),  # pydantic repeats what it refuses
)
_NO_NAMES = re.compile(
    r"(?i)\b(?:access|account|ads|bad|cloudflare|conflict|content|direct|error|forbidden|found|gateway|gmail|google|http|"
    r"internal|invalid|large|limit|mail|many|method|moved|next|not|nginx|ok|payload|permanently|please|policy|requests?|"
    r"service|server|step|temporarily|the|timeout|token|too|type|unauthorized|unavailable|unknown|user|wrong|yandex|"
    r"ошибка|сервера?|доступ|запрещ[её]н|запрос|неверный|яндекс|директ|реклама|метрика|вк|вконтакте|кабинет)\b"
)
_ESCAPES = re.compile("%[0-9A-Fa-f]{2}")
_BYTES = re.compile(r"(?:\\{1,4}x[0-9a-fA-F]{2}){1,400}")  # as Python shows bytes
_INVISIBLE = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # they turn the direction of what follows
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")

_live: frozenset[str] = frozenset()


def register(*secrets: str) -> None:
    """From now on these values are masked in whatever this process says, in every usual spelling."""
    global _live  # noqa: PLW0603  one registry a process: what it knows must hold for every thread
    found = {part for secret in secrets for part in _parts(secret.strip()) if len(part) >= MIN_SECRET}
    if not found <= _live:
        _live |= found


def register_document(document: object) -> None:
    """Register what a token or key file holds under the names of secrets."""
    for name, value in document.items() if isinstance(document, Mapping) else ():
        if isinstance(value, str) and str(name).lower() in SECRET_NAMES:
            register(value)
        register_document(value)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without live secrets, without these, without anything named like a secret, and without contacts."""
    forms, beginnings = _forms_of(_live.union(secrets))
    if len(text) > SHORT or not beginnings.isdisjoint(text[at : at + MIN_SECRET] for at in range(len(text))):
        text = _without_forms(text, forms)
    lower = text.lower()
    for (pattern, replacement), hints in zip(_PATTERNS, _HINTS, strict=True):
        if any(hint in lower for hint in hints):
            text = pattern.sub(replacement, text)
    return text


def vendor_words(text: str, secrets: Iterable[str] = ()) -> str:
    """What a vendor says in an error, fit to be shown: scrubbed, and without what looks like a person's name.

    Escapes of URLs, JSON, HTML and bytes are read first, so that a name or a phone is seen in them as well.
    """
    known = tuple(secrets)
    text = scrub(_unescaped(scrub(text, known)), known)
    for pattern in _PERSONS:
        text = pattern.sub(_person, text)
    return text


def presentable(text: str, most: int = LONGEST_TEXT) -> str:
    """`text` as anything can carry it: scrubbed, valid Unicode without control or direction marks, at most so long."""
    short = printable(scrub(text[:CUT_AT]))
    left_out = max(len(short) - most, 0) + max(len(text) - CUT_AT, 0)
    return f"{short[:most]}… ({left_out} more characters)" if left_out else short


def printable(text: str) -> str:
    """Valid Unicode without control characters (line breaks and tabs stay) and without marks of direction."""
    return _UNPRINTABLE.sub("\ufffd", _INVISIBLE.sub("", text.replace("\r\n", "\n")))


def scrubbed(error: BaseException, secrets: Iterable[str] = ()) -> Exception:
    """The exception with all it came from, as one may store it: the same names and tracebacks, the texts scrubbed."""
    return _copied(error, tuple(secrets), set())


def without_contacts(text: str) -> str:
    """`text` as it is unless an e-mail or a phone is in it, plain or percent-encoded."""
    plain = unquote(text)
    clean = scrub(plain)
    return text if clean == plain else clean


def outline(text: str) -> str:
    """The form of a value without the value: letters as `a`, digits as `9`."""
    return "".join("a" if char.isalpha() else "9" if char.isdigit() else char for char in text)


def _copied(error: BaseException, secrets: tuple[str, ...], seen: set[int]) -> Exception:
    seen.add(id(error))
    kind = type(error)
    named = type(kind.__name__, (Exception,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
    copy: Exception = named(presentable(vendor_words(str(error)[:CUT_AT], secrets)))
    copy.__traceback__ = error.__traceback__
    for name in ("__cause__", "__context__"):
        origin = getattr(error, name)
        if origin is not None and id(origin) not in seen:
            setattr(copy, name, _copied(origin, secrets, seen))
    copy.__suppress_context__ = error.__suppress_context__
    return copy


def _unescaped(text: str) -> str:
    plain = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    plain = _BYTES.sub(lambda found: bytes.fromhex(re.sub(r"\\+x", "", found[0])).decode("utf-8", "replace"), plain)
    plain = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # pairs are one character
    return html.unescape(unquote(plain, errors="replace") if _ESCAPES.search(plain) else plain)


def _person(found: re.Match[str]) -> str:
    return found[0] if _NO_NAMES.search(found[0]) else "[name]"


def _without_forms(text: str, forms: Sequence[str]) -> str:
    for form in forms:
        if len(form) < WHOLE_WORD and form in text and form in _live:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", MASK, text)
        elif form in text:
            text = text.replace(form, MASK)
        else:
            text = _without_cut(text, form)
    return text


def _without_cut(text: str, form: str) -> str:
    """A text may have been cut in the middle of a secret: its beginning at the end of the text is masked as well."""
    if len(form) <= HEAD:
        return text
    at = text.find(form[:HEAD], max(len(text) - len(form), 0))
    return text[:at] + MASK if at >= 0 and form.startswith(text[at:]) else text


def _parts(secret: str) -> set[str]:
    """A secret that is a list of URLs with keys in them (Apprise) is also every key by itself."""
    if "://" not in secret:
        return {secret}
    urls = [url.strip() for url in secret.split(",")]
    places = [urlsplit(url) for url in urls]
    pieces = {piece for url in places for piece in re.split(r"[/@:?&=,]", f"{url.netloc}/{url.path}/{url.query}")}
    return {
        secret,
        *urls,
        *(each for each in pieces if len(each) >= WHOLE_WORD and not each.replace(".", "").isalpha()),
    }


@lru_cache(64)
def _forms_of(secrets: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Every form of these secrets, the longest first, so that none hides the rest of a longer one; how they begin."""
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    return tuple(forms), frozenset(form[:MIN_SECRET] for form in forms)


@lru_cache(1024)
def _forms(secret: str) -> frozenset[str]:
    """The secret as programs write it: in URLs, JSON, HTML, Python, hexadecimal, base64 at any offset."""
    if len(secret) < MIN_SECRET:
        return frozenset()
    raw = secret.encode("utf-8", "surrogatepass")
    texts = {
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        *((secret.lower(), secret.upper()) if len(secret) >= WHOLE_WORD else ()),  # hosts and codes are written small
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        secret.encode("unicode_escape").decode("ascii"),
        "".join(char if char.isalnum() else f"\\u{ord(char):04x}" for char in secret),
        "".join(char if char.isalnum() else f"\\u{ord(char):04X}" for char in secret),
    }
    texts |= {text.replace("/", "\\/") for text in texts}
    texts |= {json.dumps(text)[1:-1] for text in texts}  # JSON within JSON
    urls = {quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="!'()*~/:@&=+$,;")}
    urls |= {re.sub(r"%..", lambda found: found[0].lower(), url) for url in urls}
    urls |= {quote(url, safe="") for url in urls}  # a URL within a URL
    pages = {html.escape(secret), html.escape(secret, quote=False)}
    pages |= {page.replace("&#x27;", "&#39;") for page in pages}
    digits = {raw.hex(), raw.hex().upper()} if len(raw) >= IN_BASE64 else set()
    return frozenset({secret, *texts, *urls, *pages, *digits, *_base64(raw)} - {""})


def _base64(raw: bytes) -> set[str]:
    """The characters of the base64 of a text around the secret that depend on the secret alone."""
    if len(raw) < IN_BASE64:
        return set()
    cores = set()
    for shift, first in enumerate((0, 2, 3)):
        padded = b"\0" * shift + raw
        core = base64.b64encode(padded).decode()[first : len(padded) * 8 // 6]
        cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores
