"""What an error of the API means: ask again, skip the message, or stop and say what to do.

Belongs here: status and reason to a decision. Does not: waiting, requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from zakaz_dagster.errors import Failure, Fatal, Retriable
from zakaz_dagster.parsing.json_text import anything_in
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.sources.gmail.auth import AUTHORIZE
from zakaz_dagster.sources.gmail.records import SOURCE

ONE_HOUR = 3600.0
SERVER_ERROR = 500
_RATE = {"rateLimitExceeded", "userRateLimitExceeded"}
_AFTER = re.compile(r"[Rr]etry after (\d{4}-\d\d-\d\dT[\d:.]+Z)")


class Act(Enum):
    AGAIN = auto()
    GONE = auto()
    STOP = auto()


@dataclass(frozen=True)
class Problem:
    """An error answer: its status, Google's reason, its words."""

    status: int
    reason: str
    words: str

    @classmethod
    def of(cls, status: int, content: bytes) -> Problem:
        """From an answer's body, whatever it is."""
        try:
            error = anything_in(content)["error"]
            details = error.get("errors") or [{}]
            return cls(status, str(details[0].get("reason", "")), vendor_words(str(error.get("message", "")))[:300])
        except (KeyError, TypeError, AttributeError, IndexError):
            return cls(status, "", "")

    @property
    def act(self) -> Act:
        if self.status == 404:  # noqa: PLR2004
            return Act.GONE
        if self.status in (408, 429) or self.status >= SERVER_ERROR or self.reason in _RATE:
            return Act.AGAIN
        return Act.STOP

    def wait(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """Seconds the server asked for: Retry-After, or "Retry after <moment>" in its words."""
        after = headers.get("retry-after", "")
        if after.isdigit():
            return float(after)
        found = _AFTER.search(self.words)
        if not found:
            return None
        moment = datetime.fromisoformat(found[1].removesuffix("Z")).replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())

    def failure(self, what: str) -> Failure:
        """The failure for an error that ended a request."""
        message = f"{what}: HTTP {self.status} {self.reason}: {self.words}".rstrip(": ")
        if self.act is Act.AGAIN:
            return Retriable(message, source=SOURCE, next_step="wait; the mails stay in the mailbox")
        if self.reason == "dailyLimitExceeded":
            return Retriable(
                message, retry_after=ONE_HOUR, source=SOURCE, next_step="wait for the quota of the next day"
            )
        return Fatal(message, source=SOURCE, next_step=_next_step(self))


def _next_step(problem: Problem) -> str:
    if problem.status == 401:  # noqa: PLR2004
        return AUTHORIZE
    if problem.reason == "insufficientPermissions":
        return f"{AUTHORIZE}; with GMAIL_PROCESSED_LABEL set it asks for the right to label"
    if problem.reason == "accessNotConfigured":
        return "switch on the Gmail API for the project of the OAuth client in the Google Cloud console"
    if problem.reason == "domainPolicy":
        return "ask the administrator of the domain to allow the app"
    return "check GMAIL_QUERY; `zakaz doctor --live` shows what the mailbox answers"
