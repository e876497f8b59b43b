"""How Discord targets are written, and the one form in which they are kept.

channel:<id>  <#id>  <id>             channel:<id>
user:<id>  <@id>  discord:<id>        user:<id>
#name                                 #name, looked up when it is sent to
interaction:<application>:<token>     the same; good for 15 minutes
…:<channel id>                        and then the channel that it came from
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from openclaw_channels.base import ChannelError

_PREFIX: Final = "discord:"
_CHANNEL: Final = re.compile(r"(?:channel:)?(\d{1,20})\Z|<#(\d{1,20})>\Z")
_USER: Final = re.compile(r"user:(\d{1,20})\Z|<@!?(\d{1,20})>\Z")
_NAME: Final = re.compile(r"#[^\s#:<>]{1,100}\Z")
_INTERACTION: Final = re.compile(
    r"interaction:(\d{1,20}):([A-Za-z0-9_.~=-]{1,512})(?::(\d{1,20}))?\Z"
)
_HELP: Final = "write channel:<id>, user:<id>, <@id>, #name or a channel's id"


def parse_target(target: str) -> tuple[str, str | None]:
    """Return (`to`, None): threads are channels of their own; raises ChannelError."""
    text = target.strip()
    bare = text.removeprefix(_PREFIX)
    if bare != text and bare.isascii() and bare.isdigit():
        bare = f"user:{bare}"
    if bare.startswith("interaction:"):
        if _INTERACTION.match(bare) is None:
            raise ChannelError("This is no interaction; write interaction:<application id>:<token>")
        return bare, None
    if found := _CHANNEL.match(bare):
        return f"channel:{found[1] or found[2]}", None
    if found := _USER.match(bare):
        return f"user:{found[1] or found[2]}", None
    if _NAME.match(bare):
        return bare.lower(), None
    raise ChannelError(f'"{text[:100]}" is no Discord target; {_HELP}')


@dataclass(frozen=True, slots=True)
class Interaction:
    """Where the answer to an interaction goes; the token is a credential.

    `channel` is where it came from, if that is known and the bot is there.
    """

    path: str
    channel: str | None = None

    def __repr__(self) -> str:
        return "Interaction(…)"

    @property
    def bucket(self) -> str:
        """A name for it that gives the token away to nobody."""
        return "interaction:" + sha256(self.path.encode()).hexdigest()[:16]


def interaction(to: str) -> Interaction | None:
    """Return the interaction that `to` is, None if it is something else."""
    found = _INTERACTION.match(to)
    return Interaction(f"/webhooks/{found[1]}/{found[2]}", found[3]) if found else None
