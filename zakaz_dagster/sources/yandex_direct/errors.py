"""What Direct's error codes mean, and the verdict on one of its answers.

Belongs here: codes, waits they ask for, hints for the operator. Does not: sending, polling (`api`).
An error is looked for before the status: services answer HTTP 200 with an integer code, Reports HTTP 400 with a code
in a string, old gateways XML or HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus

from zakaz_dagster.errors import Fatal, Retriable
from zakaz_dagster.parsing.json_text import anything_in
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.transport.answer import (
    Again,
    Done,
    Response,
    Stop,
    Verdict,
    default_judge,
    describe,
    is_json_object,
)

LIMIT_WAIT = 10.0  # the vendor counts requests in windows of ten seconds
POLL_WAIT = 10.0  # when a queued report comes without retryIn
POINTS_WAIT = 360.0  # the vendor's own example asks again after 6, 9, 12, 15 and 18 minutes
LONGEST_POINTS_WAIT = 3  # times the first wait
HTML_WORDS = 300

NAME_TAKEN = 4000
NO_POINTS = 152
RATE_LIMITS = frozenset({56, 506, 9000})
TEMPORARY = frozenset({52, 500, 502, 1000, 1001, 1002})
NO_ACCESS = frozenset({54, 513, 3000, 3001})  # said of one login; the token may be good for others
NEW_TOKEN = "set a valid OAuth token in DIRECT_TOKEN"  # noqa: S105  a hint
HINTS = {
    53: NEW_TOKEN,
    54: "give the token's owner rights to this login, or correct DIRECT_LOGINS",
    58: "have the application's request for API access approved in Direct",
    513: "correct DIRECT_LOGINS: this login is not connected to Direct",
    3000: "look in Direct whether the account is blocked, whether API access was approved for the application, and "
    "whether it is limited to other IP addresses",
    3001: "give the token's owner rights to this login, or correct DIRECT_LOGINS",
    4001: "ask for fewer objects at once",
    9300: "ask for fewer objects at once",
}
NEW_LOGIN = "correct DIRECT_LOGINS: it takes the logins of advertisers, as Direct knows them"
_REFUSED = frozenset({401, 403})
# An invalid token is also answered with the code of an internal error; an authorization server that is away is weather.
_NAME = r"(?:\b(?:oauth|token)\b|токен)"
_BAD = (
    r"(?:invalid|expired|revoked|missing|wrong|incorrect|malformed|unknown|not (?:valid|entered|found|specified|exist)"
    r"|недейств|невер|некоррект|просроч|ист[её]к|отозван|не (?:указан|найден|передан|действ|введ|существ))"
)
_BAD_TOKEN = re.compile(
    rf"{_NAME}.{{0,40}}{_BAD}|{_BAD}.{{0,40}}{_NAME}|authori[sz]ation error|ошибка авторизации", re.IGNORECASE
)
# A header's name stands untranslated in the words: no such login, or an agency's own where an advertiser's is due.
_LOGIN = re.compile(r"Client-Login", re.IGNORECASE)
_XML = re.compile(rb"<(?:\w+:)?error(Code|Message|Detail)>(.*?)</", re.DOTALL)
_XML_ID = re.compile(rb"<(?:\w+:)?requestId>(.*?)</", re.DOTALL)


class NoAccess(Fatal):
    """One login cannot be read with this token; other logins may."""


class NameTaken(Fatal):
    """Other parameters live under this report name; another name may work."""


class NameSpent(Retriable):
    """The report of this name cannot be built; the same under another name may."""


class ReportTooLarge(Retriable):
    """The vendor cannot build so much at once; a shorter period may work."""


@dataclass(frozen=True)
class DirectError:
    """An error as Direct says it, whatever the shape it came in."""

    code: int
    words: str
    request_id: str
    names_the_token: bool = False
    names_the_login: bool = False

    @property
    def of_one_login(self) -> bool:
        """Whether another login may be read all the same."""
        return self.code in NO_ACCESS or (self.names_the_login and self.code not in HINTS)

    def __str__(self) -> str:
        return f"Direct error {self.code}: {self.words} (request id {self.request_id or 'unknown'})"


def error_in(raw: bytes) -> DirectError | None:
    """The error in a body, None when there is none to be read."""
    body = raw.lstrip()
    return _from_xml(body) if body.startswith(b"<") else _from_json(body) if body.startswith(b"{") else None


def find_error(response: Response) -> DirectError | None:
    """The error of an answer, with the request id of its header when its body has none."""
    found = error_in(response.content)
    if found is None or found.request_id:
        return found
    return replace(found, request_id=request_id(response))


def next_step(error: DirectError) -> str:
    if error.code == NO_POINTS:
        return "points are added every 60 minutes, at a minute of the account's own: run it again in an hour"
    if error.code in RATE_LIMITS | TEMPORARY:
        return "run it again later"
    other = NEW_LOGIN if error.of_one_login else "compare the request with the documentation of this code"
    return HINTS.get(error.code, other)


def request_id(response: Response) -> str:
    """The id support asks for; a header of every answer."""
    given: str = response.headers.get("RequestId", "")
    return given


class ServiceJudge:
    """The verdict on the answers to one request of a service. Waits are in seconds.

    `limit_wait` follows a request limit; `points_wait` is the first wait for points, which then grows by half of it.
    """

    def __init__(self, *, limit_wait: float = LIMIT_WAIT, points_wait: float = POINTS_WAIT) -> None:
        self._limit_wait = limit_wait
        self._points_wait = points_wait
        self._without_points = 0

    def __call__(self, response: Response) -> Verdict:
        error = find_error(response)
        if error is not None:
            return self._of_error(error, response)
        if not response.is_success:
            return _refused(response) if response.status_code in _REFUSED else default_judge(response)
        return Done() if is_json_object(response) else Again(f"{describe(response)} – not a whole JSON document")

    def _of_error(self, error: DirectError, response: Response) -> Verdict:
        if error.code in NO_ACCESS:
            return Stop(NoAccess(str(error), next_step=next_step(error)))
        if error.code not in RATE_LIMITS | TEMPORARY | {NO_POINTS} and not response.is_server_error:
            kind = NoAccess if error.of_one_login else Fatal
            return Stop(kind(str(error), next_step=next_step(error)))
        if error.names_the_token:
            return Stop(Fatal(str(error), next_step=NEW_TOKEN))
        if error.code in RATE_LIMITS:
            return Again(str(error), after=max(self._limit_wait, retry_in(response) or 0.0))
        if error.code == NO_POINTS:
            return Again(f"{error}; {next_step(error)}", after=self._next_points_wait())
        return Again(str(error))

    def _next_points_wait(self) -> float:
        wait = self._points_wait * min(1 + self._without_points / 2, LONGEST_POINTS_WAIT)
        self._without_points += 1
        return wait


class ReportJudge(ServiceJudge):
    """The verdict on the answers to one report request: the queue, and failures that a new name or period may cure."""

    def __init__(self, *, limit_wait: float = LIMIT_WAIT, points_wait: float = POINTS_WAIT, patience: int = 3) -> None:
        super().__init__(limit_wait=limit_wait, points_wait=points_wait)
        self._patience = patience
        self._troubles = 0

    def __call__(self, response: Response) -> Verdict:
        status = response.status_code
        if status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
            queue = response.headers.get("reportsInQueue", "?")
            after = retry_in(response)
            return Again(f"the report is being built, {queue} in the queue", POLL_WAIT if after is None else after)
        error = find_error(response)
        if error is not None and error.code == NAME_TAKEN:
            return Stop(NameTaken(str(error), next_step=next_step(error)))
        if status in {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY}:
            return self._trouble(response)
        if error is None and status == HTTPStatus.OK:
            return Done() if _is_table(response) else Again(f"{describe(response)} – not a table")
        return super().__call__(response)

    def _trouble(self, response: Response) -> Verdict:
        """500: the build failed, 502: it took too long. Both pass by themselves, or need another name, or period."""
        self._troubles += 1
        verdict = super().__call__(response)
        if self._troubles < self._patience or not isinstance(verdict, Again):
            return verdict
        if response.status_code == HTTPStatus.BAD_GATEWAY:
            return Stop(ReportTooLarge(verdict.reason))
        return Stop(NameSpent(verdict.reason))


def _is_table(response: Response) -> bool:
    """Whether the answer says it is TSV; a web server's page of regrets says it is HTML."""
    kind = response.headers.get("content-type", "")
    return "html" not in kind and "json" not in kind and "xml" not in kind


