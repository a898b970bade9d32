"""The sandbox's mailbox through the real client: token file, API, mailbox, and mails put into it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from zakaz_dagster.seeds import city_index, seed
from zakaz_dagster.sources.gmail.api import ApiConfig, GmailApi
from zakaz_dagster.sources.gmail.auth import READ_ONLY, Access, credentials
from zakaz_dagster.sources.gmail.report_lines import Reading, sales_columns
from zakaz_dagster.sources.gmail.senders import Senders
from zakaz_dagster.sources.gmail.source import Mailbox, Window, reader_of
from zakaz_dagster.tables.limits import Limits
from zakaz_dagster_tests.plugins.sandbox import NOW

QUERY = "{subject:QTickets from:qtickets.ru}"
SENDERS = Senders(["qtickets.ru"], "mx.google.com")
NOON = datetime.fromisoformat(NOW)


@dataclass(frozen=True)
class Box:
    """One sandbox and the folder of its token file."""

    url: str
    folder: Path
    scope: str = READ_ONLY

    @property
    def token_file(self) -> Path:
        return self.folder / "tokens" / "gmail.json"

    def access(self, **changes: Any) -> Access:
        if not self.token_file.exists():
            self.token_file.parent.mkdir(parents=True, exist_ok=True)
            self.token_file.write_text(
                json.dumps(
                    {
                        "token": None,
                        "refresh_token": "sandbox-gmail-refresh",
                        "client_id": "sandbox-gmail-client",
                        "client_secret": "sandbox-gmail-secret",
                        "scopes": [self.scope],
                    }
                )
            )
        return Access(self.token_file, token_uri=f"{self.url}/gmail/token", **changes)

    def api(self, *, page_size: int = 100, deadline: float = 20.0, timeout: float = 10.0) -> GmailApi:
        config = ApiConfig(f"{self.url}/gmail", page_size, timeout, deadline)
        return GmailApi(config, credentials(self.access()))

    def mailbox(
        self, api: GmailApi | None = None, *, query: str = QUERY, senders: Senders = SENDERS, **limits: int
    ) -> Mailbox:
        reading = Reading(sales_columns(), city_index(), limits=Limits(**limits))
        reader = reader_of(reading, senders, seed("city_aliases"))
        return Mailbox(api or self.api(), reading, senders, query=query, reader=reader)


def window(days: int = 2, until: datetime = NOON) -> Window:
    return Window(until - timedelta(days=days), until + timedelta(seconds=1))


def report(*rows: str, header: str = "Дата;Событие;Город;Продано билетов;Выручка;Возвраты") -> EmailMessage:
    """A vendor's report as CSV."""
    message = EmailMessage()
    message["From"], message["Subject"] = "reports@qtickets.ru", "QTickets: отчёт"
    message.set_content("Отчёт во вложении")
    text = "\n".join([header, *rows])
    message.add_attachment(text.encode(), maintype="text", subtype="csv", filename="report.csv")
    return message


def put(message: EmailMessage | bytes, at: str, message_id: str) -> dict[str, Any]:
    """A mail for the sandbox's `put` switch; `at` is Moscow time."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    moment = datetime.fromisoformat(f"{at}+03:00").astimezone(UTC)
    return {"id": message_id, "at": int(moment.timestamp()), "eml": base64.b64encode(raw).decode()}


def mailed(sandbox: Any, mails: Iterable[dict[str, Any]]) -> None:
    """The mailbox holds exactly these mails."""
    sandbox.fault("gmail", empty=True, put=list(mails))
