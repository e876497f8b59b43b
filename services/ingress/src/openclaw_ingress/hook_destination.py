"""Where the result of a hook's run goes (contract §2 rows 22 to 24, §3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from openclaw_channels.base import ChannelError, ChannelPlugin
from openclaw_channels.targets import prefix_of, resolve_target
from openclaw_common.contracts.delivery import LAST
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import DeliveryPlan
from openclaw_common.runtime.config.channels import Channel, own_account
from openclaw_ingress.hook_actions import DeliveryWish

INCOMPLETE: Final = "incomplete_destination"
_TOGETHER: Final = "channel and to must be set together for hook delivery"


class HookDestinations:
    """Reads destinations by the grammar of each channel; `channels` are its settings by id."""

    def __init__(
        self, channels: Mapping[str, Channel], plugins: Mapping[str, ChannelPlugin]
    ) -> None:
        self._channels = channels
        self._plugins = plugins

    def plan(self, wish: DeliveryWish, *, mapped: bool) -> DeliveryPlan | None:
        """Return where the result goes, None for nowhere.

        A mapping that names no channel means wherever the session was heard from last. Raises
        InvalidRequest with the contract's texts.
        """
        if wish.channel is not None and wish.channel != LAST and wish.channel not in self._plugins:
            ids = "|".join([LAST, *sorted(self._plugins)])
            raise InvalidRequest(f"channel must be {ids}", param="channel")
        if not wish.wanted:
            return None
        channel = self._channel(wish)
        if channel is None:
            if wish.account_id is not None:
                raise InvalidRequest(
                    "accountId requires channel and to for hook delivery", param="accountId"
                )
            return DeliveryPlan(LAST) if mapped else None
        if channel == LAST:
            return self._last(wish)
        return self._concrete(channel, wish)

    def _channel(self, wish: DeliveryWish) -> str | None:
        if wish.channel not in (None, LAST) or wish.to is None:
            return wish.channel
        named = prefix_of(self._plugins, wish.to)
        if named is not None:
            return named
        if wish.channel == LAST:
            raise InvalidRequest(
                "channel must name a concrete channel for hook delivery", param="channel"
            )
        raise InvalidRequest(_TOGETHER, param="channel", code=INCOMPLETE)

    def _last(self, wish: DeliveryWish) -> DeliveryPlan:
        if wish.account_id is not None:
            raise InvalidRequest(
                "accountId requires channel and to for hook delivery", param="accountId"
            )
        return DeliveryPlan(LAST)

    def _concrete(self, channel: str, wish: DeliveryWish) -> DeliveryPlan:
        target = wish.to or self._default_to(channel, wish.account_id)
        if target is None:
            raise InvalidRequest(_TOGETHER, param="to", code=INCOMPLETE)
        try:
            _, to, thread_id = resolve_target(self._plugins, channel, target)
        except ChannelError as error:
            raise InvalidRequest(f"to: {error}", param="to") from None
        account = own_account(self._channels, channel, wish.account_id)
        return DeliveryPlan(channel, to, account, thread_id)

    def _default_to(self, channel: str, account_id: str | None) -> str | None:
        settings = self._channels.get(channel)
        if settings is None:
            return None
        account = settings.accounts.get(account_id or settings.default_account or "", {})
        own = account.get("defaultTo")
        return own if isinstance(own, str) and own.strip() else settings.default_to
