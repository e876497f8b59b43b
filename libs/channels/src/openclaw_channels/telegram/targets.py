"""How Telegram targets are written, and the one form in which they are kept.

123456789  -1001234567890  group:-100…     the number
@Name  t.me/name  https://t.me/name        @name
<chat>:topic:<n>  <chat>:<n>               the chat, and the topic as thread

`telegram:` or `tg:` may stand before all of them.
"""

from __future__ import annotations

import re
from typing import Final

from openclaw_channels.base import ChannelError

_PREFIX: Final = re.compile(r"(?:telegram|tg):(?!//)", re.I)
_LINK: Final = re.compile(r"(?:https?://)?(?:t|telegram)\.me/", re.I)
_TARGET: Final = re.compile(
    r"(?:(?:group:)?(?P<number>-?[1-9]\d{0,18})|(?P<name>@[A-Za-z]\w{3,31}))"
    r"(?::(?:topic:)?(?P<topic>[1-9]\d{0,9}))?\Z",
    re.ASCII,
)
_HELP: Final = "write a chat's number, @name, t.me/name or <chat>:topic:<number>"


def parse_target(target: str) -> tuple[str, str | None]:
    """Return (`to`, topic); raises ChannelError."""
    text = target.strip()
    bare = text
    while found := _PREFIX.match(bare):
        bare = bare[found.end() :]
    if link := _LINK.match(bare):
        bare = "@" + bare[link.end() :].rstrip("/")
    chat = _TARGET.match(bare)
    if chat is None:
        raise ChannelError(f'"{text[:100]}" is no Telegram target; {_HELP}')
    return chat["number"] or chat["name"].lower(), chat["topic"]


def is_group(to: str) -> bool:
    """Whether `to` is a group or a channel: negative numbers, and names, which may be either."""
    return to.startswith(("-", "@"))
