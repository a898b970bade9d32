"""Who sent a mail, as far as the receiving server proves it: an allowed sender, with DKIM or SPF passed for its domain.

The proof is the topmost Authentication-Results header, and only if it bears the receiving server's own name: whatever
stands beneath may have been written by the sender (RFC 8601).
Belongs here: headers to a verdict. Does not: addresses anywhere else; a verdict names no person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses

from zakaz_dagster.sources.gmail.records import Part

RESULTS = "authentication-results"
_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED_VALUE = re.compile(r'=\s*"([^"\\\s;()]*)"(?=[\s;]|$)')  # a whole value, not the local part of an address
_PASS = re.compile(r"\s*(?P<method>dkim|spf)\s*=\s*pass\s+(?P<properties>.*)")
_DOMAIN = r"(?:[^\s@]*@)?(?P<domain>[\w-]+(?:\.[\w-]+)+)\.?(?!\S)"  # all of the value, with one @ at most
_PROPERTY = {
    "dkim": re.compile(rf"(?<!\S)header\.[di]\s*=\s*{_DOMAIN}"),
    "spf": re.compile(rf"(?<!\S)smtp\.mailfrom\s*=\s*{_DOMAIN}"),
}


@dataclass(frozen=True)
class Senders:
    """`allowed` are domains (with those beneath them) and whole addresses; empty: every sender is believed.

    `server` is the receiving server's name in its Authentication-Results; empty: nothing is proved.
    """

    allowed: Sequence[str] = ()
    server: str = ""

    def unknown(self, top: Part) -> str:
        """Why the mail under these headers is not believed; '' when it is."""
        if not self.allowed:
            return ""
        address = _address(top)
        allowed = next((each for each in self.allowed if _is_allowed(address, each)), None)
        if allowed is None:
            return "unknown sender: its From address is not one of GMAIL_ALLOWED_SENDERS"
        if self.server and not any(_is_within(domain, _domain(allowed)) for domain in proved(top, self.server)):
            return f"unknown sender: {self.server} proves neither DKIM nor SPF for {_domain(allowed)}"
        return ""


def proved(top: Part, server: str) -> list[str]:
    """The domains for which this receiving server says that DKIM or SPF passed."""
    topmost = next((each.value for each in top.headers if each.name.lower() == RESULTS), "")
    name, *results = _plain(topmost).split(";")
    if name.split()[:1] != [server.lower()]:
        return []
    passed = [match for result in results if (match := _PASS.fullmatch(result))]
    about = (_PROPERTY[match["method"]].search(match["properties"]) for match in passed)
    return [match["domain"] for match in about if match]


def _plain(text: str) -> str:
    """Without comments; '' when a quote or a bracket is left, as a sender's own address could smuggle results in."""
    text = _QUOTED_VALUE.sub(r"=\1", " ".join(text.split()).lower())
    if '"' in text or "\\" in text:
        return ""
    while (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    return "" if "(" in text or ")" in text else text


def _address(top: Part) -> str:
    """The one address of the one From header; several are nobody's."""
    headers = [each.value for each in top.headers if each.name.lower() == "from"]
    found = getaddresses(headers) if len(headers) == 1 else []
    return found[0][1].lower() if len(found) == 1 else ""


def _is_allowed(address: str, allowed: str) -> bool:
    if "@" in allowed.strip("@"):
        return address == allowed.lower()
    return "@" in address and _is_within(address.rpartition("@")[2], _domain(allowed))


def _domain(allowed: str) -> str:
    return allowed.lower().rpartition("@")[2]


def _is_within(domain: str, allowed: str) -> bool:
    return domain == allowed or domain.endswith(f".{allowed}")
