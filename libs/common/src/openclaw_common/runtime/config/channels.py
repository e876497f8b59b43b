"""`channels` and `bindings`: the chat platforms, and which agent answers where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT
from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import (
    Flag,
    NonNegative,
    Positive,
    Section,
    Words,
    Written,
    seal,
)
from openclaw_common.runtime.config.session import DmScope, GroupScope

NOT_CHANNELS: Final = frozenset({"defaults", "modelByChannel"})
"""Keys of `channels` that are no channel."""

PARTIAL: Final = "partial"
"""The `streaming.mode` that shows an answer while it is written; the others wait for its end."""

GroupPolicy = Literal["allowlist", "open", "disabled"]


def _as_text(value: Any) -> Any:
    """Platforms number their users, and a number is what people write."""
    if isinstance(value, list):
        return [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in value]
    return value


Addresses = Annotated[Words, BeforeValidator(_as_text)]


class Channel(Section):
    """One channel or one account of it: the keys all platforms share, and its own as written.

    The platform's own keys are in `model_extra`, with their secrets sealed.
    """

    model_config = ConfigDict(extra="allow")

    free_form = True

    enabled: Flag = True
    accounts: dict[str, Written] = Field(default_factory=dict, repr=False)
    """Further accounts by name; what they leave out they have from the channel."""
    default_account: str | None = None
    dm_policy: Literal["pairing", "allowlist", "open", "disabled"] = "pairing"
    allow_from: Addresses = ()
    group_policy: GroupPolicy = "allowlist"
    group_allow_from: Addresses = ()
    groups: dict[str, Any] = Field(default_factory=dict, repr=False)
    text_chunk_limit: Positive | None = None
    """Length of one part of a message, in characters."""
    streaming: Any = None
    media_max_mb: Annotated[float, Field(gt=0)] | None = None
    """Size of one attachment, in MiB."""
    reply_to_mode: Literal["off", "first", "all", "batched"] | None = None
    history_limit: NonNegative | None = None
    default_to: str | None = None
    on_unknown: Literal["resend", "hold"] = "hold"
    """What becomes of a part whose answer was lost, where the platform cannot tell: sent again, or
    held as a dead letter."""
    typing: Flag = True
    """Whether people see that an answer is being written."""
    markdown: dict[str, Any] = Field(default_factory=dict)

    def shows_typing(self, account_id: str) -> bool:
        """Whether `typing` is on for an account."""
        return self._of(account_id).get("typing", self.typing) is True

    def shows_preview(self, account_id: str) -> bool:
        """Whether `streaming.mode` lets an account show an answer while it is written."""
        streaming = self._of(account_id).get("streaming", self.streaming)
        mode = streaming.get("mode") if isinstance(streaming, dict) else streaming
        return bool(mode == PARTIAL)

    def _of(self, account_id: str) -> dict[str, Any]:
        """Return what an account says itself; the one for who names none may have another name."""
        accounts = self.accounts
        if account_id == DEFAULT_ACCOUNT and account_id not in accounts:
            account_id = self.default_account or (
                next(iter(accounts)) if len(accounts) == 1 else ""
            )
        own: dict[str, Any] = accounts.get(account_id, {})
        return own

    @model_validator(mode="before")
    @classmethod
    def _seal(cls, data: Any) -> Any:
        return seal(data) if isinstance(data, dict) else data


def own_account(
    channels: Mapping[str, Channel], channel: str, account_id: str | None
) -> str | None:
    """Return the own name of the account that `account_id` leads to; None is the unnamed one.

    Deliveries are accepted by it, because order and rates hold by an account's name. What the
    default account is without `defaultAccount` depends on the tokens of the delivery process, and
    is left to it.
    """
    section = channels.get(channel)
    if section is None or account_id not in (None, DEFAULT_ACCOUNT):
        return account_id
    named = section.default_account
    return account_id if named in (None, DEFAULT_ACCOUNT) else named


class Peer(Section):
    """One conversation partner of a channel."""

    kind: Literal["direct", "dm", "group", "channel"]
    id: Annotated[str, BeforeValidator(lambda v: str(v) if type(v) is int else v)]


class BindingMatch(Section):
    """Which messages a binding is for; what is left out matches all."""

    channel: str
    account_id: str | None = None
    peer: Peer | None = None
    guild_id: str | None = None
    team_id: str | None = None
    roles: Words = ()


class BindingSession(Section):
    """How matched messages are put into conversations."""

    dm_scope: DmScope | None = None
    group_scope: GroupScope | None = None


class Binding(Section):
    """Messages that match are answered by this agent."""

    accepted_keys = openclaw_keys.BINDING

    type: Literal["route", "acp"] = "route"
    agent_id: str
    match: BindingMatch
    session: BindingSession = BindingSession()
