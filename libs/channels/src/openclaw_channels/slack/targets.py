"""How Slack targets are written, and the one form in which they are kept.

channel:<C…>  #<C…>  <#C…|name>  <C…>     channel:<C…>, also for G… and D…
user:<U…>  <@U…>  slack:<U…>  <U…>        user:<U…>, also for W…
#name                                     #name, looked up when it is sent to
"""

from __future__ import annotations

import re
from typing import Final

from openclaw_channels.base import ChannelError

_PREFIX: Final = "slack:"
_ID: Final = r"[A-Z0-9]{8,20}"
_CHANNEL: Final = re.compile(rf"(?:channel:|#)?([CGD]{_ID})\Z|<#([CGD]{_ID})(?:\|[^>]*)?>\Z")
_USER: Final = re.compile(rf"(?:user:)?([UW]{_ID})\Z|<@([UW]{_ID})(?:\|[^>]*)?>\Z")
_NAME: Final = re.compile(r"#[^\s#:<>@]{1,80}\Z")
_TIMESTAMP: Final = re.compile(r"\d{1,12}\.\d{1,6}\Z")


def parse_target(target: str) -> tuple[str, str | None]:
    """Return (`to`, None): a thread is named apart; raises ChannelError."""
    text = target.strip()
    bare = text.removeprefix(_PREFIX)
    if found := _CHANNEL.match(bare):
        return f"channel:{found[1] or found[2]}", None
    if found := _USER.match(bare):
        return f"user:{found[1] or found[2]}", None
    if _NAME.match(bare):
        return bare.lower(), None
    raise ChannelError(
        f'"{text[:100]}" is no Slack target; write channel:<C…>, user:<U…>, <@U…> or #name'
    )


def is_timestamp(text: str) -> bool:
    """Whether this is a message's `ts`, which is what a thread is named by."""
    return _TIMESTAMP.match(text) is not None
