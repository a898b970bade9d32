"""The part of Gmail's search language that readers of reports use.

from: subject: label: has:attachment after: before: (epoch seconds, or YYYY/MM/DD at Pacific midnight) newer_than:Nd,
words of the subject, "phrases", `-x`, `{a b}` for either. Anything else is refused, so that a typo is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from zakaz_dagster.dev.sandbox.world.moments import DAY

PACIFIC = ZoneInfo("America/Los_Angeles")
_TOKEN = re.compile(r'\s*(-?)(\{[^{}]*\}|(?:[a-z_]+:)?"[^"]*"|[^\s{}]+)')
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a search sees of a mail."""

    sender: str
    subject: str
    at: int
    labels: frozenset[str]
    attached: bool


Test = Callable[[Envelope], bool]


def compiled(query: str, now: int) -> Test:
    """The query as a test; ValueError when it is not understood."""
    tests = _tests(query, now)
    return lambda mail: all(test(mail) for test in tests)


def _tests(query: str, now: int) -> list[Test]:
    tests = []
    at = 0
    while query[at:].strip():
        found = _TOKEN.match(query, at)
        if found is None:
            raise ValueError(query)
        tests.append(_negated(_test(found[2], now)) if found[1] else _test(found[2], now))
        at = found.end()
    return tests


def _negated(test: Test) -> Test:
    return lambda mail: not test(mail)


def _test(term: str, now: int) -> Test:
    if term.startswith("{"):
        either = _tests(term[1:-1], now)
        return lambda mail: any(test(mail) for test in either)
    name, colon, value = term.partition(":")
    if not colon:
        return _subject(term.strip('"'))
    value = value.strip('"').lower()
    tests: dict[str, Callable[[], Test]] = {
        "from": lambda: lambda mail: value in mail.sender.lower(),
        "subject": lambda: _subject(value),
        "label": lambda: lambda mail: value in {label.lower() for label in mail.labels},
        "has": lambda: lambda mail: mail.attached,
        "after": lambda: _moment(value, lambda at, limit: at >= limit),
        "before": lambda: _moment(value, lambda at, limit: at < limit),
        "newer_than": lambda: _newer(value, now),
    }
    if name not in tests:
        raise ValueError(term)
    return tests[name]()


def _subject(words: str) -> Test:
    wanted = " ".join(_WORDS.findall(words.lower()))
    return lambda mail: f" {wanted} " in f" {' '.join(_WORDS.findall(mail.subject.lower()))} "


def _moment(value: str, compare: Callable[[int, int], bool]) -> Test:
    limit = (
        int(value) if value.isdigit() else int(datetime.strptime(value, "%Y/%m/%d").replace(tzinfo=PACIFIC).timestamp())
    )
    return lambda mail: compare(mail.at, limit)


def _newer(value: str, now: int) -> Test:
    found = re.fullmatch(r"(\d+)([dmy])", value)
    if found is None:
        raise ValueError(value)
    limit = now - int(found[1]) * DAY * {"d": 1, "m": 30, "y": 365}[found[2]]
    return lambda mail: mail.at >= limit
