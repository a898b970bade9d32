"""Whose mail is believed: an allowed From address, and the receiving server's word for its domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.gmail.records import Header, Part
from zakaz_dagster.sources.gmail.senders import Senders, proved

SERVER = "mx.google.com"
SENDERS = Senders(["qtickets.ru", "boss@example.org"], SERVER)
PASS = (
    'mx.google.com; dkim=pass header.i=@qtickets.ru header.s=s1 header.b="a/B+c"; '
    "spf=pass (google.com: domain of b@qtickets.ru designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@qtickets.ru; "
    "dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=qtickets.ru"
)


def top(*results: str, sender: str = "QTickets <reports@qtickets.ru>", more: tuple[str, ...] = ()) -> Part:
    headers = [Header("Authentication-Results", each) for each in results]
    return Part("text/plain", headers=[*headers, Header("From", sender), *(Header("from", each) for each in more)])


@pytest.mark.parametrize(
    "results",
    [
        PASS,
        "mx.google.com; dkim=pass header.d=qtickets.ru",
        "mx.google.com 1; spf=pass smtp.mailfrom=bounce@mail.qtickets.ru; dkim=fail header.d=qtickets.ru",
        "MX.Google.com;\r\n\tDKIM=PASS header.i=@Mail.QTickets.ru",
        "mx.google.com; dkim=pass header.i=@esp.example; dkim=pass header.i=@qtickets.ru",
    ],
)
def test_a_proved_sender_is_believed(results):
    assert SENDERS.unknown(top(results)) == ""


@pytest.mark.parametrize(
    "results",
    [
        "",
        "mx.google.com; none",
        "mx.google.com; dkim=fail header.i=@qtickets.ru; spf=softfail smtp.mailfrom=b@qtickets.ru",
        "mx.google.com; dkim=pass header.i=@evil.example; spf=pass smtp.mailfrom=x@evil.example",
        "mx.google.com; dkim=pass header.i=@notqtickets.ru; spf=pass smtp.mailfrom=x@qtickets.ru.evil.example",
        "mx.evil.example; dkim=pass header.i=@qtickets.ru",
        "evil; mx.google.com; dkim=pass header.i=@qtickets.ru",
        "mx.google.com; dmarc=pass header.from=qtickets.ru",
        "mx.google.com; arc=pass (i=1 dkim=pass header.d=qtickets.ru)",
        'mx.google.com; spf=pass smtp.mailfrom="x; dkim=pass header.d=qtickets.ru"@evil.example',
        'mx.google.com; spf=pass (domain of "a) ; dkim=pass header.d=qtickets.ru ("@evil.example ok) smtp.mailfrom=evil.example',
        "mx.google.com; x-dkim=pass header.d=qtickets.ru",
        'mx.google.com; spf=pass smtp.mailfrom="x@qtickets.ru"@evil.example',
        "mx.google.com; spf=pass smtp.mailfrom=x@qtickets.ru@evil.example",
        'mx.google.com; spf=pass smtp.mailfrom="qtickets.ru"@evil.example',
        "mx.google.com; dkim=pass header.i=@qtickets.ru@evil.example header.s=s1",
        "mx.google.com; dkim=pass header.d=qtickets.ru,evil.example",
        "mx.google.com; dkim=pass reason=header.d=qtickets.ru header.d=evil.example",
        "mx.google.com; dkim=pass (ok) header.d=evil.example; dkim=fail header.d=qtickets.ru",
        "mx.google.com; spf=pass smtp.helo=qtickets.ru",
        "mx.google.com.evil.example; dkim=pass header.d=qtickets.ru",
        "mx.google.com ; dkim=pass header.d=ru",
        "mx.google.com; dkim=pass policy.d=qtickets.ru header.from=qtickets.ru",
        "mx.google.com; dkim=pass header.b=x.header.d=qtickets.ru",
    ],
)
def test_nothing_but_the_servers_own_pass_for_the_domain_proves_it(results):
    assert SENDERS.unknown(top(results)).startswith("unknown sender: mx.google.com proves neither")


def test_only_the_topmost_result_counts():
    assert SENDERS.unknown(top("mx.google.com; dkim=none", PASS)) != ""
    assert SENDERS.unknown(top(PASS, "mx.google.com; dkim=fail header.i=@qtickets.ru")) == ""


@pytest.mark.parametrize(
    "sender",
    [
        "reports@qtickets.ru.evil.example",
        '"reports@qtickets.ru" <x@evil.example>',
        "reports@notqtickets.ru",
        "reports@qtickets.ru, x@evil.example",
        "",
        "undisclosed",
        "<>",
        "boss@example.com",
        "x.boss@example.org",
    ],
)
def test_a_sender_who_is_not_allowed_is_unknown_whatever_is_proved(sender):
    reason = SENDERS.unknown(top(PASS, sender=sender))
    assert reason.startswith("unknown sender: its From address is not one of")
    assert "@" not in reason, "a reason names nobody"


def test_several_from_headers_are_nobodys():
    assert SENDERS.unknown(top(PASS, more=("x@evil.example",))) != ""


def test_a_single_address_is_allowed_with_its_domains_proof():
    boss = top("mx.google.com; dkim=pass header.d=example.org", sender="Boss <Boss@Example.org>")
    assert SENDERS.unknown(boss) == ""
    assert SENDERS.unknown(top(PASS, sender="boss@example.org")) != ""


def test_without_a_server_the_address_alone_is_asked_and_without_senders_nobody_is():
    assert Senders(["qtickets.ru"]).unknown(top()) == ""
    assert Senders(["qtickets.ru"]).unknown(top(sender="x@evil.example")) != ""
    assert Senders().unknown(top(sender="x@evil.example")) == ""


@given(st.text(), st.text(alphabet='dkimspf=pa; @.header()"\\qtickets.ru'))
def test_no_text_of_a_sender_makes_the_reader_fail(sender, results):
    SENDERS.unknown(top(f"mx.google.com; {results}", sender=sender))
    proved(top(results), SERVER)
