"""Sends to Telegram: chats, groups, channels and their topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

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
from openclaw_channels.remembered import Remembered
from openclaw_channels.settings import MEBIBYTE
from openclaw_channels.telegram import markup
from openclaw_channels.telegram.api import Refused, TelegramApi
from openclaw_channels.telegram.media import DOCUMENT, PHOTO, is_about_the_file, kind_of
from openclaw_channels.telegram.settings import MAX_PHOTO_BYTES, TelegramSettings
from openclaw_channels.telegram.targets import is_group, parse_target
from openclaw_common.contracts.delivery import Destination, Media
from openclaw_common.runtime.clock import Clock, SystemClock

TYPING_SECONDS: Final = 5.0
"""How long Telegram shows an action (Bot API, sendChatAction)."""

_GENERAL_TOPIC: Final = "1"
"""The topic of a forum that must not be named when sending."""
_ENTITY_FIELDS: Final = ("entities", "caption_entities")
_ABOUT_ENTITIES: Final = ("can't parse entities", "entity_", "entities_")
_UNCHANGED: Final = "message is not modified"


class TelegramOutbound:
    """One bot's way out."""

    def __init__(
        self, settings: TelegramSettings, context: ChannelContext, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._egress = context.egress
        self._api = TelegramApi(settings, context.http)
        self._migrated: Remembered[str] = Remembered(
            clock or SystemClock(), settings.lookup_cache_seconds, settings.lookup_cache_entries
        )
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
        """Return the bot's bucket, the chat's, and for groups that of a minute."""
        own, to = self._settings, destination.to
        bot = Bucket("bot", own.bot_per_second, own.bot_burst)
        chat = Bucket(f"chat:{to}", own.chat_per_second, own.chat_burst)
        if not is_group(to):
            return bot, chat
        # What may go at once counts to the minute, so that no minute has more.
        refill = max(own.group_per_minute - own.group_burst, 1) / 60
        return bot, chat, Bucket(f"group:{to}", refill, own.group_burst)

    async def resolve(self, destination: Destination) -> Destination:
        """Return the chat, which may have become a supergroup; raises PermanentFailure."""
        try:
            to, _ = parse_target(destination.to)
        except ChannelError as malformed:
            raise PermanentFailure(str(malformed)) from None
        thread = destination.thread_id
        if thread is not None and not (thread.isascii() and thread.isdigit()):
            raise PermanentFailure("A Telegram topic is given by its number.")
        return replace(destination, to=self._migrated.get(to) or to)

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        """Send one part; an attachment that is too large becomes text."""
        fields = self._address(destination, part)
        if part.media is None:
            return await self._send_text(fields, part.text, part)
        try:
            return await self._send_media(fields, part, part.media)
        except AttachmentTooLarge:
            note = "\n\n".join(filter(None, (part.text, _in_place_of(part.media))))
            return await self._send_text(fields, note, part)

    def _address(self, destination: Destination, part: Part) -> dict[str, Any]:
        fields: dict[str, Any] = {"chat_id": _chat(destination.to)}
        if destination.thread_id not in (None, _GENERAL_TOPIC):
            fields["message_thread_id"] = int(destination.thread_id or 0)
        if part.reply_to and part.reply_to.isascii() and part.reply_to.isdigit():
            fields["reply_parameters"] = {
                "message_id": int(part.reply_to),
                "allow_sending_without_reply": True,
            }
        return fields

    async def _send_text(self, fields: Mapping[str, Any], text: str, part: Part) -> Receipt:
        return await self._deliver("sendMessage", {**fields, **self._content(text, part)})

    def _content(self, text: str, part: Part) -> dict[str, Any]:
        content: dict[str, Any] = {"text": text}
        if entities := part.markup.get(markup.ENTITIES):
            content["entities"] = entities
        if not self._settings.link_preview:
            content["link_preview_options"] = {"is_disabled": True}
        return content

    async def _send_media(self, fields: Mapping[str, Any], part: Part, media: Media) -> Receipt:
        """Let Telegram fetch a URL; where it cannot, and for data, upload."""
        kind = kind_of(media.mime)
        fields = {**fields, **_caption(part)}
        if media.url is not None and media.url.startswith(("https://", "http://")):
            try:
                return await self._deliver(kind.method, {**fields, kind.field: media.url})
            except Refused as refused:
                if not is_about_the_file(refused):
                    raise
        file = await load(media, self._egress, self._media)
        if kind is PHOTO and len(file.data) > MAX_PHOTO_BYTES:
            kind = DOCUMENT
        if kind is not DOCUMENT:
            try:
                return await self._deliver(kind.method, fields, {kind.field: file})
            except Refused as refused:
                if not is_about_the_file(refused):
                    raise
        return await self._deliver(DOCUMENT.method, fields, {DOCUMENT.field: file})

    async def _deliver(
        self,
        method: str,
        fields: Mapping[str, Any],
        uploads: Mapping[str, Attachment] | None = None,
    ) -> Receipt:
        """Call, and once more for each thing that Telegram says how to put right."""
        while True:
            try:
                said, status = await self._api.call(method, fields, uploads)
            except Refused as refused:
                amended = self._amended(fields, refused)
                if amended is None:
                    raise
                fields = amended
                continue
            return Receipt(_message_id(said), status)

    def _amended(self, fields: Mapping[str, Any], refused: Refused) -> dict[str, Any] | None:
        """Return what is to be sent instead, None where nothing helps."""
        moved = refused.migrated_to
        if moved is not None and str(fields["chat_id"]) != moved:
            self._migrated.put(str(fields["chat_id"]), moved)
            return {**fields, "chat_id": _chat(moved)}
        said = refused.message.lower()
        styled = any(name in fields for name in _ENTITY_FIELDS)
        if styled and any(words in said for words in _ABOUT_ENTITIES):
            return {name: value for name, value in fields.items() if name not in _ENTITY_FIELDS}
        return None

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        """The Bot API knows no repeated request."""
        return False

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        """Replace a message's text; to the same text is a success."""
        if not (message_id.isascii() and message_id.isdigit()):
            raise PermanentFailure("A Telegram message is given by its number.")
        fields = {
            "chat_id": _chat(destination.to),
            "message_id": int(message_id),
            **self._content(part.text, part),
        }
        try:
            receipt = await self._deliver("editMessageText", fields)
        except Refused as refused:
            if _UNCHANGED not in refused.message:
                raise
            return Receipt(message_id, refused.http_status)
        return receipt

    async def shows_previews(self, destination: Destination) -> bool:
        """Edits notify nobody."""
        return True

    async def show_typing(self, destination: Destination) -> None:
        """Show the indicator; here the general topic is named too."""
        fields: dict[str, Any] = {"chat_id": _chat(destination.to), "action": "typing"}
        if destination.thread_id is not None:
            fields["message_thread_id"] = int(destination.thread_id)
        await self._api.call("sendChatAction", fields)


def _chat(to: str) -> int | str:
    return to if to.startswith("@") else int(to)


def _caption(part: Part) -> dict[str, Any]:
    caption: dict[str, Any] = {"caption": part.text} if part.text else {}
    if entities := part.markup.get(markup.ENTITIES):
        caption["caption_entities"] = entities
    return caption


def _in_place_of(media: Media) -> str:
    return f"[attachment too large: {media.url or attachment_name(media)}]"


def _message_id(said: Any) -> str | None:
    found = said.get("message_id") if isinstance(said, dict) else None
    return str(found) if found is not None else None
