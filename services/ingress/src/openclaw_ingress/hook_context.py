"""What the hooks' endpoints share, put together once from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from openclaw_channels.base import ChannelPlugin
from openclaw_channels.registry import ChannelLoadError, load_channels
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config import Config, ConfigError
from openclaw_common.runtime.config.hooks import Hooks
from openclaw_common.store.store import Store
from openclaw_ingress.auth.client_address import ClientAddresses
from openclaw_ingress.auth.hook_guard import HookGuard
from openclaw_ingress.hook_admission import HookAdmission
from openclaw_ingress.hook_destination import HookDestinations
from openclaw_ingress.hook_mapping import HookMappings


@dataclass(frozen=True, slots=True)
class HookContext:
    """Settings, and who acts on them."""

    settings: Hooks
    mappings: HookMappings
    guard: HookGuard
    admission: HookAdmission
    clock: Clock


HOOKS: Final[web.AppKey[HookContext]] = web.AppKey("hooks", HookContext)


def hook_context(
    config: Config,
    store: Store,
    queue: RunQueue,
    addresses: ClientAddresses,
    channels: Mapping[str, ChannelPlugin] | None,
    clock: Clock,
) -> HookContext:
    """Put it together; without `channels` the installed ones hold.

    Raises ConfigError for a transform or a channel that cannot be loaded.
    """
    if channels is None:
        try:
            channels = load_channels()
        except ChannelLoadError as error:
            raise ConfigError(str(error)) from error
    return HookContext(
        settings=config.hooks,
        mappings=HookMappings(config.hooks),
        guard=HookGuard(config.hooks, addresses, store.limits, clock),
        admission=HookAdmission(
            config, HookDestinations(config.channels, channels), queue, store.system_events
        ),
        clock=clock,
    )
