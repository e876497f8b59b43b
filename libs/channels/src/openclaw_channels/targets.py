"""Targets of all channels: a prefix may name the channel (`telegram:42`), and must not contradict.

What follows the prefix is each channel's own grammar.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from openclaw_channels.base import ChannelError, ChannelPlugin
from openclaw_common.contracts.delivery import LAST

SHORT_NAMES: Final[Mapping[str, str]] = {"tg": "telegram"}
"""Prefixes that stand for a channel beside its id."""


def resolve_target(
    plugins: Mapping[str, ChannelPlugin], channel: str | None, to: str
) -> tuple[str, str, str | None]:
    """Return (channel, `to`, thread id) of a target as users write it.

    `channel` None or `last` leaves it to the target's prefix. Raises ChannelError for a channel
    that there is not, a prefix of another channel, and a target that the channel cannot read.
    """
    text = to.strip()
    named = prefix_of(plugins, text)
    chosen = None if channel in (None, LAST) else channel
    if chosen is not None and chosen not in plugins:
        raise ChannelError(f'There is no channel "{chosen[:50]}"; known are {_known(plugins)}')
    if chosen and named and chosen != named:
        raise ChannelError(
            f'The target "{text[:100]}" is of the channel {named}, but the channel is {chosen};'
            " leave one of them out"
        )
    selected = chosen or named
    if selected is None:
        raise ChannelError(
            f'The target "{text[:100]}" does not say on which channel; name a channel, or write'
            f" <channel>:{text[:100]}. Channels are {_known(plugins)}"
        )
    address, thread = plugins[selected].parse_target(text)
    return selected, address, thread


def prefix_of(plugins: Mapping[str, ChannelPlugin], to: str) -> str | None:
    """Return the channel that the target's prefix names, None if it has none."""
    prefix, colon, _ = to.strip().partition(":")
    name = prefix.strip().lower()
    name = SHORT_NAMES.get(name, name)
    return name if colon and name in plugins else None


def _known(plugins: Mapping[str, ChannelPlugin]) -> str:
    return ", ".join(sorted(plugins))
