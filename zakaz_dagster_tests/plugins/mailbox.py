"""A real SMTP server on a loopback socket, with STARTTLS or TLS of its own certificate, logins and refusals.

Not a pytest plugin by itself: `with Mailbox() as mailbox` in a test; `mailbox.mails` has what it accepted.
"""

from __future__ import annotations

import ssl
import subprocess
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

USER, PASSWORD = "robot", "p@ss word/1"
CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
    "-keyout {key} -out {cert}"
)


class _AnyPort(Controller):
    """Takes a free port: the connection that wakes the original goes to port 0 otherwise."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Mailbox:
    """`security` as in ALERT_SMTP_SECURITY. `refuse` are recipients it refuses, `reject` an answer to every mail."""

    def __init__(
        self, folder: Path | None = None, security: str = "none", *, login: bool = False, password: str = PASSWORD,
        context: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.mails: list[EmailMessage] = []
        self.refuse: set[str] = set()
        self.reject = ""
        self.ca_cert = ""
        options: dict[str, Any] = {}
        if security != "none":
            if context is None:
                assert folder is not None
                self.ca_cert, context = _certificate(folder)
            options = (
                {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
            )
        if login:
            options |= {
                "authenticator": partial(_known, password),
                "auth_required": True,
                "auth_require_tls": security == "starttls",
            }
        self._options = options
        self._controller = self._made(0)

    def _made(self, port: int) -> _AnyPort:
        return _AnyPort(self, hostname="127.0.0.1", port=port, **self._options)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    def stop(self) -> None:
        if self._controller.loop.is_running():
            self._controller.stop()

    def back(self) -> None:
        """Start again on the same port."""
        self._controller = self._made(self.port)
        self._controller.start()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.reject:
            return self.reject
        message = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 taken"


def _known(
    password: str, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword
) -> AuthResult:
    known = (data.login, data.password) == (USER.encode(), password.encode())
    return AuthResult(success=known, handled=False)


def _certificate(folder: Path) -> tuple[str, ssl.SSLContext]:
    key, cert = folder / "smtp.key", folder / "smtp.pem"
    subprocess.run(CERTIFICATE.format(key=key, cert=cert).split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return str(cert), context
