"""A body never takes more memory than its cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from openclaw_common.runtime.egress.body import read_body, require_type
from openclaw_common.runtime.egress.errors import ContentRefused, TooLarge


async def chunked(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(data: bytes, encoding: str = "", *, most: int = 10_000, cut: bool = False) -> bytes:
    return (await read_body(chunked(data), encoding, max_bytes=most, cut=cut))[0]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP "])
async def test_gzip_is_undone(encoding: str) -> None:
    text = b"".join(b"line %d\n" % n for n in range(1000))
    assert await read(gzip.compress(text), encoding) == text


async def test_as_many_bytes_as_the_cap_are_taken() -> None:
    assert len(await read(b"a" * 10_000)) == 10_000


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_one_byte_more_is_refused_or_cut(encoding: str) -> None:
    data = gzip.compress(b"a" * 10_001) if encoding else b"a" * 10_001
    with pytest.raises(TooLarge):
        await read(data, encoding)
    cut = await read_body(chunked(data), encoding, max_bytes=10_000, cut=True)
    assert cut == (b"a" * 10_000, True)


async def test_a_zip_bomb_is_given_up_at_the_cap() -> None:
    bomb = gzip.compress(bytes(200_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await read_body(chunked(bomb, 65_536), "gzip", max_bytes=1_000_000, cut=False)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "aes128gcm"])
async def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(ContentRefused, match="not asked for"):
        await read(b"x", encoding)


@pytest.mark.parametrize(
    "data", [b"no gzip at all", zlib.compress(b"zlib"), gzip.compress(b"x" * 5000, mtime=0)[:-9]]
)
async def test_broken_compression_is_refused(data: bytes) -> None:
    with pytest.raises(ContentRefused, match="broken"):
        await read(data, "gzip")


@pytest.mark.parametrize(
    ("header", "allowed", "expected"),
    [
        ("text/html; charset=utf-8", ("text/*",), "text/html"),
        ("Application/JSON", ("application/json",), "application/json"),
        ("image/png", ("image/png", "image/jpeg"), "image/png"),
    ],
)
def test_an_allowed_media_type_is_taken(
    header: str, allowed: tuple[str, ...], expected: str
) -> None:
    assert require_type(header, allowed) == expected


@pytest.mark.parametrize("header", ["", "application/zip", "text", "textual/html", "*/*", "\x00"])
def test_any_other_is_refused(header: str) -> None:
    with pytest.raises(ContentRefused, match="is not allowed"):
        require_type(header, ("text/*", "application/json"))
