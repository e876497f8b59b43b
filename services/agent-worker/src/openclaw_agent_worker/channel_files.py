"""Images that came in with a message of a channel, fetched from the platform for one attempt.

One that cannot be had becomes a note that the model reads: whoever wrote the message is owed an
answer all the same.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelError, ChannelPlugin, SendFailure
from openclaw_channels.inbound import MediaSource
from openclaw_channels.registry import ChannelLoadError, accounts_of
from openclaw_common.contracts.inbound import Attachment
from openclaw_common.contracts.run import ChannelFiles, Image, RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.image_type import KNOWN, sniff

MEBIBYTE: Final = 1024 * 1024

_logger = logging.getLogger(__name__)


class FileNotHad(Exception):
    """A file is not there for the model; the message says why."""


class ChannelImages:
    """Fetches them. The channels are loaded with the first message that has any."""

    def __init__(
        self,
        config: Config,
        load: Callable[[], Mapping[str, ChannelPlugin]],
        context: ChannelContext,
        environ: Mapping[str, str],
    ) -> None:
        self._config = config
        self._load = load
        self._context = context
        self._environ = environ
        self._limits = config.gateway.http.endpoints.chat_completions.images

    @cached_property
    def _plugins(self) -> Mapping[str, ChannelPlugin]:
        return self._load()

    async def loaded(self, request: RunRequest) -> RunRequest:
        """Return the request with the images of its files, and notes of those that are missing."""
        files = request.files
        if files is None:
            return request
        images, notes, left = list(request.images), [], self._limits.max_total_bytes
        for attachment in files.attachments:
            try:
                mime, body = await self._image(files, attachment, left)
            except FileNotHad as error:
                name = " ".join(attachment.name.split())
                notes.append(f"[{attachment.kind} {name}: not shown: {error}]")
            else:
                left -= len(body)
                images.append(Image(mime, data=b64encode(body).decode("ascii")))
        text = "\n".join((request.message.text, *notes))
        return replace(
            request,
            images=tuple(images),
            files=None,
            message=replace(request.message, text=text),
        )

    async def _image(
        self, files: ChannelFiles, attachment: Attachment, left: int
    ) -> tuple[str, bytes]:
        try:
            source, most = self._source(files)
            async with asyncio.timeout(self._config.inbound.media_timeout_seconds):
                mime, body = await source.fetch(attachment, max_bytes=min(most, left))
        except (SendFailure, ChannelError, ChannelLoadError) as error:
            raise FileNotHad(str(error)) from error
        except TimeoutError:
            raise FileNotHad("the platform did not send it in time") from None
        except Exception as error:
            # A channel may be anybody's code: whatever it raises, the message is answered.
            _logger.exception("file_not_had", extra={"channel": files.channel})
            raise FileNotHad("it could not be read") from error
        found = sniff(body)
        if found is None and mime in KNOWN:
            raise FileNotHad(f"it is no {mime}, though it is said to be one")
        mime = found or mime
        if not body or len(body) > min(most, left):
            raise FileNotHad("it is too large")
        if mime not in self._limits.allowed_mimes:
            raise FileNotHad(f"{mime} is no image that is read")
        return mime, body

    def _source(self, files: ChannelFiles) -> tuple[MediaSource, int]:
        """Return what fetches for the account, and how many bytes a file may have."""
        plugin, section = self._plugins.get(files.channel), self._config.channels.get(files.channel)
        if plugin is None or section is None or plugin.media is None:
            raise FileNotHad(f"the channel {files.channel} is not configured any more")
        account = accounts_of(plugin, section, self._environ).get(files.account_id)
        if account is None:
            raise FileNotHad(f"{files.channel} has no account {files.account_id} any more")
        return plugin.media(account, self._context), self._most(account)

    def _most(self, account: Account) -> int:
        said = account.settings.get("mediaMaxMb")
        of_account = int(said * MEBIBYTE) if isinstance(said, int | float) else None
        most = self._limits.max_bytes
        return most if of_account is None else min(most, of_account)
