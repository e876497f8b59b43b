"""The words of a message: whom they address, and what a reader of plain text would miss.

Offsets of entities count UTF-16 units (https://core.telegram.org/bots/api#messageentity).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from openclaw_channels.said import Said

_REWRITTEN: Final = frozenset({"text_link", "bot_command"})


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself. `username` is without `@` and empty while it is not known."""

    id: int
    username: str = ""

    def is_called(self, name: str) -> bool:
        """Whether `name`, with or without `@`, is the bot's; case does not count."""
        own = self.username.casefold()
        return bool(own) and name.removeprefix("@").casefold() == own


@dataclass(frozen=True, slots=True)
class Words:
    """A text with its links written out, and whether it names the bot."""

    text: str
    mentions_me: bool


@dataclass(frozen=True, slots=True)
class _Entity:
    kind: str
    start: int
    end: int
    said: Said

    def of(self, raw: bytes) -> str:
        return _decoded(raw[self.start : self.end])


def read_words(message: Said, me: Me) -> Words:
    """Return the text or the caption of a message.

    `[shown](url)` stands for a link whose address is not shown, and `/command` for
    `/command@username`.
    """
    text, entities = message.text("text"), message.parts("entities")
    if not text:
        text, entities = message.text("caption"), message.parts("caption_entities")
    raw = text.encode("utf-16-le", "surrogatepass")
    found = sorted(_within(raw, entities), key=lambda entity: entity.start, reverse=True)
    mentions = any(_names(entity, raw, me) for entity in found)
    untouched = len(raw)
    for entity in found:
        if entity.kind in _REWRITTEN and entity.end <= untouched:
            raw = raw[: entity.start] + _rewritten(entity, raw, me) + raw[entity.end :]
            untouched = entity.start
    return Words(_decoded(raw), mentions)


def _within(raw: bytes, entities: list[Said]) -> Iterator[_Entity]:
    for said in entities:
        offset, length = said.whole("offset"), said.whole("length")
        if offset is None or length is None or offset < 0 or length < 1:
            continue
        start, end = offset * 2, (offset + length) * 2
        if end <= len(raw):
            yield _Entity(said.text("type"), start, end, said)


def _names(entity: _Entity, raw: bytes, me: Me) -> bool:
    if entity.kind == "text_mention":
        user = entity.said.part("user")
        return user is not None and user.whole("id") == me.id
    if entity.kind == "mention":
        return me.is_called(entity.of(raw))
    if entity.kind == "bot_command":
        _, at, name = entity.of(raw).partition("@")
        return me.is_called(name) if at else entity.start == 0
    return False


def _rewritten(entity: _Entity, raw: bytes, me: Me) -> bytes:
    shown = entity.of(raw)
    if entity.kind == "text_link" and (url := entity.said.text("url")):
        shown = f"[{shown}]({url})"
    elif entity.kind == "bot_command":
        command, _, name = shown.partition("@")
        # While the username is not known, any command may be the bot's.
        shown = command if me.is_called(name) or not me.username else shown
    return shown.encode("utf-16-le", "surrogatepass")


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace")
