"""`session` and `messages`: how conversations are told apart and how messages are queued."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import (
    NonNegative,
    Positive,
    Section,
    WholeNumber,
    Words,
)

DmScope = Literal["main", "per-peer", "per-channel-peer", "per-account-channel-peer"]
GroupScope = Literal["main", "per-group"]
QueueMode = Literal["steer", "followup", "collect", "interrupt"]


class Reset(Section):
    """When a conversation starts afresh by itself; with both, whichever comes first."""

    mode: Literal["none", "daily", "idle"] = "none"
    at_hour: Annotated[WholeNumber, Field(ge=0, le=23)] = 4
    """Local hour of the daily reset."""
    idle_minutes: Positive | None = None
    """Pause of the user after which it is reset, in minutes; 60 if `mode` is `idle` without it."""


class Maintenance(Section):
    """How long unused conversations are kept."""

    accepted_keys = openclaw_keys.SESSION_MAINTENANCE

    mode: Literal["enforce", "warn"] = "enforce"
    prune_after: str = "30d"
    """A duration as text: `30d`, `12h`."""
    max_entries: Positive = 5000


class Session(Section):
    """Which messages belong to one conversation."""

    accepted_keys = openclaw_keys.SESSION

    scope: Literal["per-sender", "global"] = "per-sender"
    dm_scope: DmScope = "main"
    group_scope: GroupScope = "per-group"
    identity_links: dict[str, Words] = Field(default_factory=dict)
    """One person's addresses on several channels, by a name for the person."""
    reset: Reset = Reset()
    reset_by_type: dict[Literal["direct", "group", "thread"], Reset] = Field(default_factory=dict)
    """What one kind of conversation sets otherwise."""
    reset_by_channel: dict[str, Reset] = Field(default_factory=dict)
    """What holds for one channel instead of all of `reset` and `resetByType`."""
    reset_triggers: Words = ("/new", "/reset")
    """Words at the start of a user's message that begin a new conversation."""
    maintenance: Maintenance = Maintenance()


class Queue(Section):
    """What happens to a message that comes while the agent works."""

    accepted_keys = openclaw_keys.QUEUE

    mode: QueueMode = "steer"
    cap: Positive = 20
    """Messages that may wait in one conversation."""
    drop: Literal["summarize", "old", "new"] = "summarize"
    by_channel: dict[str, QueueMode] = Field(default_factory=dict)
    debounce_ms_by_channel: dict[str, NonNegative] = Field(default_factory=dict)
    """Quiet time before collected messages are answered, in milliseconds."""

    def strategy(self, channel: str) -> str:
        """Return what is done with a message of a channel for a busy session.

        A run cannot be steered from outside: the message waits.
        """
        mode = self.by_channel.get(channel, self.mode)
        return mode if mode in ("collect", "interrupt") else "enqueue"


class Inbound(Section):
    """Joining messages that come shortly after one another."""

    debounce_ms: NonNegative = 0
    """Quiet time to wait for, in milliseconds."""
    by_channel: dict[str, NonNegative] = Field(default_factory=dict)


class GroupChat(Section):
    """Groups and rooms."""

    accepted_keys = openclaw_keys.GROUP_CHAT

    history_limit: NonNegative = 50
    """Messages that the agent is shown when it is addressed."""
    mention_patterns: Words = ()


class Messages(Section):
    """How messages of channels are taken in."""

    accepted_keys = openclaw_keys.MESSAGES

    queue: Queue = Queue()
    inbound: Inbound = Inbound()
    group_chat: GroupChat = GroupChat()
    ack_reaction: str | None = None
    ack_reaction_scope: Literal["group-mentions", "group-all", "direct", "all", "off", "none"] = (
        "group-mentions"
    )
