"""A body is whole, in time and in the encoding that was asked for, or it is no answer."""

from __future__ import annotations

import gzip
import io
import time

import httpx
import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.transport.answer import read_into
from zakaz_dagster.transport.retries import TryAgain

LATER, PAST = time.monotonic() + 3600, 0.0
TEXT = bytes(range(256)) * 100


class Pieces(httpx.SyncByteStream):
    def __init__(self, *pieces):
        self.pieces = pieces

    def __iter__(self):
        yield from self.pieces


def read(*pieces, encoding="identity", must_end=LATER, most=10**9):
    into = io.BytesIO()
    reply = httpx.Response(200, headers={"content-encoding": encoding}, stream=Pieces(*pieces))
    read_into(reply, into, most=most, must_end=must_end)
    return into.getvalue()


def test_a_body_that_still_arrives_after_its_end_is_no_answer():
    with pytest.raises(TryAgain, match="still arriving after 3 bytes"):
        read(b"abc", b"def", must_end=PAST)
    assert read(b"abcdef", must_end=PAST) == b"abcdef", "an answer of one piece may come at the last moment"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_zipped_body_is_read_whatever_its_pieces(encoding, size):
    packed = gzip.compress(TEXT) + gzip.compress(b"second")
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert read(*pieces, encoding=encoding) == TEXT + b"second"
    assert read(encoding=encoding) == b"", "an answer without a body"


@pytest.mark.parametrize("left", [1, 4, 9, 50])
def test_a_zipped_body_that_is_cut_off_is_no_answer(left):
    whole = gzip.compress(TEXT)
    with pytest.raises(TryAgain, match="before its end mark"):
        read(whole[:-left], encoding="gzip")
    with pytest.raises(TryAgain, match="before its end mark"):
        read(whole, whole[:-left], encoding="gzip")


def test_bytes_that_are_not_zipped_are_no_answer():
    with pytest.raises(TryAgain, match="the gzip stream is broken"):
        read(b"<html>", encoding="gzip")


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, br", "aes128gcm"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding):
    with pytest.raises(Fatal, match="was not asked for"):
        read(TEXT, encoding=encoding)