def retry_in(response: Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retryIn"]))
    except (KeyError, ValueError):
        return None


def _refused(response: Response) -> Verdict:
    what = f"access refused: HTTP {response.status_code} (request id {request_id(response) or 'unknown'})"
    kind = NoAccess if response.status_code == HTTPStatus.FORBIDDEN else Fatal
    return Stop(kind(what, next_step="check DIRECT_TOKEN and DIRECT_LOGINS"))


def _from_json(body: bytes) -> DirectError | None:
    try:
        error = anything_in(body)["error"]
        code = int(error["error_code"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    words = ": ".join(str(error[name]) for name in ("error_string", "error_detail") if error.get(name))
    return _said(code, words, str(error.get("request_id") or ""))


def _said(code: int, words: str, request_id: str) -> DirectError:
    """With what the words mean read before names and secrets are taken out of them."""
    about_token = _BAD_TOKEN.search(words) is not None
    about_login = _LOGIN.search(words) is not None
    return DirectError(code, vendor_words(words[:HTML_WORDS]), request_id, about_token, about_login)


def _from_xml(body: bytes) -> DirectError | None:
    parts = {name.decode(): text.decode("utf-8", "replace").strip() for name, text in _XML.findall(body)}
    if not parts.get("Code", "").isdigit():
        return None
    words = ": ".join(parts[name] for name in ("Message", "Detail") if parts.get(name))
    found = _XML_ID.search(body)
    return _said(int(parts["Code"]), words, found[1].decode("utf-8", "replace") if found else "")
