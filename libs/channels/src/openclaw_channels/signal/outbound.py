"""Sends to Signal: people by number, id or username, and groups."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from openclaw_channels.attachments import (
    Attachment,
    AttachmentRules,
    AttachmentTooLarge,
    attachment_name,
    load,
)
from openclaw_channels.base import (
    Bucket,
    ChannelContext,
    ChannelError,
    Message,
    Part,
    PermanentFailure,
    Receipt,
)
from openclaw_channels.settings import MEBIBYTE
from openclaw_channels.signal import markup
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.signal.targets import GROUP, is_alias, parse_target
from openclaw_channels.signal.transports import Outgoing, Quote, transport
from openclaw_common.contracts.delivery import Destination, Media

TYPING_SECONDS: Final = 15.0
"""How long Signal shows the indicator (signal-cli(1), sendTyping)."""

_QUOTED: Final = re.compile(r"(\d{1,16})(?::(\S+))?\Z", re.ASCII)
_NOT_IN_A_NAME: Final = re.compile(r"[^\w. -]")


class SignalOutbound:
    """One account's way out."""

    def __init__(self, settings: SignalSettings, context: ChannelContext) -> None:
        self._settings = settings
        self._egress = context.egress
        self._transport = transport(settings, context.http)
        self._media = AttachmentRules(
            max_bytes=int(settings.media_max_mb * MEBIBYTE),
            timeout_s=settings.request_timeout_ms / 1000,
        )

    @property
    def typing_seconds(self) -> float:
        """How long one indicator lasts."""
        return TYPING_SECONDS

    def parts(self, message: Message) -> Sequence[Part]:
        """Cut a message into parts."""
        return markup.parts(message, self._settings)

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        """Return the account's bucket and that of the person or group."""
        own = self._settings
        return (
            Bucket("account", own.account_per_second, own.account_burst),
            Bucket(f"chat:{destination.to}", own.chat_per_second, own.chat_burst),
        )

    async def resolve(self, destination: Destination) -> Destination:
        """Return what an alias stands for; raises PermanentFailure for one that nobody knows."""
        try:
            to, _ = parse_target(destination.to)
            if is_alias(to):
                to, _ = parse_target(self._settings.aliases.get(to, ""))
        except ChannelError as malformed:
            raise PermanentFailure(str(malformed)) from None
        if is_alias(to):
            raise PermanentFailure("An alias of channels.signal.aliases names another alias.")
        return replace(destination, to=to)

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        """Send one part; an attachment that is too large becomes text."""
        outgoing = Outgoing(
            to=destination.to,
            text=part.text,
            styles=tuple(part.markup.get(markup.STYLES, ())),
            quote=_quote(part.reply_to, destination.to),
        )
        if part.media is not None:
            try:
                file = await load(part.media, self._egress, self._media)
                outgoing = replace(outgoing, attachment=_data_uri(file))
            except AttachmentTooLarge:
                note = "\n\n".join(filter(None, (part.text, _in_place_of(part.media))))
                outgoing = replace(outgoing, text=note)
        return await self._transport.send(outgoing)

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        """Signal knows no repeated request."""
        return False

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        """Replace a message; people see it under its first id, which it keeps."""
        if not (message_id.isascii() and message_id.isdigit()):
            raise PermanentFailure("A Signal message is given by its timestamp.")
        receipt = await self._transport.send(
            Outgoing(
                to=destination.to,
                text=part.text,
                styles=tuple(part.markup.get(markup.STYLES, ())),
                edited=int(message_id),
            )
        )
        return replace(receipt, message_id=message_id)

    async def show_typing(self, destination: Destination) -> None:
        """Show the indicator."""
        await self._transport.show_typing(destination.to)


def _quote(reply_to: str | None, to: str) -> Quote | None:
    """Read `<timestamp>` or `<timestamp>:<author>`; in a group, the author must be named."""
    found = _QUOTED.match(reply_to or "")
    if found is None:
        return None
    author = found[2] or (None if to.startswith(GROUP) else to)
    return Quote(int(found[1]), author) if author else None


def _data_uri(file: Attachment) -> str:
    name = _NOT_IN_A_NAME.sub("_", file.filename)
    return f"data:{file.mime};filename={name};base64,{base64.b64encode(file.data).decode()}"


def _in_place_of(media: Media) -> str:
    return f"[attachment too large: {media.url or attachment_name(media)}]"
