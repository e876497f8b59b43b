"""Who is let in, who may pair, who is ignored (contract §7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from openclaw_common.contracts.inbound import Sender
from openclaw_common.inbound.policy import Verdict, decide, needs_pairing
from openclaw_common.inbound.rules import AccountRules
from tests.unit.inbound.support import DIRECT, direct, group, rules

IN, PAIR, NO = Verdict.LET_IN, Verdict.PAIR, Verdict.IGNORE


@pytest.mark.parametrize(
    ("settings", "paired", "verdict"),
    [
        ({}, False, PAIR),
        ({}, True, IN),
        ({"allowFrom": ["7"]}, False, IN),
        ({"allowFrom": [7]}, False, IN),
        ({"allowFrom": ["telegram:7"]}, False, IN),
        ({"allowFrom": ["@alice"]}, False, PAIR),
        ({"dmPolicy": "allowlist"}, False, NO),
        ({"dmPolicy": "allowlist", "allowFrom": ["8"]}, False, NO),
        ({"dmPolicy": "allowlist", "allowFrom": ["7"]}, False, IN),
        ({"dmPolicy": "open"}, False, NO),
        ({"dmPolicy": "open", "allowFrom": ["*"]}, False, IN),
        ({"dmPolicy": "disabled", "allowFrom": ["*"]}, True, NO),
        ({"dm": {"enabled": False}}, False, NO),
        ({"dm": {"policy": "allowlist", "allowFrom": ["7"]}}, False, IN),
        ({"dmPolicy": "nonsense"}, False, PAIR),
    ],
)
def test_direct_messages(settings: dict[str, Any], paired: bool, verdict: Verdict) -> None:
    assert decide(direct(), rules(**settings), paired=paired).verdict is verdict


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        ({}, NO),
        ({"groupPolicy": "open"}, IN),
        ({"groupPolicy": "disabled", "groups": {"-100": {}}}, NO),
        ({"groups": {"-100": {}}}, IN),
        ({"groups": {"*": {}}}, NO),
        ({"groups": {"*": {}}, "groupAllowFrom": ["7"]}, IN),
        ({"groups": {"*": {}}, "allowFrom": ["7"]}, IN),
        ({"groups": {"*": {}}, "allowFrom": ["*"]}, NO),
        ({"groups": {"-200": {}}, "groupPolicy": "open"}, NO),
        ({"groups": {"-100": {"enabled": False}}, "groupPolicy": "open"}, NO),
        ({"groups": {"-100": {"allowFrom": ["8"]}}, "groupPolicy": "open"}, NO),
        ({"groups": {"-100": {"allowFrom": ["7"]}}}, IN),
        ({"groups": {"-100": {}}, "groupAllowFrom": ["8"]}, NO),
        ({"groupAllowFrom": ["7"]}, IN),
    ],
)
def test_groups(settings: dict[str, Any], verdict: Verdict) -> None:
    assert decide(group(), rules(**settings), paired=False).verdict is verdict


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        ({"guilds": {"G1": {}}}, IN),
        ({"guilds": {"G2": {}}, "groupPolicy": "open"}, NO),
        ({"guilds": {"G1": {"users": ["8"]}}}, NO),
        ({"guilds": {"G1": {"users": ["7"]}}}, IN),
        ({"guilds": {"G1": {"roles": ["R1"]}}}, IN),
        ({"guilds": {"G1": {"channels": {"-100": {}}}}}, IN),
        ({"guilds": {"G1": {"channels": {"-200": {}}}}}, NO),
        ({"guilds": {"G1": {"channels": {"-100": {"enabled": False}}}}}, NO),
        ({"channels": {"-100": {"users": ["7"]}}}, IN),
        ({"channels": {"-200": {}}}, NO),
    ],
)
def test_channels_of_servers_and_workspaces(settings: dict[str, Any], verdict: Verdict) -> None:
    message = group(channel="discord", guild_id="G1", sender=Sender("7", roles=("R1",)))
    assert decide(message, rules("discord", **settings), paired=False).verdict is verdict


def test_a_topic_may_say_otherwise_than_its_group() -> None:
    groups = {"-100": {"requireMention": True, "topics": {"5": {"requireMention": False}}}}
    told = rules(groups=groups)
    assert decide(group(), told, paired=False).chat.require_mention
    assert not decide(group(thread_id="5"), told, paired=False).chat.require_mention


def test_bots_are_ignored_unless_they_are_allowed() -> None:
    message = direct(sender=replace(DIRECT.sender, is_bot=True))
    assert decide(message, rules(allowFrom=["*"]), paired=False).verdict is NO
    assert decide(message, rules(allowFrom=["*"], allowBots=True), paired=False).verdict is IN


def test_in_an_open_group_commands_are_for_those_alone_who_are_named() -> None:
    told = rules(groupPolicy="open", allowFrom=["7"])
    assert decide(group(), told, paired=False).commands
    stranger = group(sender=Sender("8"))
    assert not decide(stranger, told, paired=False).commands


def test_pairings_are_looked_up_only_for_direct_messages_that_depend_on_them() -> None:
    assert needs_pairing(direct(), rules())
    assert not needs_pairing(direct(), rules(allowFrom=["7"]))
    assert not needs_pairing(direct(), rules(dmPolicy="open"))
    assert not needs_pairing(group(), rules())


def test_what_the_account_leaves_out_it_has_from_the_defaults_of_all_channels() -> None:
    told = AccountRules("telegram", "default", {}, {"groupPolicy": "open"})
    assert decide(group(), told, paired=False).verdict is IN


def test_a_signal_user_may_be_named_by_number_or_id() -> None:
    message = direct(channel="signal", sender=Sender("aci-1", username="+4912345"))
    for allowed in ("+4912345", "uuid:aci-1", "signal:+4912345"):
        told = rules("signal", allowFrom=[allowed])
        assert decide(message, told, paired=False).verdict is IN
