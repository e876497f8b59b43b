"""Files that people share on Discord: signed URLs of its CDN, which need no token."""

from __future__ import annotations

from openclaw_channels.attachments import AttachmentRules, load
from openclaw_channels.base import ChannelContext, PermanentFailure
from openclaw_channels.discord.settings import DiscordSettings
from openclaw_common.contracts.delivery import Media
from openclaw_common.contracts.inbound import Attachment


class DiscordMedia:
    """Gets files for one bot."""

    def __init__(self, settings: DiscordSettings, context: ChannelContext) -> None:
        self._egress = context.egress
        self._seconds = settings.request_timeout_ms / 1000

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> tuple[str, bytes]:
        """Return the media type and the bytes; raises a SendFailure."""
        name = attachment.name or "a file"
        if not attachment.reference:
            raise PermanentFailure(f"Discord gives no URL for {name}.")
        if attachment.size is not None and attachment.size > max_bytes:
            raise PermanentFailure(f"{name} is larger than {max_bytes} bytes.")
        rules = AttachmentRules(max_bytes=max_bytes, timeout_s=self._seconds)
        media = Media(attachment.mime, url=attachment.reference, filename=attachment.name)
        loaded = await load(media, self._egress, rules)
        return loaded.mime, loaded.data
