"""The one HTTP client: paced, retried by verdict, bounded, logged without secrets.

Belongs here: one call from its arguments to a good answer or a failure. Does not: vendors, waiting rules (`retries`),
what an answer means (`answer`). The retry rule: a request is repeated after a network error or a 5xx only when it
is a GET or is marked `repeatable`, because the server may have acted on it; one that never connected always is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from ipaddress import ip_address
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, BinaryIO, Self, cast
from urllib.parse import urlsplit

import httpx

from zakaz_dagster.errors import Failure, Fatal, Retriable
from zakaz_dagster.redaction import SECRET_NAMES, scrub, vendor_words
from zakaz_dagster.transport.answer import ACCEPT_ENCODING, CHUNK, Again, Judge, Stop, default_judge, read_into
from zakaz_dagster.transport.log import Stats, log_request
from zakaz_dagster.transport.retries import GaveUp, Pace, TryAgain, until_done

Headers = Mapping[str, str]
MEGABYTE = 1_000_000
IN_MEMORY = 4 * MEGABYTE  # a streamed body larger than this waits in a temporary file
HEAD = 4096  # of a streamed body, for the judge
CONNECT_TIMEOUT = 15.0
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError)
_BROKEN = (httpx.RequestError, httpx.StreamError, httpx.InvalidURL, UnicodeError)
_DESCRIBES_WIRE = {"content-encoding", "content-length", "transfer-encoding"}


@dataclass(frozen=True)
class Call:
    """One request as the caller meant it, whatever number of attempts it takes."""

    method: str
    path: str
    content: Mapping[str, Any]
    headers: Headers
    day: date | str | None
    repeatable: bool
    judge: Judge | None


@dataclass(frozen=True)
class Download:
    """A whole body, received and checked for completeness, waiting in `file` from its first byte."""

    response: httpx.Response
    file: BinaryIO
    size: int

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(CHUNK):
            yield chunk


class HttpClient:
    """A vendor's HTTP surface. Thread-safe; one per source, closed by its owner."""

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Callable[[], Headers] | Headers | None = None,
        timeout: float = 30.0,
        deadline: float = 300.0,
        deadline_setting: str = "",
        requests_per_second: float | None = None,
        judge: Judge = default_judge,
        allow: Callable[[Call], bool] | None = None,
        secrets: Iterable[str] = (),
        stats: Stats | None = None,
        max_bytes: int = 256 * MEGABYTE,
    ) -> None:
        self.source = source
        self.stats = stats if stats is not None else Stats()
        self._base_url = base_url.rstrip("/")
        self._headers = headers if callable(headers) else lambda: headers or {}
        self._deadline = deadline
        self._deadline_name = deadline_setting or "the deadline setting of this source"
        self._pace = Pace(requests_per_second)
        self._judge = judge
        self._allow = allow
        self._secrets = {secret for secret in secrets if secret}
        self._max_bytes = max_bytes
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT)),
            follow_redirects=False,
            headers={"User-Agent": "zakaz-dagster", "Accept-Encoding": ACCEPT_ENCODING},
            trust_env=not _is_loopback(self._base_url),  # a system proxy cannot reach our own loopback servers
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        data: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Headers | None = None,
        day: date | str | None = None,
        repeatable: bool = False,
        judge: Judge | None = None,
    ) -> httpx.Response:
        """A good answer with its body read (at most `max_bytes`).

        `path` is appended to the base URL, `params` become its query; of the bodies `json` (sent with GET as well),
        `data` (a form) and `content` (bytes) one is given. `day` names what was asked for in failures. `repeatable`: a
        request that is no GET may be sent again after a network error or a 5xx. `judge` stands in for the client's own.
        Attempts go on until the judge is content or the client's `deadline` (seconds) ends. Raises Retriable when it
        ended or the same call may succeed later, Fatal when it cannot, or the failure of the judge; their texts name
        source and day and hold no secret.
        """
        body = {"params": params, "json": json, "data": data, "content": content}
        call = Call(method.upper(), path, body, headers or {}, day, repeatable or method.upper() in SAFE_METHODS, judge)
        return self._settle(call, None)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Headers | None = None,
        day: date | str | None = None,
        repeatable: bool = False,
        judge: Judge | None = None,
    ) -> Iterator[Download]:
        """A good answer of any size, complete before the first byte is given out, so a broken one is retried too.

        Of a 200 the judge sees status, headers and the beginning of the body; of anything else the whole.
        """
        body = {"params": params, "json": json}
        call = Call(method.upper(), path, body, headers or {}, day, repeatable or method.upper() in SAFE_METHODS, judge)
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            file = cast("BinaryIO", spool)
            response = self._settle(call, file)
            size = file.tell()
            file.seek(0)
            yield Download(response, file, size)

    def _settle(self, call: Call, into: BinaryIO | None) -> httpx.Response:
        """Attempts until the judge is content; every way out is a Failure without secrets."""
        if self._allow is not None and not self._allow(call):
            raise Fatal(f"{call.method} {call.path} is not on the list of allowed requests", source=self.source)
        must_end = time.monotonic() + self._deadline
        try:
            return until_done(
                lambda attempt: self._attempt(call, into, attempt, must_end),
                deadline=self._deadline,
                waited=self.stats.waited,
            )
        except GaveUp as gave_up:
            failure: Failure = self._deadline_failure(call, gave_up)
        except Failure as stopped:
            failure = self._located(stopped, call)
        raise failure

    def _attempt(self, call: Call, into: BinaryIO | None, attempt: int, must_end: float) -> httpx.Response:
        self.stats.waited(self._pace.wait())
        self.stats.sent(attempt=attempt)
        response = self._exchange(call, into, attempt, must_end)
        verdict = (call.judge or self._judge)(response)
        if isinstance(verdict, Stop):
            raise verdict.failure
        if isinstance(verdict, Again):
            if response.is_server_error and not call.repeatable:
                raise Retriable(verdict.reason, retry_after=verdict.after, expected="a request that is safe to repeat")
            raise TryAgain(verdict.reason, verdict.after)
        return response

    def _exchange(self, call: Call, into: BinaryIO | None, attempt: int, must_end: float) -> httpx.Response:
        """One request on the wire, with its log line; network errors become TryAgain or a Failure."""
        started = time.monotonic()
        outcome: int | str = "failed"
        size = 0
        problem: Exception
        try:
            request = self._build(call)
            reply = self._http.send(request, stream=True)
            try:
                outcome = reply.status_code
                return self._read(reply, into, must_end)
            finally:
                size = reply.num_bytes_downloaded
                reply.close()
        except (*_BROKEN, TryAgain) as error:
            outcome = f"{outcome} {type(error).__name__}"
            problem = self._network_problem(call, error)
        finally:
            self.stats.received(size)
            ms = (time.monotonic() - started) * 1000
            log_request(self.source, call.method, call.path, outcome=outcome, ms=ms, size=size, attempt=attempt)
        raise problem  # outside the handler: the httpx error, which knows the whole URL, does not travel along

    def _build(self, call: Call) -> httpx.Request:
        headers = {**self._headers(), **call.headers}
        for name, value in headers.items():
            if name.lower() in SECRET_NAMES:
                self._secrets = self._secrets | {value, value.rpartition(" ")[2]}  # a new set: other threads read it
        given = {name: value for name, value in call.content.items() if value is not None}
        return self._http.build_request(call.method, self._base_url + call.path, headers=headers, **given)

    def _read(self, reply: httpx.Response, into: BinaryIO | None, must_end: float) -> httpx.Response:
        """The body within its bounds: into the file when there is one and the answer is 200, else into memory."""
        if into is not None:
            into.seek(0)
            into.truncate()
        to_file = into is not None and reply.status_code == httpx.codes.OK
        target = cast("BinaryIO", into) if to_file else BytesIO()
        read_into(reply, target, most=sys.maxsize if to_file else self._max_bytes, must_end=must_end)
        content = _head(target) if to_file else cast("BytesIO", target).getvalue()
        kept = [(name, value) for name, value in reply.headers.multi_items() if name.lower() not in _DESCRIBES_WIRE]
        return httpx.Response(reply.status_code, headers=kept, content=content, request=reply.request)

    def _network_problem(self, call: Call, error: Exception) -> Exception:
        kind = "broken body" if isinstance(error, TryAgain) else type(error).__name__
        reason = f"{kind}: {scrub(str(error), self._secrets)}".rstrip(": ")
        if isinstance(error, _HOPELESS) or "CERTIFICATE_VERIFY_FAILED" in reason:
            return Fatal(f"{call.method} {call.path}: {reason}", next_step="check the base URL and the certificates")
        if call.repeatable or isinstance(error, _NEVER_CONNECTED):
            return TryAgain(reason)
        return Retriable(f"{call.method} {call.path}: {reason}", expected="an answer; whether it was done is unknown")

    def _deadline_failure(self, call: Call, gave_up: GaveUp) -> Retriable:
        asked = f"; the server asked to wait {gave_up.after:.0f} s" if gave_up.after else ""
        return Retriable(
            vendor_words(
                f"{call.method} {call.path} did not succeed in {gave_up.seconds:.0f} s and {gave_up.attempts} "
                f"request(s). Last: {gave_up.reason}{asked}",
                self._secrets,
            ),
            retry_after=gave_up.after,
            source=self.source,
            day=call.day,
            expected=f"an answer within {self._deadline:g} s ({self._deadline_name})",
            next_step="run it again later",
        )

    def _located(self, failure: Failure, call: Call) -> Failure:
        """The same failure, naming source and day when it did not, without secrets and people."""
        about: dict[str, Any] = {
            "source": failure.source or self.source,
            "day": failure.day or call.day,
            "expected": scrub(failure.expected, self._secrets),
            "next_step": failure.next_step,
        }
        if isinstance(failure, Retriable):
            about["retry_after"] = failure.retry_after
        return type(failure)(vendor_words(failure.what, self._secrets), **about)


def _head(file: BinaryIO) -> bytes:
    end = file.tell()
    file.seek(0)
    head = file.read(HEAD)
    file.seek(end)
    return head


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
