"""Which session a message belongs to, and which agent answers it (contract §5.1)."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.contracts.inbound import Sender
from openclaw_common.inbound.routing import route_of
from openclaw_common.runtime.config import Config
from tests.unit.inbound.support import direct, group

AGENTS: dict[str, Any] = {"entries": {"main": {"default": True}, "a": {}, "b": {}, "c": {}}}
SLACK = {"channel": "slack", "chat_kind": "channel", "chat_id": "C1", "sender": Sender("U7")}


def config(**sections: Any) -> Config:
    return Config.model_validate({"agents": AGENTS, **sections})


@pytest.mark.parametrize(
    ("session", "key"),
    [
        ({}, "agent:main:main"),
        ({"dmScope": "main"}, "agent:main:main"),
        ({"dmScope": "per-peer"}, "agent:main:direct:7"),
        ({"dmScope": "per-channel-peer"}, "agent:main:telegram:direct:7"),
        ({"dmScope": "per-account-channel-peer"}, "agent:main:telegram:default:direct:7"),
        ({"scope": "global"}, "agent:main:global"),
        (
            {"dmScope": "per-peer", "identityLinks": {"alice": ["discord:1", "telegram:7"]}},
            "agent:main:direct:alice",
        ),
        (
            {"dmScope": "per-channel-peer", "identityLinks": {"alice": ["discord:1"]}},
            "agent:main:telegram:direct:7",
        ),
    ],
)
def test_a_direct_message_belongs_to_the_session_of_its_scope(
    session: dict[str, Any], key: str
) -> None:
    assert route_of(config(session=session), direct()).session_key == key


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "agent:main:telegram:group:-100"),
        ({"thread_id": "5"}, "agent:main:telegram:group:-100:topic:5"),
        ({"thread_id": "5", "starts_thread": True}, "agent:main:telegram:group:-100"),
        ({**SLACK}, "agent:main:slack:channel:C1"),
        ({**SLACK, "thread_id": "1.2"}, "agent:main:slack:channel:C1:thread:1.2"),
        ({**SLACK, "kind": "command"}, "agent:main:slack:slash:U7"),
        ({"kind": "command"}, "agent:main:telegram:group:-100"),
    ],
)
def test_a_group_a_topic_a_thread_and_a_slash_command_have_sessions_of_their_own(
    fields: dict[str, Any], key: str
) -> None:
    assert route_of(config(), group(**fields)).session_key == key


def test_a_thread_of_a_direct_conversation_is_a_session_beside_it() -> None:
    session = {"dmScope": "per-peer"}
    message = direct(channel="slack", thread_id="1.2")
    assert route_of(config(session=session), message).session_key == (
        "agent:main:direct:7:thread:1.2"
    )


def test_groups_may_all_be_the_main_session() -> None:
    assert route_of(config(session={"groupScope": "main"}), group()).session_key == (
        "agent:main:main"
    )


def binding(agent_id: str, **match: Any) -> dict[str, Any]:
    return {"agentId": agent_id, "match": {"channel": "discord", **match}}


DISCORD = {
    "channel": "discord",
    "chat_kind": "channel",
    "chat_id": "C1",
    "thread_id": "T1",
    "guild_id": "G1",
    "sender": Sender("7", roles=("R1",)),
}
IN_TIERS = [
    binding("a", peer={"kind": "channel", "id": "T1"}),
    binding("a", peer={"kind": "channel", "id": "C1"}),
    binding("a", peer={"kind": "channel", "id": "*"}),
    binding("a", guildId="G1", roles=["R1"]),
    binding("a", guildId="G1"),
    binding("a", teamId="TEAM"),
    binding("a", accountId="default"),
    binding("a"),
]


@pytest.mark.parametrize("tier", range(len(IN_TIERS) - 1))
def test_the_closest_binding_wins_wherever_it_stands(tier: int) -> None:
    weaker = {**IN_TIERS[tier + 1], "agentId": "b"}
    for bindings in ([IN_TIERS[tier], weaker], [weaker, IN_TIERS[tier]]):
        message = group(**DISCORD, team_id="TEAM")
        assert route_of(config(bindings=bindings), message).agent_id == "a"


@pytest.mark.parametrize(
    "match",
    [
        {"channel": "slack"},
        {"peer": {"kind": "channel", "id": "C2"}},
        {"peer": {"kind": "direct", "id": "*"}},
        {"guildId": "G2"},
        {"guildId": "G1", "roles": ["R2"]},
        {"accountId": "other"},
        {"teamId": "TEAM"},
    ],
)
def test_a_binding_that_does_not_match_whole_does_not_count(match: dict[str, Any]) -> None:
    bindings = [{"agentId": "a", "match": {"channel": "discord", **match}}]
    assert route_of(config(bindings=bindings), group(**DISCORD)).agent_id == "main"


def test_of_equal_bindings_the_first_wins_and_one_to_an_unknown_agent_does_not_count() -> None:
    bindings = [binding("nobody"), binding("a"), binding("b")]
    assert route_of(config(bindings=bindings), group(**DISCORD)).agent_id == "a"


def test_a_binding_may_say_how_direct_messages_are_told_apart() -> None:
    bindings = [{**binding("a"), "session": {"dmScope": "per-peer"}}]
    message = direct(channel="discord")
    assert route_of(config(bindings=bindings), message).session_key == "agent:a:direct:7"
