"""Where results of runs of the API may be sent; the channels are loaded when one is first named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from aiohttp import web

from openclaw_channels.base import ChannelPlugin
from openclaw_channels.registry import ChannelLoadError, load_channels
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError, InvalidRequest
from openclaw_common.contracts.run import DeliveryPlan
from openclaw_common.runtime.config import Config
from openclaw_ingress.hook_actions import DeliveryWish
from openclaw_ingress.hook_destination import HookDestinations


class Destinations:
    """Reads destinations; `channels` replaces the installed ones."""

    def __init__(self, config: Config, channels: Mapping[str, ChannelPlugin] | None) -> None:
        self._config = config
        self._channels = channels

    @cached_property
    def _grammars(self) -> HookDestinations:
        channels: Mapping[str, ChannelPlugin] = (
            load_channels() if self._channels is None else self._channels
        )
        return HookDestinations(self._config.channels, channels)

    def plan(self, wish: DeliveryWish) -> DeliveryPlan:
        """Return where a result goes. Raises InvalidRequest."""
        try:
            plan = self._grammars.plan(wish, mapped=False)
        except ChannelLoadError as error:
            raise GatewayError(ErrorBody(500, API_ERROR, str(error), "channels_unusable")) from None
        except InvalidRequest as error:
            fault = error.body
            raise InvalidRequest(
                f"delivery: {fault.message.replace(' for hook delivery', '')}",
                param=f"delivery.{fault.param}" if fault.param else "delivery",
                code=fault.code,
            ) from None
        if plan is None:
            raise InvalidRequest("delivery: name a `channel`", param="delivery.channel")
        return plan


DESTINATIONS: Final[web.AppKey[Destinations]] = web.AppKey("destinations", Destinations)
