"""The types of settings: what a value has to look like, and the sentence that says so when it does not.

Belongs here: checks of a single value. Does not: names, defaults (`groups`), where a value stands (`given`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic.fields import FieldInfo

from zakaz_dagster.alerts.incidents import QuietHours
from zakaz_dagster.paths import PROJECT_ROOT, shown
from zakaz_dagster.timezone import today

FIRST_DAY = date(2010, 1, 1)
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_ADDRESS = re.compile(r"[^\s@,;<>]+@[\w-]+(\.[\w-]+)+")
_SENDER = re.compile(rf"(?:{_ADDRESS.pattern})|[\w-]+(\.[\w-]+)+")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]*")
_CHANNEL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"<.*>|x{3,}|\.{3}|change[_-]?me|todo|(your|my)[_-].*|ваш.*", re.IGNORECASE)


@dataclass(frozen=True)
class Shape:
    """What a value of this type looks like, as it stands after "expected"."""

    text: str


def expected(field: FieldInfo) -> str:
    """The shape of a field's values in words."""
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not type(None)]
    notes = [*field.metadata, *(note for kind in kinds for note in getattr(kind, "__metadata__", ()))]
    shapes = [note.text for note in notes if isinstance(note, Shape)]
    if shapes:
        return shapes[0]
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(map(str, kinds))}"
    words = {bool: "true or false", int: "a whole number", float: "a number", Decimal: "a number", Path: "a path"}
    return " ".join([words.get(kinds[0], "one line of text"), *_bounds(field)])


def _bounds(field: FieldInfo) -> Iterator[str]:
    low = next((one for one in field.metadata if isinstance(one, (Ge, Gt))), None)
    high = next((one.le for one in field.metadata if isinstance(one, Le)), None)
    if isinstance(low, Ge):
        yield f"from {low.ge} to {high}" if high is not None else f"of at least {low.ge}"
    elif isinstance(low, Gt):
        yield f"above {low.gt}" + (f" and up to {high}" if high is not None else "")


def as_text(value: object) -> str:
    """A value as one writes it into a file; a secret is never shown."""
    if value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Path):
        return shown(value)
    if isinstance(value, tuple):
        return ",".join(":".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in value)
    return str(value)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parts(text: object) -> object:
    """`a, b` as a tuple; a text of separators alone is no list."""
    if not isinstance(text, str):
        return text
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if text.strip() and not found:
        raise ValueError("has nothing between its commas")
    repeated = sorted({part for part in found if found.count(part) > 1})
    if repeated:
        raise ValueError(f"names {', '.join(repeated)} twice")
    return found


def _url(text: str) -> str:
    try:
        where = urlsplit(text)
        host, _ = where.hostname, where.port
    except ValueError as error:
        raise ValueError("is not an address") from error
    if where.scheme not in ("http", "https") or not host or not _is_host(host):
        raise ValueError("is not an address")
    if where.query or where.fragment or "@" in where.netloc:
        raise ValueError("carries more than scheme, host, port and path")
    return text.rstrip("/")


def _protected(text: str) -> str:
    where = urlsplit(text)
    if where.scheme == "http" and not is_loopback(where.hostname or ""):
        raise ValueError("would send the access keys without TLS")
    return text


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST.fullmatch(text) is not None
    return True


def _host(text: str) -> str:
    if not _is_host(text):
        raise ValueError("is not a host name" if "/" not in text else "is a URL, and the port has a setting of its own")
    return text


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("has letters that no key has (spaces, quotes of a word processor, Cyrillic letters)")
    return _no_sample(value)


def _no_sample(value: SecretStr) -> SecretStr:
    if _PLACEHOLDER.fullmatch(value.get_secret_value()):
        raise ValueError("still holds the placeholder of a sample")
    return value


def _channels(value: SecretStr) -> SecretStr:
    if not all(_CHANNEL.fullmatch(part.strip()) for part in value.get_secret_value().split(",")):
        raise ValueError("has a part that is no URL of Apprise")
    return value


def _sender(text: str) -> str:
    """`a@example.ru`, or `Name <a@example.ru>`."""
    name, address = parseaddr(text)
    if not _ADDRESS.fullmatch(address) or text not in (address, f"{name} <{address}>"):
        raise ValueError("is no e-mail address")
    return text


