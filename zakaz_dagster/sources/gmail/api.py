"""The Gmail API over Google's own library: one request at a time, asked again by reason, never in batches.

The address is a setting; the API's description comes with the library, so nothing is fetched to build requests.
Belongs here: requests and their errors. Does not: what is in a mail.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, TypeVar

import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google_auth_httplib2 import AuthorizedHttp  # type: ignore[import-untyped]
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from zakaz_dagster.errors import Failure, Fatal, Retriable
from zakaz_dagster.parsing.json_text import is_json
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.sources.gmail.auth import remedy
from zakaz_dagster.sources.gmail.errors import Act, Problem
from zakaz_dagster.sources.gmail.mime_tree import from_base64url
from zakaz_dagster.sources.gmail.records import (
    SOURCE,
    Attachment,
    HistoryPage,
    Label,
    Labels,
    Message,
    MessagePage,
    Profile,
    changed,
    shaped,
)
from zakaz_dagster.transport.log import Stats, log_request
from zakaz_dagster.transport.retries import GaveUp, TryAgain, until_done

USER = "me"
MAX_MODIFIED = 1000
# The connection, or the answer on its way: the same request may succeed.
_BROKEN = (OSError, HTTPException, httplib2.HttpLib2Error, TransportError)
# What the library raises over an error body of a shape it does not know.
_ODD = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
_NOTHING = b"{}"  # stands for an answer without content
T = TypeVar("T")


@dataclass(frozen=True)
class ApiConfig:
    """`endpoint` without the version. `deadline` is how long one request is asked again."""

    endpoint: str = "https://gmail.googleapis.com"
    page_size: int = 100
    timeout: float = 30.0
    deadline: float = 300.0


class Gone(Exception):
    """The thing asked for is not there (any more); `failure` is for callers to whom that is one."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


@dataclass(frozen=True)
class Arrivals:
    """Mails that came since a history id; `cursor` is where to go on. `resync`: the id was too old, list anew."""

    ids: Sequence[str]
    cursor: str
    resync: bool = False


