"""Broken characters in a vendor's JSON cost themselves; what is no JSON is said to be none."""

from __future__ import annotations

import json

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import Fatal
from zakaz_dagster.parsing.json_text import anything_in, is_json, mended
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.sources.vk_ads.records import Banner, decode_page
from zakaz_dagster.transport.answer import is_json_object


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (b'"\xff\xd0\xbc"', "\ufffdм"),
        (b'"\\ud800x"', "?x"),
        (b'"\\ud83e\\uddd9\\udc00"', "\U0001f9d9?"),
        (b'"\xd0"', "\ufffd"),
    ],
)
def test_a_broken_character_in_a_name_costs_neither_the_record_nor_the_list(broken, name):
    body = (
        b'{"items": [{"id": 1, "ad_group_id": 2, "name": ' + broken + b'}, {"id": 3, "ad_group_id": 2, "name": "b"}]}'
    )
    assert is_json(body)
    page = decode_page(body, Banner, "banners")
    assert [each.name for each in page.items] == [name, "b"]
    assert not page.rejects


def test_a_mark_before_a_body_is_none_of_it():
    body = b"\xef\xbb\xbf" + b'{"items": [{"id": 1, "ad_group_id": 2}]}'
    assert is_json_object(httpx.Response(200, content=body))
    assert len(decode_page(body, Banner, "banners").items) == 1


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": 1', b"<html>", b'{"a": 1}{', b"\xff", b"nul", b'"' + b"\xff"])
def test_what_is_no_json_is_none(body):
    assert not is_json(body)
    assert anything_in(body) is None
    assert mended(body) == body


def test_what_is_nested_too_deep_is_for_its_reader_to_refuse():
    assert is_json(b"[" * 100_000 + b"]" * 100_000)
    assert anything_in(b"[" * 100_000 + b"]" * 100_000) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_a_whole_body_is_left_as_it_is(value):
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    assert mended(body) is body
    assert anything_in(body) == msgspec.json.decode(body)


@given(st.binary(max_size=80))
def test_no_bytes_make_it_fail(body):
    anything_in(b'{"a": "' + body + b'"}')


@given(st.text(st.characters(), max_size=40))
def test_a_failure_can_be_printed_whatever_a_vendor_said(words):
    said = vendor_words(words.encode("utf-8", "surrogatepass").decode("utf-8", "replace") + r"\ud800 \ud83e\uddd9")
    str(Fatal(said, source="x")).encode()
    str(Fatal(words + "\ud800\x1b[2J", source="x", expected="\udfff", next_step="\x00")).encode()
    assert "\x1b" not in str(Fatal(words + "\x1b[2J"))
