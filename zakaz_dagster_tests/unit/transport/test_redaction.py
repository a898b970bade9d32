import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.transport.redaction import SECRET_NAMES, outline, scrub, without_contacts

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
