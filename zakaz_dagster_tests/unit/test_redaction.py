"""Secrets and people are masked in every spelling, and nothing else is."""

import base64
import html
import json
import re
import time
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zakaz_dagster import redaction
from zakaz_dagster.redaction import (
    MASK,
    SECRET_NAMES,
    outline,
    presentable,
    scrub,
    scrubbed,
    vendor_words,
    without_contacts,
)
from zakaz_dagster.sources.base import Reject

TOKEN = "y0_AgAAplanted/Token+1234567890=="


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"authorization: OAuth {TOKEN} and more",
        f'{{"access_token": "{TOKEN}", "expires_in": 86400}}',
        f"{{'refresh_token': '{TOKEN}'}}",
        f"https://api.example/x?id=7&access_token={TOKEN}&page=2",
        f"client_secret={TOKEN}&grant_type=refresh_token",
        f"VK_ADS_CLIENT_SECRET={TOKEN}",
        "X-Api-Key: plantedletters",
        "password: planted2",
        f'{{"token": "{TOKEN}',  # cut off before the closing quote
        f"https://user:{TOKEN[:11]}@clickhouse.example:8443/",
        f"[(b'authorization', b'Bearer {TOKEN}')]",
    ],
)
def test_what_is_named_like_a_secret_is_masked_without_knowing_it(text):
    assert "planted" not in scrub(text)


def test_known_secrets_are_masked_in_every_spelling():
    text = f"{TOKEN} {quote(TOKEN, safe='')} {json.dumps(TOKEN)} {TOKEN!r}"
    assert "planted" not in scrub(text, [TOKEN])


@pytest.mark.parametrize(
    "text",
    [
        "HTTP 503: service is busy, retry later",
        "campaign 62384014 ad 10766679603 spent 1234.50",
        "the token has expired",
        "HTTP 401 invalid_token: Unknown access token",
        "revoked_token: Access token has been revoked",
        '{"error":{"error_code":"8000","request_id":"1264458033037596430"}}',
        "2026-11-22T10:00:00+03:00",
        "next_step: ask for a smaller range",
    ],
)
def test_ordinary_words_and_ids_stay(text):
    assert scrub(text) == text


def test_contacts_of_people_are_masked():
    text = scrub("buyer ivan.petrov+1@mail.example, +7 (913) 555-12-34, 89135551234, 8 913 555 12 34")
    assert text == "buyer [e-mail], [phone], [phone], [phone]"


@given(st.text(min_size=4, max_size=40).filter(lambda text: text.strip("* ") and "*" not in text), st.text(max_size=40))
def test_a_given_secret_never_survives(secret, around):
    assert secret not in scrub(f"{around}{secret}{around}".replace("*", ""), [secret.replace("*", "")])


@given(
    st.sampled_from(SECRET_NAMES), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=64)
)
def test_a_json_member_with_a_secret_name_is_masked(name, value):
    assert f': "{value}"' not in scrub(json.dumps({"id": 1, name: value}))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("tomsk_20_12", "tomsk_20_12"),
        ("100%_off%20", "100%_off%20"),
        ("10766679603", "10766679603"),
        ("to=ivan@example.test", "to=[e-mail]"),
        ("ivan%40example.test", "[e-mail]"),
        ("call +79990001122", "call [phone]"),
    ],
)
def test_contacts_are_taken_out_of_tags_and_nothing_else_is_touched(text, left):
    assert without_contacts(text) == left


def test_an_outline_shows_the_form_and_nothing_of_the_value():
    assert outline("Иван 2026-11-22T10:00Z") == "aaaa 9999-99-99a99:99a"


@pytest.fixture
def live(monkeypatch):
    """The registry, empty before and after."""
    monkeypatch.setattr(redaction, "_live", frozenset())
    return redaction.register


CANARY = "k9/Zq+canary=Ключ&\"x\\'y<z>"
SPELLINGS = {
    "plain": str,
    "percent": lambda s: quote(s, safe=""),
    "percent, slashes left": quote,
    "percent, lower case": lambda s: re.sub("%..", lambda m: m[0].lower(), quote(s, safe="")),
    "form": quote_plus,
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON in UTF-8": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "JSON of PHP": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "JSON of .NET": lambda s: "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in s),
    "HTML": html.escape,
    "repr": lambda s: repr(s)[1:-1],
    "repr of bytes": lambda s: repr(s.encode())[2:-1],
    "hexadecimal": lambda s: s.encode().hex(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 of user and password": lambda s: base64.b64encode(f"robot:{s}".encode()).decode(),
    "base64 within more": lambda s: base64.urlsafe_b64encode(f"ab{s}tail".encode()).decode(),
    "JSON in JSON": lambda s: json.dumps(json.dumps({"a": s})),
    "URL in a URL": lambda s: quote(f"https://x.example/?a={quote(s, safe='')}", safe=""),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [CANARY, "plainletters0815", "пароль-из-букв"])
def test_a_live_secret_is_masked_in_every_spelling(live, spelling, secret):
    written = SPELLINGS[spelling](secret)
    longest = max(re.split(r"[^\w+/%=-]", written), key=len)  # the part that would give it away
    assert longest in scrub(f"echo of {written} end")
    live(secret)
    assert longest not in scrub(f"echo of {written} end")


