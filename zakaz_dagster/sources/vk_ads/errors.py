"""What VK Ads means by an answer that is not a success, and how long it wants us to wait.

Belongs here: the five shapes of an error body, the judge for the HTTP client, words for failures. Does not: what is
done about a refused token (`tokens`) or refused ids (`statistics`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from zakaz_dagster.errors import Fatal
from zakaz_dagster.parsing.json_text import anything_in
from zakaz_dagster.redaction import scrub, vendor_words
from zakaz_dagster.sources.vk_ads.records import SOURCE
from zakaz_dagster.transport.answer import (
    Again,
    Done,
    Response,
    Stop,
    Verdict,
    default_judge,
    describe,
    excerpt,
    is_json_object,
    retry_after,
)

MOSCOW_OFFSET = 3 * 3600  # limits count calendar seconds, minutes, hours and (as far as known) Moscow days
CODE = re.compile(r"[a-z][a-z0-9_.-]{0,59}", re.ASCII | re.IGNORECASE)
REQUEST_ID = re.compile(r"[\w.:-]{1,80}", re.ASCII)
_ASK_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


@dataclass(frozen=True)
class Problem:
    """An error body in one form. `code` is lower case and without the `ERR_` that some answers carry."""

    code: str = ""
    message: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    remaining: Mapping[str, int] = field(default_factory=dict)

    @property
    def names_ids(self) -> bool:
        """Whether the request failed because of one of its ids."""
        return self.code.startswith("wrong_") and self.code not in {"wrong_parameter", "wrong_date", "wrong_resource"}


def problem_of(response: Response) -> Problem:
    """`{"error": {...}}`, `{"error": "..."}`, `{"code", "message"}`, `{"limits", "remaining"}`, or no JSON at all."""
    body = anything_in(response.content)
    if not isinstance(body, dict):
        return Problem(message=excerpt(response))
    error = body.get("error", body)
    if isinstance(error, str):
        code, words = _code(error), str(body.get("error_description") or "")
        return Problem(code, words if code else f"{error} {words}".strip())
    details = error if isinstance(error, dict) else {}
    fields = details.get("fields")
    words = str(details.get("message") or "")
    return Problem(
        code=_code(str(details.get("code") or "")),
        message=f"{words} {_plain(fields)}".strip() if fields else words,
        limits=_counts(body.get("limits")),
        remaining=_counts(body.get("remaining")),
    )


def judge(response: Response) -> Verdict:
    """Successes must be JSON; 429 waits as its body says; refusals are handed on, their reader knows the request."""
    status = response.status_code
    if response.is_success:
        return Done() if is_json_object(response) else Again(f"{words(response)} is not JSON")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(response)
    if response.is_server_error or response.is_redirect or status in _ASK_AGAIN:
        verdict = default_judge(response)
        return Again(words(response), verdict.after) if isinstance(verdict, Again) else verdict
    return Done()


def words(response: Response) -> str:
    """`HTTP 400 wrong_adgroups: Wrong ad groups: 7 (x-request-id ...)`: the vendor's own words, for a failure."""
    problem = problem_of(response)
    message = vendor_words(problem.message)
    said = f"HTTP {response.status_code} {problem.code}: {message}" if problem.code else describe(response)
    request_id = scrub(response.headers.get("x-request-id", ""))
    return f"{said} (x-request-id {request_id})" if REQUEST_ID.fullmatch(request_id) else said


def seconds_to_wait(remaining: Mapping[str, int], now: datetime) -> float | None:
    """Until the longest exhausted window ends; windows are calendar seconds, minutes, hours and days."""
    windows = [int(name) for name, left in remaining.items() if left <= 0]
    since = now.timestamp() + MOSCOW_OFFSET
    return max((window - since % window for window in windows), default=None)


def _throttled(response: Response) -> Verdict:
    problem = problem_of(response)
    if problem.limits and not any(problem.limits.values()):
        return Stop(
            Fatal(
                "HTTP 429 with every limit 0: this account has no access to the method",
                source=SOURCE,
                next_step="ask VK support to open API access for the account of VK_ADS_CLIENT_ID",
            )
        )
    told = retry_after(response)
    after = told if told is not None else seconds_to_wait(problem.remaining, _server_time(response))
    spent = ", ".join(f"{name} s" for name, left in problem.remaining.items() if left <= 0)
    return Again(f"HTTP 429: limit of {spent or 'an unnamed window'} used up", after)


def _server_time(response: Response) -> datetime:
    try:
        return parsedate_to_datetime(response.headers.get("date", "")) + timedelta(0)
    except (TypeError, ValueError):
        return datetime.now(UTC)


def _code(text: str) -> str:
    """The code, if it is one: a sentence is none, and is shown as the vendor's words are."""
    found = CODE.fullmatch(scrub(text.strip()))
    return found[0].lower().removeprefix("err_") if found else ""


def _plain(fields: Any) -> str:
    return msgspec.json.encode(fields).decode()[:300]


def _counts(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        return {}
    return {str(name): int(left) for name, left in value.items() if isinstance(left, int) and str(name).isdigit()}
