"""Sends to Slack: channels, threads, direct messages, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from openclaw_channels.attachments import (
    Attachment,
    AttachmentRules,
    AttachmentTooLarge,
    load,
    too_large,
)
from openclaw_channels.base import (
    AnswerLost,
    Bucket,
    ChannelContext,
    ChannelError,
    Message,
    Part,
    PermanentFailure,
    Receipt,
)
from openclaw_channels.chunking import chunk_markdown
from openclaw_channels.remembered import Remembered
from openclaw_channels.settings import MEBIBYTE
from openclaw_channels.slack.answers import CommandAnswers
from openclaw_channels.slack.api import SlackApi
from openclaw_channels.slack.lookup import Lookup
from openclaw_channels.slack.mrkdwn import escaped_length, to_mrkdwn
from openclaw_channels.slack.settings import SlackSettings
from openclaw_channels.slack.targets import (
    Interaction,
    interaction,
    is_timestamp,
    parse_target,
)
from openclaw_channels.tables import tables_as_code
from openclaw_common.contracts.delivery import Destination
from openclaw_common.runtime.clock import Clock, SystemClock

EVENT_TYPE: Final = "openclaw_delivery"
"""Type of the metadata that a message is found by."""

_MAX_PAGES: Final = 10
_EVERY_PART: Final = frozenset({"all", "batched"})


class SlackOutbound:
    """One app's way out."""

    def __init__(
        self, settings: SlackSettings, context: ChannelContext, clock: Clock | None = None
    ) -> None:
        clock = clock or SystemClock()
        self._settings = settings
        self._egress = context.egress
        self._api = SlackApi(settings, context.http)
        self._answers = CommandAnswers(settings, context.http)
        self._lookup = Lookup(self._api, settings, clock)
        self._files: Remembered[str] = Remembered(
            clock, settings.lookup_cache_seconds, settings.lookup_cache_entries
        )
        self._media = AttachmentRules(
            max_bytes=int(settings.media_max_mb * MEBIBYTE),
            timeout_s=settings.request_timeout_ms / 1000,
        )

    @property
    def typing_seconds(self) -> float:
        """Apps have no typing indicator in the Web API."""
        return 0.0

    def parts(self, message: Message) -> Sequence[Part]:
        """Cut the Markdown, then make mrkdwn of each part, which is not longer."""
        chunks = chunk_markdown(
            tables_as_code(message.text),
            self._settings.text_chunk_limit,
            escaped_length,
            each_paragraph=self._settings.each_paragraph,
        )
        made = [Part(to_mrkdwn(chunk.text)) for chunk in chunks]
        made += [Part("", media=media) for media in message.media]
        return [
            replace(part, reply_to=self._reply_to(message, number))
            for number, part in enumerate(made)
        ]

    def _reply_to(self, message: Message, number: int) -> str | None:
        mode = self._settings.reply_to_mode
        every = mode in _EVERY_PART or (mode == "first" and number == 0)
        return message.reply_to if every else None

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        """Return the workspace's rate and the conversation's."""
        own = self._settings
        return (
            Bucket("workspace", own.workspace_per_second, own.workspace_burst),
            Bucket(f"to:{destination.place}", own.channel_per_second, own.channel_burst),
        )

    async def resolve(self, destination: Destination) -> Destination:
        """Return the conversation of a name or a user; raises a SendFailure."""
        try:
            to, _ = parse_target(destination.to)
        except ChannelError as malformed:
            raise PermanentFailure(str(malformed)) from None
        if destination.thread_id is not None and not is_timestamp(destination.thread_id):
            raise PermanentFailure("A Slack thread is given by the ts of its first message.")
        if to.startswith("#"):
            to = f"channel:{await self._lookup.channel_named(to[1:])}"
        elif to.startswith("user:"):
            to = f"channel:{await self._lookup.direct_channel(to.removeprefix('user:'))}"
        return replace(destination, to=to)

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        """Send one part; an attachment that is too large becomes text."""
        hook = interaction(destination.to)
        if hook is not None:
            if part.media is None:
                answered = await self._answers.post(hook, part.text)
                if answered is not None:
                    return answered
            destination = await self._instead(hook)
        where = _where(destination, part)
        if part.media is None:
            return await self._say(where, part.text, send_key)
        try:
            file = await load(part.media, self._egress, self._media)
        except AttachmentTooLarge:
            return await self._say(where, to_mrkdwn(too_large(part.media, "Slack")), send_key)
        return await self._upload(where, file, send_key)

    async def _instead(self, hook: Interaction) -> Destination:
        """Return where an answer goes that its URL no longer takes, shown to no more people."""
        if not self._settings.slash_command.ephemeral:
            return Destination("slack", f"channel:{hook.channel}")
        direct = await self._lookup.direct_channel(hook.user)
        return Destination("slack", f"channel:{direct}")

    async def _say(self, where: dict[str, str], text: str, send_key: str) -> Receipt:
        unfurl = self._settings.unfurl_links
        said = await self._api.send(
            self._api.web.chat_postMessage,
            **where,
            text=text,
            unfurl_links=unfurl,
            unfurl_media=unfurl,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"send_key": send_key}},
        )
        return Receipt(_text(said.get("ts")), said.status_code)

    async def _upload(self, where: dict[str, str], file: Attachment, send_key: str) -> Receipt:
        """Ask where to put the file, put it there, and share it, which is what people see."""
        web = self._api.web
        place = await self._api.ask(
            web.files_getUploadURLExternal, filename=file.filename, length=len(file.data)
        )
        file_id, url = _text(place.get("file_id")), _text(place.get("upload_url"))
        if file_id is None or url is None:
            raise PermanentFailure("Slack did not say where to upload to.")
        await self._api.upload(url, file.data)
        self._files.put(send_key, file_id)
        thread = {"thread_ts": where["thread_ts"]} if "thread_ts" in where else {}
        shared = await self._api.send(
            web.files_completeUploadExternal,
            files=[{"id": file_id, "title": file.filename}],
            channel_id=where["channel"],
            **thread,
        )
        return Receipt(file_id, shared.status_code)

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        """Slack knows no key of ours; `find_sent` looks for it instead."""
        return False

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        """Replace a message's text."""
        try:
            said = await self._api.send(
                self._api.web.chat_update,
                channel=_where(destination, part)["channel"],
                ts=message_id,
                text=part.text,
            )
        except AnswerLost as lost:
            raise AnswerLost(lost.message, repeat_is_safe=True) from None
        return Receipt(_text(said.get("ts")) or message_id, said.status_code)

    async def shows_previews(self, destination: Destination) -> bool:
        """Edits notify nobody; what a command is answered cannot be edited."""
        return interaction(destination.to) is None

    async def show_typing(self, destination: Destination) -> None:
        """Do nothing."""

    async def find_sent(self, destination: Destination, *, send_key: str) -> Receipt | None:
        """Look for the message with this key, or for the file that was uploaded under it.

        Files are found only by the process that uploaded them. Needs the scopes `…:history`.
        """
        channel = _where(destination, Part(""))["channel"]
        fields: dict[str, Any] = {
            "channel": channel,
            "limit": self._settings.lookback_messages,
            "include_all_metadata": True,
        }
        if destination.thread_id is None:
            page = await self._api.ask(self._api.web.conversations_history, **fields)
            return self._found(page, send_key)
        return await self._find_reply(destination.thread_id, fields, send_key)

    async def _find_reply(
        self, thread: str, fields: dict[str, Any], send_key: str
    ) -> Receipt | None:
        """Look through a thread, which Slack tells from its beginning on."""
        cursor: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            page = await self._api.ask(
                self._api.web.conversations_replies, ts=thread, **fields, **cursor
            )
            found = self._found(page, send_key)
            following = (page.get("response_metadata") or {}).get("next_cursor")
            if found is not None or not following:
                return found
            cursor = {"cursor": following}
        return None

    def _found(self, page: AsyncSlackResponse, send_key: str) -> Receipt | None:
        file_id = self._files.get(send_key)
        for message in page.get("messages") or ():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if (metadata.get("event_type"), payload.get("send_key")) == (EVENT_TYPE, send_key):
                return Receipt(_text(message.get("ts")))
            if file_id and file_id in {file.get("id") for file in message.get("files") or ()}:
                return Receipt(file_id)
        return None


def _where(destination: Destination, part: Part) -> dict[str, str]:
    kind, _, channel = destination.to.partition(":")
    if kind != "channel" or not channel:
        raise PermanentFailure("This is no Slack conversation; resolve the destination first.")
    # Between two people it is plain what is answered; a thread there would hide the answer.
    reply_to = None if channel.startswith("D") else part.reply_to
    thread = destination.thread_id or reply_to
    return {"channel": channel, "thread_ts": thread} if thread else {"channel": channel}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
