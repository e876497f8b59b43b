"""What is done with a message whose session is busy, and how long one waits for the next."""

from __future__ import annotations

from typing import Final

from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.contracts.multitask import Debounce, MultitaskRule
from openclaw_common.runtime.config import Config

DEBOUNCE_MS: Final = {"telegram": 300}
"""Quiet time of channels that the configuration says nothing of, in ms (contract §5.2)."""
ALBUM_MS: Final = 500
"""How long the next piece of an album is waited for, in ms."""
PASTE_CHARS: Final = 3900
"""Length from which on a Telegram message is most likely a piece of a longer text."""
PASTE_MS: Final = 1500
"""How long its next piece is waited for, in ms."""


def busy_rule(config: Config, agent_id: str, message: InboundMessage) -> MultitaskRule:
    """Return the rule for an ordinary message.

    One with files is merged with no others but those of its album.
    """
    queue, agent = config.messages.queue, config.agents.entries.get(agent_id)
    strategy = (agent and agent.multitask_strategy) or queue.strategy(message.channel)
    quiet_ms = _quiet_ms(config, message, collects=strategy == "collect")
    debounce = _album(config, message, quiet_ms) if message.album_id else None
    if debounce is None and quiet_ms > 0 and not message.attachments:
        limits = config.inbound
        debounce = Debounce(
            quiet_ms,
            max(quiet_ms, limits.debounce_max_ms),
            limits.debounce_max_messages,
            message.sender.id,
        )
    return MultitaskRule(strategy, queue.cap, queue.drop, debounce)


def _album(config: Config, message: InboundMessage, quiet_ms: int) -> Debounce:
    """Return how the pieces of one album wait for each other."""
    limits = config.inbound
    own = f"{message.sender.id}\n{message.album_id}"
    quiet_ms = max(quiet_ms, ALBUM_MS)
    most = max(quiet_ms, limits.debounce_max_ms)
    return Debounce(quiet_ms, most, limits.max_media, own, is_album=True)


def _quiet_ms(config: Config, message: InboundMessage, *, collects: bool) -> int:
    channel, inbound = message.channel, config.messages.inbound
    quiet_ms = inbound.by_channel.get(channel)
    if quiet_ms is None:
        said = "debounce_ms" in inbound.model_fields_set
        quiet_ms = inbound.debounce_ms if said else DEBOUNCE_MS.get(channel, 0)
    if quiet_ms and channel == "telegram" and len(message.text) >= PASTE_CHARS:
        quiet_ms = max(quiet_ms, PASTE_MS)
    if collects:
        quiet_ms = max(quiet_ms, config.messages.queue.debounce_ms_by_channel.get(channel, 0))
    return quiet_ms
