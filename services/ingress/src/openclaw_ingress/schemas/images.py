"""Image parts of the current message: data URIs decoded and checked, URLs judged by their text.

An image's bytes say what it is; the declared type counts only where they say nothing. Nothing is
fetched here: the worker fetches a URL that is allowed, under the same limits.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from openclaw_common.contracts.run import Image
from openclaw_common.runtime.config.http import Images as ImageLimits
from openclaw_common.runtime.egress.errors import UrlRefused
from openclaw_common.runtime.egress.hosts import HostPattern, matches_any, may_be_public
from openclaw_common.runtime.egress.urls import parse_target
from openclaw_common.runtime.image_type import sniff
from openclaw_ingress.schemas.messages import invalid_image

ANY_IMAGE: Final = "image/*"
"""The type of an image that is only known by its URL."""
_DATA_URI: Final = re.compile(r"data:([^,]*),(.*)\Z", re.IGNORECASE | re.DOTALL)


def parse_images(
    urls: Sequence[str],
    limits: ImageLimits,
    trusted: Sequence[HostPattern] = (),
    details: Sequence[str | None] = (),
) -> tuple[Image, ...]:
    """Return the images behind `urls`; raises InvalidRequest for any fault of any of them.

    `trusted` are hosts that may be private; `details` are those of the images, where given.
    """
    if len(urls) > limits.max_parts:
        raise invalid_image()
    images = []
    total = 0
    for url in urls:
        found = _DATA_URI.match(url)
        if found is None:
            images.append(_by_url(url, limits, trusted))
            continue
        # Refused before decoding: three bytes stand in four characters.
        if total + len(found[2]) // 4 * 3 > limits.max_total_bytes + 3:
            raise invalid_image()
        image, size = _from_data(found[1], found[2], limits)
        total += size
        if total > limits.max_total_bytes:
            raise invalid_image()
        images.append(image)
    return tuple(replace(image, detail=detail) for image, detail in zip_longest(images, details))


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


def _by_url(url: str, limits: ImageLimits, trusted: Sequence[HostPattern]) -> Image:
    if not limits.allow_url:
        raise invalid_image()
    try:
        target = parse_target(url)
    except UrlRefused:
        raise invalid_image() from None
    allowed = tuple(map(HostPattern.parse, limits.url_allowlist))
    if allowed and not matches_any(allowed, target.host, target.port):
        raise invalid_image()
    if not (may_be_public(target.host) or matches_any(trusted, target.host, target.port)):
        raise invalid_image()
    return Image(ANY_IMAGE, url=url)
