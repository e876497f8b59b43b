"""Which agent answers, in which session (contract §5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.ids import main_session
from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.agents import normalise_agent_id
from openclaw_common.runtime.config.channels import Binding, BindingMatch
from openclaw_common.runtime.config.session import Session

ANY: Final = "*"
SLASH_CHANNELS: Final = frozenset({"discord", "slack"})
"""Channels whose commands are no messages of their chat, and have a session of their own."""
TOPIC_CHANNELS: Final = frozenset({"telegram"})
"""Channels that call the threads of a group topics."""
_DIRECT: Final = frozenset({"direct", "dm"})


@dataclass(frozen=True, slots=True)
class Route:
    """The agent that answers a message, and the session of its chat.

    `session_key` is where the message itself belongs: a platform command may have a session of its
    own.
    """

    agent_id: str
    chat_session: str
    session_key: str


def route_of(config: Config, message: InboundMessage) -> Route:
    """Return who answers a message, and where."""
    binding = _binding(config, message)
    agent_id = config.agents.default_id
    if binding is not None:
        agent_id = normalise_agent_id(binding.agent_id) or agent_id
    chat = session_key(config.session, agent_id, message, binding)
    own = chat
    if message.kind == "command" and message.channel in SLASH_CHANNELS:
        own = f"agent:{agent_id}:{message.channel}:slash:{message.sender.id}"
    return Route(agent_id, chat, own)


def session_key(
    session: Session, agent_id: str, message: InboundMessage, binding: Binding | None = None
) -> str:
    """Return the key of the session that a message's chat is."""
    if session.scope == "global":
        return f"agent:{agent_id}:global"
    if message.chat_kind == "direct":
        scope = (binding.session.dm_scope if binding else None) or session.dm_scope
        key = _direct_key(session, scope, agent_id, message)
    else:
        group_scope = (binding.session.group_scope if binding else None) or session.group_scope
        if group_scope == "main":
            return main_session(agent_id)
        kind = message.chat_kind
        key = f"agent:{agent_id}:{message.channel}:{kind}:{message.chat_id}"
    thread = message.thread_id
    if thread is None or message.starts_thread:
        return key
    topic = message.channel in TOPIC_CHANNELS and message.chat_kind != "direct"
    return f"{key}:{'topic' if topic else 'thread'}:{thread}"


def _direct_key(session: Session, scope: str, agent_id: str, message: InboundMessage) -> str:
    channel, account = message.channel, message.account_id.lower()
    peer = _peer(session, message)
    match scope:
        case "per-peer":
            return f"agent:{agent_id}:direct:{peer}"
        case "per-channel-peer":
            return f"agent:{agent_id}:{channel}:direct:{peer}"
        case "per-account-channel-peer":
            return f"agent:{agent_id}:{channel}:{account}:direct:{peer}"
        case _:
            return main_session(agent_id)


def _peer(session: Session, message: InboundMessage) -> str:
    """Return the person behind an address, by the name that `identityLinks` gives."""
    address = f"{message.channel}:{message.sender.id}".lower()
    for name, addresses in session.identity_links.items():
        if address in (linked.strip().lower() for linked in addresses):
            return name
    return message.sender.id


def _binding(config: Config, message: InboundMessage) -> Binding | None:
    """Return the first binding of the first tier that any binding belongs to."""
    found: dict[int, Binding] = {}
    for binding in config.bindings:
        if binding.type != "route":
            continue
        if normalise_agent_id(binding.agent_id) not in config.agents.entries:
            continue
        tier = _tier(binding.match, message)
        if tier is not None:
            found.setdefault(tier, binding)
    return found[min(found)] if found else None


def _tier(match: BindingMatch, message: InboundMessage) -> int | None:
    """Return how closely a binding names a message, 1 being closest; None where it does not."""
    if not all(_holds(match, message)):
        return None
    if match.peer is not None:
        if match.peer.id == ANY:
            return 3
        return 1 if match.peer.id == _own_peer(message) else 2
    if match.guild_id is not None:
        return 4 if match.roles else 5
    if match.team_id is not None:
        return 6
    return 7 if match.account_id not in (None, ANY) else 8


def _holds(match: BindingMatch, message: InboundMessage) -> Iterator[bool]:
    yield match.channel.strip().lower() == message.channel
    yield match.account_id in (None, ANY, message.account_id)
    yield match.guild_id in (None, message.guild_id)
    yield match.team_id in (None, message.team_id)
    yield not match.roles or bool(set(match.roles) & set(message.sender.roles))
    peer = match.peer
    if peer is not None:
        yield (peer.kind in _DIRECT) == (message.chat_kind == "direct")
        yield peer.id in (ANY, _own_peer(message), message.chat_id)


def _own_peer(message: InboundMessage) -> str:
    """Return the id of whom a binding names exactly: a person, a thread, else a chat."""
    if message.chat_kind == "direct":
        return message.sender.id
    if message.thread_id is not None and not message.starts_thread:
        return message.thread_id
    return message.chat_id
