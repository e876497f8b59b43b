"""Files that people share in Slack.

https://docs.slack.dev/reference/objects/file-object: `url_private` wants the bot's token. The token
goes to Slack alone; what an app linked from elsewhere is fetched like any stranger's URL.
"""

from __future__ import annotations

from typing import Final

import aiohttp
from yarl import URL

from openclaw_channels.attachments import AttachmentRules, load
from openclaw_channels.base import (
    AnswerLost,
    ChannelContext,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.platform_http import transport_failure
from openclaw_channels.slack.settings import SlackSettings
from openclaw_common.contracts.delivery import Media
from openclaw_common.contracts.inbound import Attachment

NO_FILE: Final = (
    "Slack shows a page in place of the file; give the app the scope files:read and install it"
    " again."
)
_PAGE: Final = "text/html"


class SlackMedia:
    """Gets files for one app."""

    def __init__(self, settings: SlackSettings, context: ChannelContext) -> None:
        self._context = context
        self._token = settings.bot_token
        self._root = URL(settings.api_root)
        self._default_wait = settings.default_retry_after_seconds
        self._seconds = settings.request_timeout_ms / 1000
        self._connect = settings.connect_timeout_ms / 1000

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> tuple[str, bytes]:
        """Return the media type and the bytes; raises a SendFailure."""
        name = attachment.name or "a file"
        if not attachment.reference:
            raise PermanentFailure(f"Slack gives no URL for {name}.")
        if attachment.size is not None and attachment.size > max_bytes:
            raise _too_large(name, max_bytes)
        if not self.is_slacks(attachment.reference):
            rules = AttachmentRules(max_bytes=max_bytes, timeout_s=self._seconds)
            media = Media(attachment.mime, url=attachment.reference, filename=attachment.name)
            loaded = await load(media, self._context.egress, rules)
            return loaded.mime, loaded.data
        return await self._download(attachment, name, max_bytes)

    def is_slacks(self, reference: str) -> bool:
        """Whether a URL leads to Slack itself, so that the token may go there."""
        try:
            url = URL(reference)
        except ValueError:
            return False
        host, own = url.host or "", self._root.host or ""
        if url.user is not None or url.scheme != self._root.scheme or url.port != self._root.port:
            return False
        return host == own or (self._root.scheme == "https" and host.endswith(f".{own}"))

    async def _download(
        self, attachment: Attachment, name: str, max_bytes: int
    ) -> tuple[str, bytes]:
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        timeout = aiohttp.ClientTimeout(total=self._seconds, connect=self._connect)
        try:
            async with self._context.http.get(
                attachment.reference, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                self._check(response, attachment, name)
                data = await _body(response, name, max_bytes)
                return response.content_type, data
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            failure = transport_failure("Slack", error)
        if isinstance(failure, AnswerLost):
            failure = TemporaryFailure(failure.message)
        raise failure

    def _check(self, response: aiohttp.ClientResponse, attachment: Attachment, name: str) -> None:
        failure = self._failure(response, name)
        if failure is not None:
            raise failure
        if response.content_type == _PAGE and attachment.mime != _PAGE:
            raise PermanentFailure(NO_FILE)

    def _failure(self, response: aiohttp.ClientResponse, name: str) -> SendFailure | None:
        status = response.status
        if status == 200:
            return None
        if status == 429:
            wait = response.headers.get("Retry-After", "")
            seconds = float(wait) if wait.isdigit() else self._default_wait
            return RateLimited("Slack asks to wait.", retry_after_s=seconds)
        if 300 <= status < 400:
            return PermanentFailure(NO_FILE, http_status=status)
        kind = TemporaryFailure if status >= 500 or status == 408 else PermanentFailure
        return kind(f"Slack does not give {name}: status {status}.", http_status=status)


async def _body(response: aiohttp.ClientResponse, name: str, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(name, max_bytes)
    return bytes(body)


def _too_large(name: str, max_bytes: int) -> PermanentFailure:
    return PermanentFailure(f"{name} is larger than {max_bytes} bytes.")
