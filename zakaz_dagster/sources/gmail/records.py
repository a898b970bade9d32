"""Gmail's answers as far as they are read (users.messages.get with format=full, lists, history).

Keys that may be absent have defaults: an empty list has no `messages`, container parts may lack `partId`, an
attachment has no `data`. Belongs here: shapes. Does not: the tree's meaning (`mime_tree`).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources.base import decode

SOURCE = "gmail"
T = TypeVar("T")
_NEXT = "compare it with the API's reference; `zakaz inspect gmail-message FILE` reads a saved one"


class Header(msgspec.Struct):
    name: str
    value: str


class Body(msgspec.Struct, rename="camel"):
    size: int = 0
    data: str = ""
    attachment_id: str = ""


class Decoded(Body):
    """The body of a mail's source, whose bytes are at hand."""

    content: bytes = b""


class Part(msgspec.Struct, rename="camel"):
    mime_type: str
    filename: str = ""
    headers: list[Header] = []
    body: Body = msgspec.field(default_factory=Body)
    parts: list[Part] = []

    def header(self, name: str) -> str:
        """The first value of a header, '' when it is absent; names come in any case."""
        return next((each.value for each in self.headers if each.name.lower() == name), "")


class Message(msgspec.Struct, rename="camel"):
    """`internalDate` is Gmail's moment of arrival, epoch milliseconds as text. `raw` comes with format=raw only."""

    id: str
    internal_date: str = ""
    label_ids: list[str] = []
    payload: Part | None = None
    raw: str = ""


class Ref(msgspec.Struct):
    id: str


class MessagePage(msgspec.Struct, rename="camel"):
    """An empty list has no `messages`, but its `resultSizeEstimate`; otherwise that is a guess and is not read."""

    messages: list[Ref] | None = None
    next_page_token: str = ""
    result_size_estimate: int | None = None


class Arrived(msgspec.Struct):
    message: Ref


class Change(msgspec.Struct, rename="camel"):
    messages_added: list[Arrived] = []


class HistoryPage(msgspec.Struct, rename="camel"):
    history_id: str
    history: list[Change] = []
    next_page_token: str = ""


class Attachment(msgspec.Struct):
    data: str
    size: int = 0


class Label(msgspec.Struct):
    id: str
    name: str


class Labels(msgspec.Struct):
    """Never empty: the mailbox's own labels are always there."""

    labels: list[Label]


class Profile(msgspec.Struct, rename="camel"):
    """`emailAddress` is personal and is not read."""

    history_id: str
    messages_total: int = 0


def shaped(body: bytes, shape: type[T], what: str) -> T:
    """The answer in its shape; a difference names the field's path."""
    return decode(body, shape, source=SOURCE, what=what, next_step=lambda _: _NEXT)


def changed(what: str) -> ShapeChanged:
    """The failure for an answer of another shape."""
    return ShapeChanged(what, source=SOURCE, expected="the documented shape of the Gmail API, v1", next_step=_NEXT)
