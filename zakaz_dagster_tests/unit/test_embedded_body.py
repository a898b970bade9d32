"""Bodies: every frame is decoded, a broken one is refused, and only small ones stay in memory."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.dev.clickhouse.body import IN_MEMORY, Body, Frames
from zakaz_dagster.dev.clickhouse.errors import ClickHouseError
from zakaz_dagster.dev.clickhouse.form import boundary, parse

ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}
encodings = pytest.mark.parametrize("encoding", ENCODERS)


def decoded(encoding: str, data: bytes, step: int) -> bytes:
    frames = Frames(encoding)
    out = b"".join(frames.feed(data[at : at + step]) for at in range(0, len(data), step))
    frames.finish()
    return out


@encodings
@given(blocks=st.lists(st.binary(min_size=1, max_size=300), max_size=6), step=st.integers(1, 97))
def test_all_frames_are_decoded_however_the_bytes_arrive(encoding: str, blocks: list[bytes], step: int):
    assert decoded(encoding, b"".join(map(ENCODERS[encoding], blocks)), step) == b"".join(blocks)


@encodings
@given(cut=st.integers(1, 40))
def test_a_body_that_ends_inside_a_frame_is_refused(encoding: str, cut: int):
    whole = ENCODERS[encoding](bytes(range(256)) * 8)
    with pytest.raises(ClickHouseError, match="ends inside a frame|is broken"):
        decoded(encoding, ENCODERS[encoding](b"first") + whole[: -min(cut, len(whole) - 1)], 64)


@encodings
@pytest.mark.parametrize("rest", [b"garbage that is no frame", b"\x00" * 20])
def test_bytes_behind_the_last_frame_are_refused(encoding: str, rest: bytes):
    with pytest.raises(ClickHouseError) as caught:
        decoded(encoding, ENCODERS[encoding](b"rows") + rest, 64)
    assert caught.value.status == 400


def test_an_unknown_encoding_is_refused_by_name():
    with pytest.raises(ClickHouseError, match="'snappy' is not supported"):
        Frames("snappy")


def received(chunks: list[bytes], directory: Path) -> Body:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return asyncio.run(Body.received(stream(), "", directory))


def test_a_large_body_goes_to_a_file_and_comes_back_whole(tmp_path: Path):
    chunk = bytes(range(256)) * 4096
    count = IN_MEMORY // len(chunk) + 3
    with received([chunk] * count, tmp_path) as body:
        assert body.size == len(chunk) * count
        assert body._file._rolled  # type: ignore[attr-defined]
        assert b"".join(body.chunks(5)) == (chunk * count)[5:]
        assert body.head(3) == chunk[:3]
    assert not list(tmp_path.iterdir())


def test_a_form_keeps_its_bytes():
    limit = boundary('multipart/form-data; boundary="x y"')
    assert limit == b"x y"
    content = b"\x00\r\n--x\n\xff\r"
    raw = (
        b'--x y\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n'
        b'--x y\r\nContent-Disposition: form-data; name="t"; filename="t.bin"\r\nContent-Type: a/b\r\n\r\n'
        + content
        + b"\r\n--x y--\r\n"
    )
    form = parse(raw, limit)
    assert form.fields == {"query": "SELECT 1"}
    assert form.files == {"t": content}
    with pytest.raises(ClickHouseError, match="ends before"):
        parse(raw[:-8], limit)


def test_other_bodies_are_no_forms():
    assert boundary("") is None
    assert boundary("application/x-www-form-urlencoded") is None
