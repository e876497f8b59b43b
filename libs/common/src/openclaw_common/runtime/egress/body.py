"""The body of an answer: its media type, and its bytes, decompressed under a cap.

aiohttp's own decompression is off, because the cap must hold before the bytes exist.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final, Protocol

from openclaw_common.runtime.egress.errors import ContentRefused, TooLarge

ACCEPT_ENCODING: Final = "gzip"
_STEP: Final = 65_536
"""Bytes that one step of decompression may give."""
_GZIP: Final = 16 + zlib.MAX_WBITS


def require_type(content_type: str, allowed: Sequence[str]) -> str:
    """Return the media type of a Content-Type header, if one of `allowed` is it.

    `allowed` holds types such as `application/json`, and `text/*` for all of a kind. Raises
    ContentRefused, also where the header is missing.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    kind, slash, _ = media_type.partition("/")
    if not slash or (media_type not in allowed and f"{kind}/*" not in allowed):
        shown = media_type if media_type.isascii() and media_type.isprintable() else ""
        raise ContentRefused(f"The content type {shown[:100] or '(none)'} is not allowed.")
    return media_type


async def read_body(
    chunks: AsyncIterator[bytes], encoding: str, *, max_bytes: int, cut: bool
) -> tuple[bytes, bool]:
    """Return the decoded body and whether it was cut at `max_bytes`.

    The cap counts what is sent as well as what it decompresses to. Raises TooLarge instead of
    cutting when `cut` is False, and ContentRefused for an encoding that was not asked for or is
    broken.
    """
    body = bytearray()
    received = 0
    decoder = _decoder(encoding)
    async for chunk in chunks:
        received += len(chunk)
        for piece in decoder.pieces(chunk):
            body += piece
            if len(body) > max_bytes:
                break
        if max(len(body), received) > max_bytes:
            if cut:
                return bytes(body[:max_bytes]), True
            raise TooLarge(max_bytes)
    decoder.end()
    return bytes(body), False


class _Decoder(Protocol):
    def pieces(self, data: bytes) -> Iterator[bytes]: ...
    def end(self) -> None: ...


def _decoder(encoding: str) -> _Decoder:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Identity()
    if name in ("gzip", "x-gzip"):
        return _Gzip()
    raise ContentRefused("The answer has a content encoding that was not asked for.")


class _Identity:
    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data

    def end(self) -> None:
        """Any end is a good one."""


class _Gzip:
    """One gzip member (RFC 1952); what stands behind it is ignored."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data and not self._inflater.eof:
            try:
                piece = self._inflater.decompress(data, _STEP)
            except zlib.error:
                raise _broken() from None
            data = self._inflater.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        if not self._inflater.eof:
            raise _broken()


def _broken() -> ContentRefused:
    return ContentRefused("The answer's compression is broken.")
