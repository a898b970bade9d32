"""ClickHouse's errors: code, text, HTTP status.

Belongs here: the error type and its translations. Does not: deciding that something is wrong.
"""

from __future__ import annotations

import re

BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
SYNTAX_ERROR = 62
UNKNOWN_FORMAT = 73
INCORRECT_DATA = 117
TIMEOUT_EXCEEDED = 159
READONLY = 164
REQUIRED_PASSWORD = 194
QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
QUERY_IS_TOO_LARGE = 229
CANNOT_DECOMPRESS = 271
INTO_OUTFILE_NOT_ALLOWED = 358
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
INVALID_SESSION_TIMEOUT = 374
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
UNSUPPORTED_MEDIA_TYPE = 779
UNKNOWN_EXCEPTION = 1002

_NAMES = {
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_FORMAT: "UNKNOWN_FORMAT",
    INCORRECT_DATA: "INCORRECT_DATA",
    TIMEOUT_EXCEEDED: "TIMEOUT_EXCEEDED",
    READONLY: "READONLY",
    REQUIRED_PASSWORD: "REQUIRED_PASSWORD",
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
    QUERY_IS_TOO_LARGE: "QUERY_IS_TOO_LARGE",
    CANNOT_DECOMPRESS: "CANNOT_DECOMPRESS",
    INTO_OUTFILE_NOT_ALLOWED: "INTO_OUTFILE_NOT_ALLOWED",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    SESSION_IS_LOCKED: "SESSION_IS_LOCKED",
    INVALID_SESSION_TIMEOUT: "INVALID_SESSION_TIMEOUT",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
    UNKNOWN_EXCEPTION: "UNKNOWN_EXCEPTION",
}

# A server's own table (exceptionCodeToHTTPStatus); whatever is not listed is 500.
_STATUS = {
    REQUIRED_PASSWORD: 401,
    **dict.fromkeys((192, 193, ACCESS_DENIED, 512, AUTHENTICATION_FAILED), 403),
    **dict.fromkeys((6, 8, 15, 25, 26, 27, BAD_ARGUMENTS, 37, 38, 41, 44, 53, SYNTAX_ERROR), 400),
    **dict.fromkeys((72, INCORRECT_DATA, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676), 400),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, UNKNOWN_FORMAT, 78, 81, 115, 152, 336, 511), 404),
    QUERY_IS_TOO_LARGE: 413,
    NOT_IMPLEMENTED: 501,
    **dict.fromkeys((76, 209, 439), 503),
    381: 411,
    TIMEOUT_EXCEEDED: 408,
    UNSUPPORTED_MEDIA_TYPE: 415,
}

_TEXT = re.compile(r"Code: (\d+)\. DB::(?:Errno)?Exception: (.*)", re.DOTALL)
# The engine repeats itself when a file could not be written: "Code: 73. DB::Exception: Code: 73. ...".
_NESTED = re.compile(r"^(?:Code: \d+\. DB::(?:Errno)?Exception: )+")
_REPEATED_NAME = re.compile(r"( \([A-Z_]+\))(?:\1)+\s*$")
_VERSION = re.compile(r"\s*\(version [^()]*(?:\([^()]*\))?\)\.?(?= \([A-Z_]+\)|\s*$)")


class ClickHouseError(Exception):
    """One refusal, with the code a client switches on."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"Code: {code}. DB::Exception: {message}")

    @classmethod
    def refuse(cls, code: int, message: str) -> ClickHouseError:
        """An error of this endpoint's own making, named as the engine names its own."""
        return cls(code, f"{message}. ({_NAMES[code]})")

    @classmethod
    def from_engine(cls, text: str) -> ClickHouseError:
        """The engine's message, without the wrappers of its Python layer and without repeated prefixes."""
        found = _TEXT.search(text)
        if found is None:
            return cls.refuse(UNKNOWN_EXCEPTION, text.strip() or "the engine failed without a message")
        message = _VERSION.sub("", _NESTED.sub("", found.group(2)))
        return cls(int(found.group(1)), _REPEATED_NAME.sub(r"\1", message).strip())

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 500)

    def body(self, version: str) -> bytes:
        """The response body, as a server of this version words it."""
        return f"{self} (version {version} (official build))\n".encode()
