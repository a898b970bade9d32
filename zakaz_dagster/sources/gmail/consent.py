"""The mailbox owner's consent: Google's installed-app flow, on a desktop or over SSH.

The address to open is printed; the answer comes back to a listener on loopback, or is pasted by hand when no browser
can reach it. Belongs here: the flow. Does not: the file it fills (`auth`), the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google_auth_oauthlib.flow import InstalledAppFlow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error  # type: ignore[import-untyped]
from requests.exceptions import RequestException

from zakaz_dagster.errors import Failure, Fatal, Retriable
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.sources.gmail.auth import Access, client_config, store
from zakaz_dagster.sources.gmail.records import SOURCE

LOOPBACK = "127.0.0.1"
DONE = "Готово: доступ к почте разрешён. Это окно можно закрыть."


class Consent:
    """One run of the flow. `prompt=consent` is always sent: without it a refresh token comes only the first time."""

    def __init__(self, access: Access, auth_uri: str) -> None:
        self._access = access
        self._flow: Any = InstalledAppFlow.from_client_config(client_config(access, auth_uri), scopes=[access.scope])

    def listen(self, port: int, words: str, patience: int) -> None:
        """Print `words` with the address in place of `{url}`, wait on loopback for the browser's answer, keep it."""
        self._finished(
            lambda: self._flow.run_local_server(
                host="localhost",
                bind_addr=LOOPBACK,
                port=port,
                authorization_prompt_message=words,
                success_message=DONE,
                open_browser=False,
                timeout_seconds=patience,
                prompt="consent",
                access_type="offline",
            )
        )

    def pasted(self, port: int, show: Callable[[str], None], ask: Callable[[], str]) -> None:
        """Print the address and take back, by hand, the one the browser ended at (it need not have loaded)."""
        self._flow.redirect_uri = f"http://localhost:{port}/"
        address, _ = self._flow.authorization_url(prompt="consent", access_type="offline")
        show(address)
        # The library insists on https; the answer never travels, it was typed.
        answer = ask().strip().replace("http://", "https://", 1)
        self._finished(lambda: self._flow.fetch_token(authorization_response=answer))

    def _finished(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OAuth2Error as error:
            raise self._refused(f"the consent was not given: {error.error} {error.description or ''}") from None
        except RequestException as error:
            raise Retriable(
                f"the token endpoint did not answer ({type(error).__name__})", source=SOURCE, next_step="try again"
            ) from None
        except AttributeError:  # the library's WSGITimeoutError is one
            raise self._refused("no answer came from the browser") from None
        if not self._flow.credentials.refresh_token:
            raise self._refused("Google gave no refresh token")
        store(self._access.token_file, self._flow.credentials)

    def _refused(self, what: str) -> Failure:
        return Fatal(
            vendor_words(what).strip(),
            source=SOURCE,
            expected="the owner of the mailbox agrees in the browser",
            next_step="run `zakaz gmail authorize` again; without a browser that reaches this machine, with --paste",
        )