class GmailApi:
    """One mailbox. Not for several threads at once: the library's connection is not."""

    def __init__(self, config: ApiConfig, credentials: Any) -> None:
        self.config = config
        self.stats = Stats()
        self._credentials = credentials
        self._users: Any = None

    def ids(self, query: str) -> Iterator[str]:
        """Every message the query finds, newest first, each once; a page token that expired starts the list anew."""
        seen: set[str] = set()
        pages: set[str] = set()
        page, restarts = "", 1
        while True:
            try:
                found = self._page(query, page)
            except Fatal:
                if not page or not restarts:
                    raise
                page, restarts = "", restarts - 1
                pages.clear()
                continue
            for ref in found.messages or ():
                if ref.id not in seen:
                    seen.add(ref.id)
                    yield ref.id
            page = _following(found.next_page_token, pages, "messages.list")
            if not page:
                return

    def message(self, message_id: str) -> Message | None:
        """The message with its tree; None when it was deleted meanwhile."""
        request = self._resource().messages().get(userId=USER, id=message_id, format="full")
        try:
            found = shaped(self._done(request, "messages.get"), Message, "messages.get")
        except Gone:
            return None
        if found.payload is None:
            raise changed("messages.get: no `payload`")
        return found

    def attachment(self, message_id: str, attachment_id: str) -> bytes | None:
        """An attachment's bytes; None when its message was deleted meanwhile."""
        request = self._resource().messages().attachments().get(userId=USER, messageId=message_id, id=attachment_id)
        try:
            found = shaped(self._done(request, "attachments.get"), Attachment, "attachments.get")
        except Gone:
            return None
        return from_base64url(found.data)

    def arrivals(self, cursor: str) -> Arrivals:
        """Mails added since a history id."""
        ids: dict[str, None] = {}
        pages: set[str] = set()
        page = ""
        while True:
            request = (
                self._resource()
                .history()
                .list(
                    userId=USER,
                    startHistoryId=cursor,
                    historyTypes=["messageAdded"],
                    **({"pageToken": page} if page else {}),
                )
            )
            try:
                found = shaped(self._done(request, "history.list"), HistoryPage, "history.list")
            except Gone:
                return Arrivals((), self.profile().history_id, resync=True)
            ids |= dict.fromkeys(added.message.id for change in found.history for added in change.messages_added)
            page = _following(found.next_page_token, pages, "history.list")
            if not page:
                return Arrivals(tuple(ids), found.history_id)

    def profile(self) -> Profile:
        """The mailbox's size and newest history id."""
        return self._present(self._resource().getProfile(userId=USER), Profile, "getProfile")

    def mark(self, message_ids: Sequence[str], label: str) -> None:
        """Put a label on messages; it is created if it is not there."""
        label_id = self._label_id(label)
        for start in range(0, len(message_ids), MAX_MODIFIED):
            body = {"ids": list(message_ids[start : start + MAX_MODIFIED]), "addLabelIds": [label_id]}
            request = self._resource().messages().batchModify(userId=USER, body=body)
            self._present(request, object, "messages.batchModify")

    def _page(self, query: str, page: str) -> MessagePage:
        more = {"pageToken": page} if page else {}
        request = self._resource().messages().list(userId=USER, q=query, maxResults=self.config.page_size, **more)
        found = self._present(request, MessagePage, "messages.list")
        is_empty = not found.messages and not found.next_page_token
        if is_empty and (found.result_size_estimate is None or (found.result_size_estimate and not page)):
            raise changed("messages.list: no `messages`, and no `resultSizeEstimate` of 0, which an empty list has")
        return found

    def _label_id(self, name: str) -> str:
        known = self._labels()
        if name in known:
            return known[name]
        made = self._resource().labels().create(userId=USER, body={"name": name})
        try:
            return self._present(made, Label, "labels.create").id
        except Fatal:
            # Another run, or an attempt whose answer was lost, may have created it.
            known = self._labels()
            if name not in known:
                raise
            return known[name]

    def _labels(self) -> dict[str, str]:
        found = self._present(self._resource().labels().list(userId=USER), Labels, "labels.list")
        return {label.name: label.id for label in found.labels}

    def _resource(self) -> Any:
        if self._users is None:
            wire = httplib2.Http(timeout=self.config.timeout)
            wire.follow_redirects = False  # nobody else is to be sent the token, or the keys of its renewal
            http = AuthorizedHttp(self._credentials, http=wire)
            service = build(
                "gmail",
                "v1",
                http=http,
                client_options={"api_endpoint": self.config.endpoint},
                cache_discovery=False,
                static_discovery=True,
            )
            self._users = service.users()
        return self._users

    def _present(self, request: Any, shape: type[T], what: str) -> T:
        """The answer of something that is always there."""
        try:
            return shaped(self._done(request, what), shape, what)
        except Gone as gone:
            raise gone.failure from None

    def _done(self, request: Any, what: str) -> bytes:
        """The answer, whole JSON; asked again while that can help, within the deadline. Raises Gone."""
        try:
            return until_done(
                lambda attempt: self._attempt(request, what, attempt),
                deadline=self.config.deadline,
                waited=self.stats.waited,
            )
        except GaveUp as gave_up:
            raise Retriable(
                f"{what} did not succeed in {gave_up.seconds:.0f} s and {gave_up.attempts} request(s). "
                f"Last: {gave_up.reason}",
                retry_after=gave_up.after,
                source=SOURCE,
                expected="an answer of the Gmail API in JSON",
                next_step="run it again later; the mails stay in the mailbox",
            ) from None

    def _attempt(self, request: Any, what: str, attempt: int) -> bytes:
        started, outcome, size = time.monotonic(), "failed", 0
        request.postproc = lambda _, content: content  # decoded where its shape is known
        self.stats.sent(attempt=attempt)
        try:
            answer: bytes = request.execute(num_retries=0).strip() or _NOTHING
        except HttpError as error:
            outcome, size = str(error.status_code), len(error.content)
            raise self._exception(error, what) from None
        except RefreshError as error:
            raise self._refused(error) from None
        except (*_BROKEN, *_ODD) as error:
            outcome = type(error).__name__
            raise TryAgain(f"{what}: {outcome}: {vendor_words(str(error))[:200]}") from None
        except GoogleAuthError as error:
            raise Fatal(vendor_words(f"{what}: {error}"), source=SOURCE, next_step=remedy(self._credentials)) from None
        else:
            outcome, size = "200", len(answer)
            if not is_json(answer):  # cut, or a proxy's page
                raise TryAgain(f"{what}: the answer is not JSON")
            return answer
        finally:
            ms = (time.monotonic() - started) * 1000
            log_request(SOURCE, request.method, what, outcome=outcome, ms=ms, size=size, attempt=attempt)

    def _exception(self, error: HttpError, what: str) -> Exception:
        problem = Problem.of(int(error.status_code), error.content)
        if problem.act is Act.AGAIN:
            return TryAgain(str(problem.failure(what).what), problem.wait(error.resp, datetime.now(UTC)))
        return Gone(problem.failure(what)) if problem.act is Act.GONE else problem.failure(what)

    def _refused(self, error: RefreshError) -> Exception:
        """The token endpoint said no: for good if the consent was withdrawn or has expired."""
        words = vendor_words(str(error.args[0] if error.args else error))
        if getattr(error, "retryable", False):
            return TryAgain(f"token: {words}")
        return Fatal(f"access to the mailbox was refused: {words}", source=SOURCE, next_step=remedy(self._credentials))


def _following(token: str, pages: set[str], what: str) -> str:
    """The next page's token, '' after the last; one that came before would be followed for ever."""
    if token in pages:
        raise changed(f"{what}: `nextPageToken` names a page that was read before")
    pages.add(token)
    return token
