"""Channels: a mail server, any service Apprise knows, or a folder. Each accepts a mail or says why it did not.

Belongs here: delivery with time limits. Does not: what is sent (`mail`), when, or how often it is tried (`dispatch`).
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

from zakaz_dagster import tls
from zakaz_dagster.alerts.mail import Mail
from zakaz_dagster.private_files import write_private
from zakaz_dagster.redaction import presentable, vendor_words
from zakaz_dagster.timezone import MOSCOW, now

LONGEST_ID = 200
TLS_NAMES = tls.Names("ALERT_SMTP_HOST", "ALERT_SMTP_PORT", "ALERT_SMTP_SECURITY", "ALERT_SMTP_CA_CERT")
Security = Literal["starttls", "tls", "none"]


class Undelivered(Exception):
    """The channel did not take the mail; the message says what to look at and holds no secret."""

    def __init__(self, why: str) -> None:
        super().__init__(presentable(why))


class Channel(Protocol):
    """`name` is stable: the outbox is kept by it."""

    @property
    def name(self) -> str: ...

    def send(self, mail: Mail) -> str:
        """Deliver; the answer is a remark ('' when there is none). Raises Undelivered."""
        ...


@dataclass(frozen=True)
class Smtp:
    """A mail server. `ca_cert` is the authority of a private certificate; `timeout` holds for every step."""

    host: str
    port: int
    sender: str
    recipients: Sequence[str]
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"
    ca_cert: str = ""
    timeout: float = 10.0
    name: str = "email"

    def send(self, mail: Mail) -> str:
        try:
            message = as_message(mail, self.sender, self.recipients)
            with self._session() as session:
                refused = session.send_message(message, self.sender, list(self.recipients))
        except (smtplib.SMTPException, OSError, ValueError, MessageError) as error:
            raise Undelivered(self._why(error)) from None
        places = [str(n) for n, recipient in enumerate(self.recipients, start=1) if recipient in refused]
        return f"the server refused address {', '.join(places)} of ALERT_EMAIL_TO" if places else ""

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context(cafile=self.ca_cert or None)
        if self.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
        else:
            session = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        with session:
            if self.security == "starttls":
                session.starttls(context=context)
            if self.user:
                session.login(self.user, self.password)
            yield session

    def _why(self, error: Exception) -> str:
        where = f"{self.host}:{self.port}"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return f"{where} refused the login of {self.user}: correct ALERT_SMTP_USER and ALERT_SMTP_PASSWORD"
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            return f"{where} refused every recipient: correct ALERT_EMAIL_TO"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return f"{where}: {error}: correct ALERT_SMTP_SECURITY and ALERT_SMTP_PORT"
        if why := tls.refusal(error, TLS_NAMES):
            return f"{where}: TLS failed: {why.what}: {why.step}"
        if isinstance(error, ValueError | MessageError) and not isinstance(error, OSError):
            return f"{where}: an address, login or password cannot be sent: ALERT_EMAIL_* and a login of Latin letters"
        return vendor_words(f"{where}: {type(error).__name__}: {error}", [self.password])


class WholeSubject(EmailPolicy):
    """The standard one loses a space where it folds a long Russian subject; here the subject is encoded whole."""

    def fold(self, name: str, value: str) -> str:
        if name != "Subject":
            return str(super().fold(name, value))
        return f"{name}: {Header(str(value), 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii") if name == "Subject" else super().fold_binary(name, value)


def as_message(mail: Mail, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The mail in its wire form; Message-ID depends on the notices only, so a repeated one is known as such."""
    domain = Address(addr_spec=sender).domain or "zakaz-dagster"
    message = EmailMessage(WholeSubject())
    message["From"] = Address("Zakaz Dagster", addr_spec=sender)
    message["To"] = [Address(addr_spec=each) for each in recipients]
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now().astimezone(MOSCOW))
    message["Message-ID"] = f"<{_token(mail.id)}@{domain}>"
    if mail.thread:
        message["In-Reply-To"] = message["References"] = f"<{_token(mail.thread)}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Zakaz-Notices"] = " ".join(_token(notice) for notice in mail.notices)
    message.set_content(mail.text, cte="base64")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="base64")
    return message


def _token(text: str) -> str:
    """An id as a header takes it: ASCII without spaces; the same for the same id."""
    plain = quote(text, safe="+", errors="replace")
    return plain if len(plain) <= LONGEST_ID else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class AppriseUrl:
    """One Apprise URL (`tgram://…`). The URL holds secrets, so the channel's name is its scheme and a hash."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.url.partition(':')[0]}-{hashlib.sha256(self.url.encode()).hexdigest()[:6]}"

    def send(self, mail: Mail) -> str:
        import apprise  # 0.3 s that only those who use it should pay

        logging.getLogger("apprise").setLevel(logging.WARNING)  # its DEBUG lines hold whole answers
        service = apprise.Apprise()
        if not service.add(self.url):
            raise Undelivered(f"{self.name}: Apprise does not understand this URL: correct ALERT_APPRISE_URLS")
        try:
            taken = service.notify(title=mail.subject, body=mail.text)
        except Exception as error:  # noqa: BLE001  a hundred services behind one call: none may end the round
            raise Undelivered(f"{self.name}: {type(error).__name__}") from None
        if not taken:
            raise Undelivered(f"{self.name}: the service did not take the message: check its token and network")
        return ""


@dataclass(frozen=True)
class Folder:
    """Mails as .eml files, for development: no server is needed to read them."""

    path: Path
    name: str = "folder"

    def send(self, mail: Mail) -> str:
        message = as_message(mail, "zakaz@localhost", ["operator@localhost"])
        try:
            write_private(self.path / f"{_token(mail.id)}.eml", message.as_bytes())
        except OSError as error:
            raise Undelivered(f"{self.path}: {error.strerror}") from None
        return ""
