"""What kind of image some bytes are, by their first ones (the formats' own signatures)."""

from __future__ import annotations

from typing import Final

_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis"})
_HEIF_BRANDS: Final = frozenset({b"mif1", b"msf1", b"heif"})
KNOWN: Final = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/heic", "image/heif")
)
"""The media types that `sniff` tells."""


def sniff(data: bytes) -> str | None:
    """Return the media type that the first bytes of an image show, or None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIC_BRANDS:
            return "image/heic"
        if data[8:12] in _HEIF_BRANDS:
            return "image/heif"
    return None
