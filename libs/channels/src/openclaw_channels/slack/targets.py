"""How Slack targets are written, and the one form in which they are kept.

channel:<C…>  #<C…>  <#C…|name>  <C…>     channel:<C…>, also for G… and D…
user:<U…>  <@U…>  slack:<U…>  <U…>        user:<U…>, also for W…
#name                                     #name, looked up when it is sent to
interaction:<C…>/<U…>:<path>              the same: the answer to a command; good for half an hour
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from openclaw_channels.base import ChannelError
from openclaw_common.contracts.delivery import INTERACTION

_PREFIX: Final = "slack:"
_ID: Final = r"[A-Z0-9]{8,20}"
_CHANNEL: Final = re.compile(rf"(?:channel:|#)?([CGD]{_ID})\Z|<#([CGD]{_ID})(?:\|[^>]*)?>\Z")
_USER: Final = re.compile(rf"(?:user:)?([UW]{_ID})\Z|<@([UW]{_ID})(?:\|[^>]*)?>\Z")
_CHANNEL_ID: Final = re.compile(r"[CGD][A-Z0-9]{1,20}\Z")
_NAME: Final = re.compile(r"#[^\s#:<>@]{1,80}\Z")
_INTERACTION: Final = re.compile(
    rf"interaction:([CGD]{_ID})/([UW]{_ID}):((?:commands|actions|app-actions|app)/[A-Za-z0-9/_-]{{1,300}})\Z"
)
_TIMESTAMP: Final = re.compile(r"\d{1,12}\.\d{1,6}\Z")


def parse_target(target: str) -> tuple[str, str | None]:
    """Return (`to`, None): a thread is named apart; raises ChannelError."""
    text = target.strip()
    bare = text.removeprefix(_PREFIX)
    if bare.startswith(f"{INTERACTION}:"):
        if _INTERACTION.match(bare) is None:
            raise ChannelError("This is no interaction that Slack told of.")
        return bare, None
    if found := _CHANNEL.match(bare):
        return f"channel:{found[1] or found[2]}", None
    if found := _USER.match(bare):
        return f"user:{found[1] or found[2]}", None
    if _NAME.match(bare):
        return bare.lower(), None
    raise ChannelError(
        f'"{text[:100]}" is no Slack target; write channel:<C…>, user:<U…>, <@U…> or #name'
    )


@dataclass(frozen=True, slots=True)
class Interaction:
    """Where the answer to a command goes; whoever knows `path` may post there."""

    channel: str
    user: str
    path: str = field(repr=False)


def interaction(to: str) -> Interaction | None:
    """Return the interaction that `to` is, None if it is something else."""
    found = _INTERACTION.match(to)
    return Interaction(found[1], found[2], found[3]) if found else None


def is_channel(text: str) -> bool:
    """Whether this is a conversation's id."""
    return _CHANNEL_ID.match(text) is not None


def is_timestamp(text: str) -> bool:
    """Whether this is a message's `ts`, which is what a thread is named by."""
    return _TIMESTAMP.match(text) is not None