@given(st.text(min_size=8, max_size=40), st.sampled_from(list(SPELLINGS)[:6]), st.text(max_size=20))
def test_whatever_the_secret_is_its_spelling_does_not_survive(secret, spelling, around):
    try:
        written = SPELLINGS[spelling](secret)
    except UnicodeEncodeError:
        return
    assume(written.strip("* ") and MASK not in written and written not in around)
    redaction.register(secret)
    try:
        assert written.strip() not in scrub(f"{around} {written} {around}")
    finally:
        redaction._live = frozenset()


def test_a_secret_cut_off_by_the_end_of_the_text_is_masked_as_well(live):
    live("0123456789abcdef")
    assert scrub("it said 0123456789ab") == "it said ***"
    assert scrub("it said 0123") == "it said 0123"


def test_a_short_secret_is_masked_as_a_word_and_not_inside_words(live):
    live("zakaz")
    assert scrub("zakaz_dagster as zakaz") == "zakaz_dagster as ***"


def test_every_key_in_a_list_of_urls_is_a_secret_by_itself(live):
    live("tgram://123456:AAplanted-key_77/-100200300,slack://T0AAA1111/B0BBB2222/CplantedC3333")
    for part in ("AAplanted-key_77", "CplantedC3333", "B0BBB2222"):
        assert part not in scrub(f"POST /{part}/send failed")


@pytest.mark.parametrize("text", [
    "Unknown client Иванов Иван Иванович", "buyer Пётр Салтыков-Щедрин refused", "ИВАНОВА АННА", "Ivan Petrov exists",
    "Анна Сергеевна, повторите", "Иванов И. И. уже есть", "И.И. Иванов", '{"name": "Фамилияров"}', '{"surname":"Фамилияров"}',
    "client_name=Фамилияров&x=1", repr("Иван Салтыков".encode()), str({"error": "Пётр Салтыков-Щедрин".encode()}), "input_value={'a': 'Фамилияров'}, input_type=dict", r'{"error": "{\"first_name\": \"Фамилияров\"}"}',
])  # fmt: skip
def test_names_of_people_do_not_survive_in_a_vendors_words(text):
    said = vendor_words(text)
    for part in ("Иван", "ИВАН", "Салтыков", "Ivan", "Сергеевна", "Фамилияров", "АННА"):
        assert part not in said


@pytest.mark.parametrize("text", [
    "HTTP 503: Service Unavailable", "Bad Request: Wrong ad groups: 7", "Яндекс Директ: Неверный OAuth-токен",
    "Direct error 8000: поле FieldNames содержит неправильное значение", "Internal Server Error", "Too Many Requests",
])  # fmt: skip
def test_a_vendors_ordinary_words_stay(text):
    assert vendor_words(text) == text


def test_a_cause_is_handed_on_with_its_names_and_without_its_secrets(live):
    live("planted-secret-1")
    cause = KeyError("GET https://x.example/?key=planted-secret-1 by ivan@example.org")
    cause.add_note("planted-secret-1 was refused")
    context = OSError("/home/planted-secret-1")
    try:
        int("no number")
    except ValueError as error:
        error.args, error.__cause__, cause.__context__ = ("client Иван Петров, +7 913 555-12-34",), cause, context
        told = "".join(traceback.format_exception(scrubbed(error)))
    for hidden in ("planted-secret-1", "example.org", "Петров", "913 555"):
        assert hidden not in re.sub(r"(?m)^    .*", "", told)  # lines of this very file are shown with a traceback
    assert "ValueError: client [name], [phone]" in told
    assert "KeyError" in told
    assert "OSError" in told
    assert "test_a_cause_is_handed_on" in told


def test_a_chain_of_causes_that_bites_its_tail_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert "".join(traceback.format_exception(scrubbed(first)))


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a-" * 50_000, "+7 " * 30_000, '"' * 100_000, "x://a:" * 20_000, "А " * 50_000]
)
def test_a_huge_text_is_read_in_a_moment(text):
    began = time.process_time()
    presentable(vendor_words(text))
    assert time.process_time() - began < 3


@given(st.text(st.characters(exclude_categories=[]), max_size=300))
def test_whatever_a_text_holds_it_can_be_written_afterwards(text):
    shown = presentable(text)
    shown.encode("utf-8")
    assert not set(shown) & set("\x00\x1b\u202e\u2066\x7f\x85")
    assert presentable(shown) == shown


def test_a_long_text_says_how_much_of_it_is_left_out():
    assert presentable("x" * 5000).endswith("… (1000 more characters)")
    assert presentable("x" * 50_000).endswith("… (46000 more characters)")


def test_a_record_put_aside_carries_no_contacts_and_no_text_that_cannot_be_stored():
    reject = Reject(
        "of ivan@example.org", "line 7 \ud800", '{"phone": "+7 913 555-12-34", "surname": "Петров"}' + "x" * 9000
    )
    assert (reject.reason, reject.where) == ("of [e-mail]", "line 7 \ufffd")
    assert "Петров" not in reject.payload
    assert len(reject.payload) < 4100
