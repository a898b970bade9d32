"""Why TLS was refused, each cause with its own sentence and its own step.

Belongs here: the words for the causes that Python's `ssl` tells apart. Does not: making connections.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import asdict, dataclass

# What OpenSSL says (the code of a verification, else the reason), in words, and the step, with the settings' names.
ABSENT = ("the file of {authority} is not there", "correct {authority}, or put the file back")
UNKNOWN = (
    "its certificate is of an authority that is not trusted here",
    "set {authority} to that authority's PEM file",
)
OTHER_NAME = (
    "its certificate is for another name",
    "set {host} to a name of the certificate, or issue it for this one",
)
NO_TLS = ("nothing there speaks TLS", "correct {security} and {port}")
NO_PEM = ("the file of {authority} holds no certificate", "put a certificate in PEM form there")
OTHER = ("{reason}", "check {security}, {port} and {authority}")
BY_CODE = {
    9: ("its certificate is not valid yet", "correct the clock of this machine or of the server"),
    10: ("its certificate has expired", "renew the certificate on the server"),
    62: OTHER_NAME,
    64: OTHER_NAME,
}
BY_REASON = {
    **dict.fromkeys(("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF_WHILE_READING"), NO_TLS),
    **dict.fromkeys(("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE", "PEM_LIB", "NOT_ENOUGH_DATA"), NO_PEM),
}


@dataclass(frozen=True)
class Names:
    """What the settings of a connection are called."""

    host: str
    port: str
    security: str
    authority: str


@dataclass(frozen=True)
class Refusal:
    """What is wrong, and what to do about it."""

    what: str
    step: str


def refusal(error: BaseException, names: Names) -> Refusal | None:
    """Why TLS with the server was refused; None when the error has nothing to do with TLS."""
    causes = list(_causes(error))
    found = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if found is None and not any(isinstance(cause, FileNotFoundError) for cause in causes):
        return None
    what, step = ABSENT if found is None else _words(found)
    reason = (found.reason or "refused" if found else "").lower().replace("_", " ")
    given = {**asdict(names), "reason": reason}
    return Refusal(what.format(**given), step.format(**given))


def _words(error: ssl.SSLError) -> tuple[str, str]:
    code = getattr(error, "verify_code", 0)
    return BY_CODE.get(code, UNKNOWN) if code else BY_REASON.get(error.reason or "", OTHER)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it wraps: its cause, its arguments, urllib3's `reason`."""
    seen: list[BaseException | None] = []
    pending: list[object] = [error]
    while pending:
        found = pending.pop(0)
        if isinstance(found, BaseException) and found not in seen:
            seen.append(found)
            yield found
            pending += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]