def _each(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(found: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [part for part in found if not pattern.fullmatch(part)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no {what}")
        return found

    return AfterValidator(check)


def _one_login_each(found: tuple[str, ...]) -> tuple[str, ...]:
    """Yandex takes `Zakaz.Afisha` and `zakaz-afisha` for one login; the dot of a mail address is a dot."""
    first: dict[str, str] = {}
    for login in found:
        spelt = login.lower() if "@" in login else login.lower().replace(".", "-")
        same = first.setdefault(spelt, login)
        if same != login:
            raise ValueError(f"names one login twice, as {same} and {login}")
    return found


def _quiet_hours(text: str) -> str:
    try:
        QuietHours.parse(text)
    except ValueError:
        raise ValueError("is no span of hours") from None
    return text


def _start(day: date) -> date:
    if day > today():
        raise ValueError("lies in the future: there would be no day to load")
    if day < FIRST_DAY:
        raise ValueError(f"lies before {FIRST_DAY}")
    return day


def _rates(text: object) -> object:
    """`2026-01-01:20, 2019-01-01:18` as ((day, rate), …), ascending: until that day, that rate."""
    if not isinstance(text, str):
        return text
    pairs = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        day, _, rate = part.partition(":")
        try:
            pairs.append((date.fromisoformat(day.strip()), Decimal(rate.strip())))
        except (ValueError, InvalidOperation):
            raise ValueError(f"{part!r} is no day:rate") from None
    if text.strip() and not pairs:
        raise ValueError("has nothing between its commas")
    days = [day for day, _ in pairs]
    if len(set(days)) < len(days):
        raise ValueError("names a day twice")
    if any(not 0 <= rate <= 100 for _, rate in pairs):  # noqa: PLR2004  per cent
        raise ValueError("has a rate outside of 0 to 100 per cent")
    return tuple(sorted(pairs))


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("is no file that can be found")
    return path


def _line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has line breaks or control characters")
    return text.strip()


def _absolute(path: Path) -> Path:
    """Relative to the project, wherever the command was started; `~` is the user's home."""
    return PROJECT_ROOT / path.expanduser()


_ADDRESS_SHAPE = "an address such as https://example.ru/path, without a query"
Text = Annotated[str, AfterValidator(_line)]
Name = Annotated[
    str,
    Shape("small Latin letters, digits and _, not beginning with a digit"),
    Field(pattern=r"^[a-z_][a-z0-9_]*$"),
]
ClusterName = Annotated[str, Shape("a cluster's name: letters, digits, _, . and -"), Field(pattern=r"^[\w.-]+$")]
Sender = Annotated[str, Shape("an e-mail address such as robot@example.ru"), AfterValidator(_sender)]
Url = Annotated[str, Shape(_ADDRESS_SHAPE), AfterValidator(_url)]
VendorUrl = Annotated[
    str, Shape("an https address such as https://example.ru/path"), AfterValidator(_url), AfterValidator(_protected)
]
Host = Annotated[str, Shape("a host name or an IP address, without scheme and port"), AfterValidator(_host)]
Secret = Annotated[SecretStr, Shape("the key as it was issued, one word of ASCII characters"), AfterValidator(_secret)]
Password = Annotated[SecretStr, Shape("the password itself, not the words of a sample"), AfterValidator(_no_sample)]
Channels = Annotated[SecretStr, Shape("URLs such as tgram://token/chat, comma separated"), AfterValidator(_channels)]
Logins = Annotated[
    tuple[str, ...],
    Shape("client logins, comma separated: first-login,second-login"),
    BeforeValidator(parts),
    _each(_LOGIN, "login"),
    AfterValidator(_one_login_each),
]
Addresses = Annotated[
    tuple[str, ...],
    Shape("e-mail addresses, comma separated: first@example.ru,second@example.ru"),
    BeforeValidator(parts),
    _each(_ADDRESS, "e-mail address"),
]
Senders = Annotated[
    tuple[str, ...],
    Shape("domains and e-mail addresses, comma separated: example.ru,reports@example.com"),
    BeforeValidator(parts),
    _each(_SENDER, "domain or e-mail address"),
    Field(min_length=1),
]
Hosts = Annotated[
    tuple[str, ...],
    Shape("host names, comma separated: first.example.ru,second.example.ru"),
    BeforeValidator(parts),
    _each(_HOST, "host name"),
]
QuietHoursText = Annotated[
    str, Shape("two hours of the day such as 22-8, or 0-0 for none"), AfterValidator(_quiet_hours)
]
StartDay = Annotated[date, Shape("a past day such as 2024-01-31"), AfterValidator(_start)]
Rates = Annotated[
    tuple[tuple[date, Decimal], ...],
    Shape("day:rate pairs, comma separated, such as 2026-01-01:20"),
    BeforeValidator(_rates),
]
Folder = Annotated[Path, Shape("the path of a folder"), AfterValidator(_absolute)]
ExistingFile = Annotated[Path, Shape("the path of an existing file"), AfterValidator(_absolute), AfterValidator(_file)]
NewFile = Annotated[Path, Shape("the path of a file"), AfterValidator(_absolute)]
Pace = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
