"""Images that a client named by URL, fetched by us and handed to the model as data.

A provider that fetched them would be a proxy into its own network, and each would judge a URL by
rules of its own; fetched here they pass the same door as everything a stranger names.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import Image
from openclaw_common.runtime.config.http import Images as ImageLimits
from openclaw_common.runtime.egress.errors import EgressError
from openclaw_common.runtime.egress.fetch import Egress, FetchRules
from openclaw_common.runtime.egress.hosts import HostPattern
from openclaw_common.runtime.image_type import sniff

UNTYPED: Final = "application/octet-stream"
"""What many servers call an image; its bytes say more."""


@dataclass(frozen=True, slots=True)
class ImageUrls:
    """Fetches images under the limits of `images` in the configuration."""

    egress: Egress
    limits: ImageLimits
    complaint: str = "Invalid image_url content in `messages`."
    param: str = "messages"

    async def loaded(self, images: Sequence[Image]) -> tuple[Image, ...]:
        """Return the images with data in place of every URL.

        One after the other, so that no more than the limit of all of them is ever held. Raises
        InvalidRequest for any fault of any of them, and does not say which (contract §1.1).
        """
        left = self.limits.max_total_bytes - sum(_size(image) for image in images)
        loaded: list[Image] = []
        for image in images:
            if image.url is None:
                loaded.append(image)
                continue
            body, mime = await self._fetch(image.url, min(left, self.limits.max_bytes))
            left -= len(body)
            data = b64encode(body).decode("ascii")
            loaded.append(Image(mime, data=data, detail=image.detail))
        return tuple(loaded)

    async def _fetch(self, url: str, max_bytes: int) -> tuple[bytes, str]:
        if not self.limits.allow_url or max_bytes <= 0:
            raise self._invalid()
        allowed = tuple(mime.lower() for mime in self.limits.allowed_mimes)
        hosts = tuple(map(HostPattern.parse, self.limits.url_allowlist))
        rules = FetchRules(
            content_types=(*allowed, UNTYPED),
            max_bytes=max_bytes,
            max_redirects=self.limits.max_redirects,
            timeout_s=self.limits.timeout_ms / 1000,
            hosts=hosts or None,
        )
        try:
            fetched = await self.egress.fetch(url, rules)
        except EgressError:
            raise self._invalid() from None
        mime = sniff(fetched.body) or fetched.media_type
        if not fetched.body or mime not in allowed:
            raise self._invalid()
        return fetched.body, mime

    def _invalid(self) -> InvalidRequest:
        return InvalidRequest(self.complaint, param=self.param)


def _size(image: Image) -> int:
    """Return the decoded size of an image that has data, in bytes."""
    return len(image.data) // 4 * 3 - image.data[-2:].count("=") if image.data else 0
