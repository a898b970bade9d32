"""What the API serves of the mailbox: search, messages, attachments, labels, history, with Gmail's habits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.gmail import mails, tree
from zakaz_dagster.dev.sandbox.gmail.answers import Refusal, not_found
from zakaz_dagster.dev.sandbox.gmail.mails import Sent
from zakaz_dagster.dev.sandbox.gmail.query import Envelope, compiled
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.moments import DAY, midnight

DEFAULT_PAGE, MAX_PAGE = 100, 500
ESTIMATE = 201  # as the vendor has it: a guess, never a count
HISTORY_DAYS = 7
SYSTEM = ("INBOX", "UNREAD", "SENT", "SPAM", "TRASH", "IMPORTANT")


@dataclass
class Kept:
    """What changes the mailbox: labels by message, label names by id, attachment ids and page tokens given out."""

    labels: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=lambda: {name: name for name in SYSTEM})
    attachments: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)


class Mailbox:
    """The mailbox at a moment."""

    def __init__(self, world: World, faults: Faults, kept: Kept, now: int) -> None:
        self.world, self.faults, self.kept, self.now = world, faults, kept, now

    def listing(self, query: str, label_ids: Sequence[str], size: int, page: str) -> dict[str, Any]:
        """Newest first, ids only; `messages` is absent when nothing is found."""
        try:
            test = compiled(query, self.now)
        except ValueError as error:
            raise Refusal(400, "invalidArgument", f"Invalid query: {error}") from None
        found = [
            mail
            for mail in reversed(self._sent())
            if test(self._envelope(mail)) and self._labels(mail).issuperset(label_ids)
        ]
        start = self._start(page)
        end = start + min(size, int(self.faults.get("page_cap", MAX_PAGE)))
        shown = found[start:end]
        answer: dict[str, Any] = {"resultSizeEstimate": ESTIMATE if found else 0, **self._next(end, len(found))}
        if shown:
            answer["messages"] = [{"id": mail.id, "threadId": mail.id} for mail in shown]
        return answer

    def message(self, message_id: str, form: str, metadata: list[str]) -> dict[str, Any]:
        mail = self._one(message_id)
        written = self._written(mail)
        shown: dict[str, Any] = {
            "id": mail.id, "threadId": mail.id, "labelIds": self._label_ids(mail), "snippet": "",
            "historyId": str(mail.at), "internalDate": str(mail.at * 1000), "sizeEstimate": len(written.as_bytes()),
        }  # fmt: skip
        if form == "raw":
            return {**shown, "raw": tree.base64url(mail.raw or written.as_bytes())}
        if form == "metadata":
            return {**shown, "payload": tree.headers_only(written, metadata)}
        if form == "minimal":
            return shown
        if form != "full":
            raise Refusal(400, "invalidArgument", "Invalid value at 'format'")
        inline = int(self.faults.get("inline_up_to", 0))
        top = tree.payload(written, lambda place, data: self._keep(mail, place, data), inline, self._proof(mail))
        return {"payload": top, **shown}

    def attachment(self, message_id: str, attachment_id: str) -> dict[str, Any]:
        self._one(message_id)
        owner, data = self.kept.attachments.get(attachment_id, ("", b""))
        if owner != message_id:
            raise Refusal(400, "invalidArgument", "Invalid attachment token")
        return {"size": len(data), "data": tree.base64url(data)}

    def modify(self, message_ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> None:
        unknown = [label for label in [*add, *remove] if label not in self.kept.names]
        if unknown:
            raise Refusal(400, "invalidArgument", f"Invalid label: {unknown[0]}")
        for message_id in message_ids:
            mail = self._one(message_id)
            self.kept.labels[mail.id] = (set(self._label_ids(mail)) | set(add)) - set(remove)

    def create_label(self, name: str) -> dict[str, Any]:
        if name in self.kept.names.values():
            raise Refusal(409, "aborted", "Label name exists or conflicts")
        label_id = f"Label_{len(self.kept.names)}"
        self.kept.names[label_id] = name
        return {"id": label_id, "name": name, "type": "user"}

    def labels(self) -> dict[str, Any]:
        return {
            "labels": [
                {"id": key, "name": name, "type": "system" if key in SYSTEM else "user"}
                for key, name in self.kept.names.items()
            ]
        }

    def history(self, start: str, size: int, page: str) -> dict[str, Any]:
        """Mails that arrived after a history id (here: a moment); an id that is too old is not found."""
        if not start.isdigit():
            raise Refusal(400, "invalidArgument", "Invalid startHistoryId")
        if self.faults.get("history_gone") or int(start) < self.now - HISTORY_DAYS * DAY:
            raise not_found()
        new = [mail for mail in self._sent() if mail.at > int(start)]
        first = self._start(page)
        answer: dict[str, Any] = {"historyId": str(self.now), **self._next(first + size, len(new))}
        if new[first : first + size]:
            answer["history"] = [self._added(mail) for mail in new[first : first + size]]
        return answer

    def profile(self) -> dict[str, Any]:
        total = len(self._sent())
        return {"emailAddress": "owner@planted-buyer.example", "messagesTotal": total, "threadsTotal": total,
                "historyId": str(self.now)}  # fmt: skip

    def _sent(self, first: int | None = None, last: int | None = None) -> list[Sent]:
        """Oldest first. `visible=[ids]` hides the others, `put=[{id, at, eml}]` adds; `empty` leaves only those."""
        start, end = midnight(self.world.start) if first is None else first, self.now if last is None else last
        found = [] if self.faults.get("empty") else list(mails.sent(self.world, start, min(end, self.now)))
        found += [mails.put(switch) for switch in self.faults.get("put", [])]
        visible = self.faults.get("visible")
        return sorted(
            (mail for mail in found if mail.at <= self.now and (visible is None or mail.id in visible)),
            key=lambda mail: (mail.at, mail.id),
        )

    def _one(self, message_id: str) -> Sent:
        """The mail; one in `gone=[ids]` is listed but no longer there."""
        at = mails.moment_of(message_id)
        found = next((mail for mail in self._sent(at, at) if mail.id == message_id), None)
        if found is None or message_id in self.faults.get("gone", []):
            raise not_found()
        return found

    def _written(self, mail: Sent) -> EmailMessage:
        if mail.raw:
            return message_from_bytes(mail.raw, policy=policy.default)
        return mails.written(self.world, mail, wrong_total=mail.id in self.faults.get("wrong_totals", []))

    def _proof(self, mail: Sent) -> str:
        """As Gmail writes it. `unproved=[ids]` are mails whose signature and server are not their sender's."""
        domain = parseaddr(self._envelope(mail).sender)[1].rpartition("@")[2] or "unknown.example"
        result = "fail" if mail.id in self.faults.get("unproved", []) else "pass"
        return (
            f'mx.google.com; dkim={result} header.i=@{domain} header.s=s1 header.b="AbC/d+eF"; spf={result} '
            f"(google.com: domain of bounce@{domain} designates 192.0.2.7 as permitted sender) "
            f"smtp.mailfrom=bounce@{domain}; dmarc={result} (p=NONE sp=NONE dis=NONE) header.from={domain}"
        )

    def _envelope(self, mail: Sent) -> Envelope:
        if mail.raw:
            message = self._written(mail)
            sender, subject = str(message["From"] or ""), str(message["Subject"] or "")
            return Envelope(sender, subject, mail.at, frozenset(self._labels(mail)), attached=True)
        return Envelope(mails.sender(mail), mails.subject(mail), mail.at, frozenset(self._labels(mail)), attached=True)

    def _labels(self, mail: Sent) -> set[str]:
        """Ids and names: a search goes by name, `labelIds` by id."""
        ids = self._label_ids(mail)
        return {*ids, *(self.kept.names[label] for label in ids)}

    def _label_ids(self, mail: Sent) -> list[str]:
        return sorted(self.kept.labels.get(mail.id, {"INBOX", "UNREAD"}))

    def _keep(self, mail: Sent, place: str, data: bytes) -> str:
        """Another id at every reading, as the vendor does; each works with its own message only."""
        attachment_id = tree.base64url(f"{mail.id}|{place}|{len(self.kept.attachments)}|{'x' * 120}".encode())
        self.kept.attachments[attachment_id] = (mail.id, data)
        return attachment_id

    def _added(self, mail: Sent) -> dict[str, Any]:
        ref = {"id": mail.id, "threadId": mail.id}
        added = {"message": {**ref, "labelIds": self._label_ids(mail)}}
        return {"id": str(mail.at), "messages": [ref], "messagesAdded": [added]}

    def _next(self, end: int, total: int) -> dict[str, str]:
        """A token for the next page, if there is one."""
        if end >= total:
            return {}
        token = f"{9_876_543_210 + len(self.kept.pages)}"
        self.kept.pages[token] = end
        return {"nextPageToken": token}

    def _start(self, page: str) -> int:
        """The place a page token stands for; `expired_pages=N` refuses the next N."""
        if not page:
            return 0
        left = int(self.faults.get("expired_pages", 0))
        if left or page not in self.kept.pages:
            self.faults.switches["expired_pages"] = max(0, left - 1)
            raise Refusal(400, "invalidArgument", "Invalid pageToken")
        return self.kept.pages[page]
