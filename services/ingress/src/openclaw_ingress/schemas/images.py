"""Image parts of the current message: data URIs decoded and checked, URLs passed through.

An image's bytes say what it is; the declared type counts only where they say nothing. Nothing is
fetched here: a URL that is allowed goes to the provider as it is.
"""

from __future__ import annotations

import binascii
import ipaddress
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from openclaw_common.contracts.run import Image
from openclaw_common.runtime.config.http import Images as ImageLimits
from openclaw_ingress.schemas.messages import invalid_image

ANY_IMAGE: Final = "image/*"
"""The type of an image that is only known by its URL."""
_DATA_URI: Final = re.compile(r"data:([^,]*),(.*)\Z", re.IGNORECASE | re.DOTALL)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis"})
_HEIF_BRANDS: Final = frozenset({b"mif1", b"msf1", b"heif"})


def parse_images(urls: Sequence[str], limits: ImageLimits) -> tuple[Image, ...]:
    """Return the images behind `urls`; raises InvalidRequest for any fault of any of them."""
    if len(urls) > limits.max_parts:
        raise invalid_image()
    images = []
    total = 0
    for url in urls:
        found = _DATA_URI.match(url)
        if found is None:
            images.append(_by_url(url, limits))
            continue
        # Refused before decoding: three bytes stand in four characters.
        if total + len(found[2]) // 4 * 3 > limits.max_total_bytes + 3:
            raise invalid_image()
        image, size = _from_data(found[1], found[2], limits)
        total += size
        if total > limits.max_total_bytes:
            raise invalid_image()
        images.append(image)
    return tuple(images)


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


def _from_data(metadata: str, payload: str, limits: ImageLimits) -> tuple[Image, int]:
    words = [word.strip().lower() for word in metadata.split(";")]
    if "base64" not in words:
        raise invalid_image()
    payload = "".join(payload.split())
    # The decoder takes any number of padding characters where none are needed.
    if len(payload) % 4 or payload.endswith("==="):
        raise invalid_image()
    try:
        data = binascii.a2b_base64(payload, strict_mode=True)
    except (binascii.Error, ValueError):
        raise invalid_image() from None
    if not data or len(data) > limits.max_bytes:
        raise invalid_image()
    declared = next((word for word in words if "/" in word), None)
    mime = sniff(data) or declared
    if mime not in {allowed.lower() for allowed in limits.allowed_mimes}:
        raise invalid_image()
    return Image(mime, data=payload), len(data)


def _by_url(url: str, limits: ImageLimits) -> Image:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise invalid_image() from None
    web = parts.scheme.lower() in ("http", "https") and host is not None
    if not (limits.allow_url and web and parts.username is None and url.isprintable()):
        raise invalid_image()
    if not _is_allowed_host(str(host), limits.url_allowlist):
        raise invalid_image()
    return Image(ANY_IMAGE, url=url)


def _is_allowed_host(host: str, allowlist: tuple[str, ...]) -> bool:
    host = host.rstrip(".").lower()
    if _is_private(host):
        return False
    return not allowlist or any(_matches(host, entry.strip().lower()) for entry in allowlist)


def _matches(host: str, entry: str) -> bool:
    if entry.startswith("*."):
        return host.endswith(entry[1:])
    return host == entry


def _is_private(host: str) -> bool:
    if "." not in host and ":" not in host:
        return True
    if host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # All digits and dots, yet no address: one of the spellings that resolvers still accept.
        return not host.rpartition(".")[2].strip("0123456789")
