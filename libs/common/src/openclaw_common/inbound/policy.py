"""Who may write: direct messages by `dmPolicy`, groups by `groupPolicy` (contract §7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.inbound.rules import ANYBODY, AccountRules, ChatRule, matches


class Verdict(StrEnum):
    """What is done with a message."""

    LET_IN = "let_in"
    PAIR = "pair"
    """Its writer may ask to be let in."""
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and its `reason`; `chat` is the rule of a group.

    `commands` says that the writer may give commands.
    """

    verdict: Verdict
    reason: str = ""
    chat: ChatRule = field(default_factory=ChatRule)
    commands: bool = False


def decide(message: InboundMessage, rules: AccountRules, *, paired: bool) -> Decision:
    """Return what is to be done; `paired` says that the writer of a direct message was let in."""
    if message.sender.is_bot and not rules.allows_bots:
        return Decision(Verdict.IGNORE, "bot")
    if message.chat_kind == "direct":
        return _direct(message, rules, paired)
    return _group(message, rules)


def needs_pairing(message: InboundMessage, rules: AccountRules) -> bool:
    """Whether it depends on a pairing if the message is let in."""
    return (
        message.chat_kind == "direct"
        and rules.dm_policy == "pairing"
        and not matches(message.sender, rules.allow_from, message.channel)
    )


def _direct(message: InboundMessage, rules: AccountRules, paired: bool) -> Decision:
    policy, allowed = rules.dm_policy, rules.allow_from
    if policy == "disabled":
        return Decision(Verdict.IGNORE, "direct_messages_disabled")
    if paired or matches(message.sender, allowed, message.channel):
        return Decision(Verdict.LET_IN, commands=True)
    if policy == "pairing":
        return Decision(Verdict.PAIR, "not_paired")
    return Decision(Verdict.IGNORE, "sender_not_allowed")


def _group(message: InboundMessage, rules: AccountRules) -> Decision:
    policy = rules.group_policy
    if policy == "disabled":
        return Decision(Verdict.IGNORE, "groups_disabled")
    chat = rules.chat(message)
    if chat is None or not chat.enabled:
        return Decision(Verdict.IGNORE, "group_not_allowed")
    allowed = _allowed_in(chat, rules)
    named = matches(message.sender, allowed, message.channel)
    commands = named or matches(message.sender, _known_people(rules), message.channel)
    if chat.users is not None and not named:
        return Decision(Verdict.IGNORE, "sender_not_allowed")
    if policy == "open" or named or (not allowed and chat.listed):
        return Decision(Verdict.LET_IN, chat=chat, commands=commands)
    return Decision(Verdict.IGNORE, "sender_not_allowed")


def _allowed_in(chat: ChatRule, rules: AccountRules) -> tuple[str, ...]:
    if chat.users is not None:
        return chat.users
    if rules.group_allow_from or chat.skips_dm_list:
        return rules.group_allow_from
    return _known_people(rules)


def _known_people(rules: AccountRules) -> tuple[str, ...]:
    # That everybody may write direct messages lets nobody add the account to a group of theirs,
    # nor command it there.
    return tuple(entry for entry in rules.allow_from if entry != ANYBODY)
