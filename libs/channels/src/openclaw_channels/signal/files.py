"""The bytes of what people attach, which signal-cli has fetched and keeps."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from urllib.parse import quote

from openclaw_channels.base import ChannelContext, PermanentFailure, TemporaryFailure
from openclaw_channels.platform_http import PlatformHttp
from openclaw_channels.signal.errors import rest_failure
from openclaw_channels.signal.rpc import Rpc
from openclaw_channels.signal.settings import SignalSettings
from openclaw_common.contracts.inbound import Attachment

_ANY_TYPE: Final = "application/octet-stream"
_AROUND_DATA: Final = 1024
"""Bytes of a JSON-RPC answer around the file in it."""


class SignalFiles:
    """One account's way to files: `getAttachment` of the daemon, or a path of the container."""

    def __init__(self, settings: SignalSettings, context: ChannelContext) -> None:
        self._settings = settings
        self._http = PlatformHttp("signal-cli", context.http, settings)
        self._rpc = Rpc(settings, self._http)

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> tuple[str, bytes]:
        """Return the file by its id."""
        if not attachment.reference:
            raise PermanentFailure(f"signal-cli gives out no bytes of this {attachment.kind}.")
        if (attachment.size or 0) > max_bytes:
            raise PermanentFailure(f"The file is over {max_bytes} bytes.")
        get = self._of_container if self._settings.transport.kind == "container" else self._of_rpc
        data = await get(attachment.reference, max_bytes)
        if len(data) > max_bytes:
            raise PermanentFailure(f"The file is over {max_bytes} bytes.")
        return attachment.mime or _ANY_TYPE, data

    async def _of_container(self, reference: str, max_bytes: int) -> bytes:
        url = f"{self._settings.url}/v1/attachments/{quote(reference, safe='')}"
        answer = await self._http.ask("GET", url, max_bytes=max_bytes)
        if answer.status == 200:
            return answer.body
        said = answer.json()
        pause = self._settings.rate_limit_pause_seconds
        raise rest_failure(said if isinstance(said, dict) else {}, answer.status, pause)

    async def _of_rpc(self, reference: str, max_bytes: int) -> bytes:
        # The sender must be named and is not looked at.
        params = {"id": reference, "recipient": self._settings.account}
        limit = max_bytes * 4 // 3 + _AROUND_DATA
        said, _ = await self._rpc.call("getAttachment", params, max_bytes=limit)
        return _decoded(said)


def _decoded(said: Any) -> bytes:
    data = said.get("data") if isinstance(said, dict) else said
    try:
        return base64.b64decode(data if isinstance(data, str) else "?", validate=True)
    except (ValueError, binascii.Error):
        raise TemporaryFailure("signal-cli's answer to getAttachment cannot be read.") from None
