"""A mail as the reader sees it: leaves with their bytes, however it was obtained.

Belongs here: the shape between the trees (`tree`, `eml`) and the reading of parts. Does not: subjects, senders and
recipients: they are personal and are dropped where a tree is walked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from zakaz_dagster.timezone import MOSCOW

SAME_AS_HTML = "the same content as the HTML part beside it"
_FORWARDED = re.compile(
    r"\s*(?:(?:re|aw|ответ|отв)(?:\[\d+\])?\s*:\s*)*(?:fwd?|вл|переслано|пересылка|пересланное(?: сообщение)?)\s*:",
    re.IGNORECASE,
)
EARLIEST, LATEST = datetime(2000, 1, 2, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{2,40})""", re.IGNORECASE)


@dataclass(frozen=True)
class Enclosed:
    """The mail within the mail that a leaf belongs to: its place, and the date in its own header if readable."""

    path: str
    dated: datetime | None


@dataclass(frozen=True)
class Leaf:
    """A part without parts. `path` is its place in the tree (partId may be absent, attachment ids do not last).

    `data` is None until it was fetched by `attachment_id`. `superseded` says why a part need not be read at all.
    """

    path: str
    mime: str
    filename: str = ""
    charset: str = ""
    attached: bool = False
    size: int = 0
    data: bytes | None = None
    attachment_id: str = ""
    superseded: str = ""
    fault: str = ""
    enclosed: Enclosed | None = None

    @property
    def extension(self) -> str:
        return self.filename.rpartition(".")[2].lower() if "." in self.filename else ""


@dataclass(frozen=True)
class Mail:
    """`received_at` is when the mailbox got it (UTC); None for a file that does not say."""

    message_id: str
    received_at: datetime | None
    is_forward: bool
    leaves: Sequence[Leaf]


def is_forward(subject: str) -> bool:
    """Somebody passed an earlier mail on: its figures are as old as that one."""
    return _FORWARDED.match(subject) is not None


def charset_of(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    return found[1] if found else ""


def header_date(text: str) -> datetime | None:
    """A Date header as an aware moment; None when it is absent or not of this century."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or MOSCOW) if EARLIEST.year <= moment.year <= LATEST.year else None


def epoch_ms(text: str) -> datetime | None:
    """Gmail's internalDate. Imported mail may bear any date of its sender's: it is kept within this century."""
    if not text.removeprefix("-").isdigit():
        return None
    seconds = max(EARLIEST.timestamp(), min(int(text) / 1000, LATEST.timestamp()))
    return datetime.fromtimestamp(seconds, UTC)
