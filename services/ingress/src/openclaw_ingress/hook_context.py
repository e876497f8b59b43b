"""What the hooks' endpoints share, put together once from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.hooks import Hooks
from openclaw_common.store.store import Store
from openclaw_ingress.auth.client_address import ClientAddresses
from openclaw_ingress.auth.hook_guard import HookGuard
from openclaw_ingress.hook_admission import HookAdmission
from openclaw_ingress.hook_destination import Grammar, HookDestinations
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
    channels: Mapping[str, Grammar],
    clock: Clock,
) -> HookContext:
    """Put it together. Raises ConfigError for a transform that cannot be loaded."""
    return HookContext(
        settings=config.hooks,
        mappings=HookMappings(config.hooks),
        guard=HookGuard(config.hooks, addresses, store.limits, clock),
        admission=HookAdmission(
            config, HookDestinations(config.channels, channels), queue, store.system_events
        ),
        clock=clock,
    )
