"""The webhooks of the configured channels: which path leads to which account's reader.

/api/channels/<channel>/<name>            the account for who names none
/api/channels/<channel>/<account>/<name>  an account by its name
/slack/events                             what else a channel asks for
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import aiohttp
from aiohttp import web

from openclaw_channels.base import Account, ChannelError, ChannelPlugin
from openclaw_channels.inbound import WebhookReader, WebhookRoute
from openclaw_channels.registry import ChannelLoadError, accounts_of, load_channels
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT
from openclaw_common.inbound.intake import Intake
from openclaw_common.inbound.rules import AccountRules, channel_defaults
from openclaw_common.runtime.config import Config, ConfigError
from openclaw_common.runtime.config.channels import NOT_CHANNELS, Channel
from openclaw_ingress.auth.webhook_guard import WebhookGuard

PREFIX: Final = "/api/channels"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One account's way in; what its `route` says is in WebhookRoute."""

    reader: WebhookReader
    rules: AccountRules
    route: WebhookRoute


@dataclass(frozen=True, slots=True)
class ChannelWebhooks:
    """All of them by path, and what they share."""

    by_path: Mapping[str, Webhook]
    intake: Intake
    guard: WebhookGuard
    max_body_bytes: int
    now_s: Callable[[], float]

    @classmethod
    def load(
        cls,
        intake: Intake,
        guard: WebhookGuard,
        channels: Mapping[str, ChannelPlugin] | None,
        environ: Mapping[str, str],
        now_s: Callable[[], float],
    ) -> Self:
        """Return those of the configuration; without `channels` the installed ones hold.

        `now_s` is the clock that signatures are held against, in Unix seconds. Raises
        ConfigError for a channel that cannot be loaded.
        """
        config = intake.config
        sections = {
            name: section
            for name, section in config.channels.items()
            if section.enabled and name not in NOT_CHANNELS
        }
        if channels is None:
            try:
                channels = load_channels() if sections else {}
            except ChannelLoadError as error:
                raise ConfigError(str(error)) from error
        found: dict[str, Webhook] = {}
        for name, section in sections.items():
            plugin = channels.get(name)
            if plugin is not None:
                found.update(_webhooks(config, plugin, section, environ))
        return cls(found, intake, guard, config.inbound.max_body_bytes, now_s)

    @property
    def further_paths(self) -> Sequence[str]:
        """Those that do not lie under PREFIX."""
        return [path for path in self.by_path if not path.startswith(PREFIX + "/")]


WEBHOOKS: Final[web.AppKey[ChannelWebhooks]] = web.AppKey("webhooks", ChannelWebhooks)
PLATFORMS: Final[web.AppKey[aiohttp.ClientSession]] = web.AppKey("platforms", aiohttp.ClientSession)
"""The client with which readers ask their platforms (`Prepares`)."""


async def platform_client(app: web.Application) -> AsyncIterator[None]:
    """Hold PLATFORMS while the application runs."""
    async with aiohttp.ClientSession() as app[PLATFORMS]:
        yield


def _webhooks(
    config: Config, plugin: ChannelPlugin, section: Channel, environ: Mapping[str, str]
) -> Iterator[tuple[str, Webhook]]:
    try:
        accounts = accounts_of(plugin, section, environ)
    except ChannelError as error:
        _logger.error("channel_unusable", extra={"channel": plugin.id, "error": str(error)})
        return
    for name, account in accounts.items():
        for route in plugin.webhooks:
            webhook = _webhook(config, route, account)
            if webhook is None:
                continue
            yield f"{PREFIX}/{plugin.id}/{name}/{route.name}", webhook
            if name == DEFAULT_ACCOUNT:
                yield f"{PREFIX}/{plugin.id}/{route.name}", webhook
                for path in route.also:
                    yield path, webhook


def _webhook(config: Config, route: WebhookRoute, account: Account) -> Webhook | None:
    try:
        reader = route.reader(account)
    except ChannelError as error:
        facts = {"channel": account.channel, "account_id": account.account_id}
        _logger.info("no_webhook", extra={**facts, "webhook": route.name, "why": str(error)})
        return None
    rules = AccountRules(
        account.channel, account.account_id, account.settings, channel_defaults(config)
    )
    return Webhook(reader, rules, route)
