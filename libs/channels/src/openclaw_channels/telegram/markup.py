"""From Markdown to Telegram's text with entities, and into parts."""

from __future__ import annotations

from typing import Any, Final

from openclaw_channels.base import Message, Part
from openclaw_channels.styled import MessageEntity, StyledPart, cut, render
from openclaw_channels.telegram.settings import MAX_CAPTION, TelegramSettings

ENTITIES: Final = "entities"
"""Key of a part's `markup`: its MessageEntity objects."""

_LINK_SCHEMES: Final = ("http://", "https://", "tg://")


def parts(message: Message, settings: TelegramSettings) -> list[Part]:
    """Cut a message into parts: attachments first, of which the first carries the first text."""
    texts = cut(
        render(message.text),
        settings.part_limit,
        first_limit=MAX_CAPTION if message.media else None,
        each_paragraph=settings.each_paragraph,
    )
    found = [Part("", media) for media in message.media]
    if found and texts:
        found[0] = _part(texts.pop(0), found[0])
    found += [_part(text, Part("")) for text in texts]
    return [_addressed(part, number, message, settings) for number, part in enumerate(found)]


def _part(text: StyledPart, part: Part) -> Part:
    entities = [entity.to_dict() for entity in text.entities if _is_known(entity)]
    markup: dict[str, Any] = {ENTITIES: entities} if entities else {}
    return Part(text.text, part.media, markup=markup)


def _addressed(part: Part, number: int, message: Message, settings: TelegramSettings) -> Part:
    shows = settings.reply_to_mode == "all" or (settings.reply_to_mode != "off" and number == 0)
    reply_to = message.reply_to if shows else None
    return Part(part.text, part.media, reply_to, part.markup)


def _is_known(entity: MessageEntity) -> bool:
    """Whether Telegram takes the entity: other links stay as their label."""
    return entity.type != "text_link" or (entity.url or "").lower().startswith(_LINK_SCHEMES)
