"""Speaks to Telegram about a bot's configuration: `channels setup` and `channels test`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from yarl import URL

from openclaw_channels.base import (
    Account,
    AnswerLost,
    ChannelContext,
    CredentialsRevoked,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.inbound import Finding
from openclaw_channels.said import Said
from openclaw_channels.telegram.api import TelegramApi
from openclaw_channels.telegram.polling import ALLOWED_UPDATES, SET_UP
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT

ROUTE: Final = "webhook"
COMMANDS: Final = (
    ("new", "Begin a new conversation"),
    ("reset", "Forget this conversation and begin anew"),
    ("stop", "Stop the answer that is being written"),
    ("status", "Show what is going on here"),
)
"""Put into the bot's menu, where it has none."""

_CLOUD: Final = "api.telegram.org"
_PORTS: Final = frozenset({443, 80, 88, 8443})
_PAUSES_S: Final = (1.0, 5.0)
"""Waits before a call is repeated that failed for now."""
_PASSING: Final = (TemporaryFailure, AnswerLost, RateLimited)
_MANY_PENDING: Final = 100


class TelegramSetup:
    """One bot's configuration."""

    def __init__(
        self, settings: TelegramSettings, account: Account, context: ChannelContext
    ) -> None:
        self._settings = settings
        self._account = account
        self._api = TelegramApi(settings, context.http)

    async def register(self, public_url: str) -> Sequence[Finding]:
        """Set the webhook; for a bot that has neither a webhookUrl nor a webhookSecret, remove
        what there is, because Telegram gives updates to a webhook or to who asks, never both."""
        own = self._settings
        try:
            if own.webhook_url is None and own.webhook_secret is None:
                await self._call("deleteWebhook", {})
                found = [Finding(True, "The bot has no webhook and asks Telegram for updates.")]
            else:
                found = await self._set_webhook(own.webhook_url or self._route(public_url))
            if found[0].ok:
                await self._offer_commands()
        except SendFailure as failure:
            return [_refused(failure)]
        return found

    async def test(self) -> Sequence[Finding]:
        """Look at the token, the way of updates, privacy in groups, and the menu."""
        try:
            bot = Said(await self._call("getMe", {}))
            webhook = Said(await self._call("getWebhookInfo", {}))
            commands = await self._call("getMyCommands", {})
        except SendFailure as failure:
            return [_refused(failure)]
        return [
            *self._about_bot(bot),
            *self._about_groups(bot),
            *self._about_webhook(webhook),
            Finding(
                bool(commands),
                f"The bot's menu has {len(commands)} commands.",
                "" if commands else f"{SET_UP} puts some there.",
            ),
        ]

    async def _set_webhook(self, url: str) -> list[Finding]:
        own = self._settings
        if own.webhook_secret is None:
            advice = (
                "Set channels.telegram.webhookSecret, for example to what `openssl rand -hex 32`"
                " prints."
            )
            return [Finding(False, "There is no secret for the webhook.", advice)]
        if (unusable := self._unusable(url)) is not None:
            return [unusable]
        fields = {
            "url": url,
            "secret_token": own.webhook_secret.get_secret_value(),
            "allowed_updates": ALLOWED_UPDATES,
        }
        await self._call("setWebhook", fields)
        info = Said(await self._call("getWebhookInfo", {}))
        if info.text("url") != url:
            return [Finding(False, f"Telegram posts to {info.text('url') or 'nowhere'}.")]
        found = [Finding(True, f"Telegram posts to {url}.")]
        if own.webhook_url is None:
            advice = f'Set channels.telegram.webhookUrl to "{url}", or the gateway asks too.'
            found.append(Finding(False, "The configuration does not name the webhook.", advice))
        return found

    def _unusable(self, url: str) -> Finding | None:
        target = URL(url)
        if self._is_cloud and (target.scheme != "https" or target.port not in _PORTS):
            ports = "443, 80, 88 or 8443"
            return Finding(
                False,
                f"Telegram cannot post to {url}.",
                f"It takes https on port {ports} only; put a proxy with a certificate before it.",
            )
        return None

    @property
    def _is_cloud(self) -> bool:
        return URL(self._settings.api_root).host == _CLOUD

    def _route(self, public_url: str) -> str:
        account = self._account.account_id
        name = ROUTE if account == DEFAULT_ACCOUNT else f"{account}/{ROUTE}"
        return f"{public_url.rstrip('/')}/api/channels/telegram/{name}"

    async def _offer_commands(self) -> None:
        if not await self._call("getMyCommands", {}):
            commands = [{"command": name, "description": words} for name, words in COMMANDS]
            await self._call("setMyCommands", {"commands": commands})

    def _about_bot(self, bot: Said) -> list[Finding]:
        name = bot.text("username")
        found = [Finding(True, f"The token is that of @{name} ({bot.whole('id')}).")]
        own = self._settings.username
        if own is not None and own.removeprefix("@").casefold() != name.casefold():
            advice = f'Set channels.telegram.username to "{name}", or leave it out.'
            found.append(Finding(False, f"The configuration calls it {own}.", advice))
        return found

    def _about_groups(self, bot: Said) -> list[Finding]:
        groups = self._account.settings.get("groups")
        found = []
        if groups and not bot.flag("can_join_groups"):
            found.append(
                Finding(
                    False,
                    "Groups are configured and the bot may not be added to any.",
                    "Send /setjoingroups to @BotFather.",
                )
            )
        if bot.flag("can_read_all_group_messages"):
            found.append(Finding(True, "The bot is shown all messages of its groups."))
        elif _hears_everything(groups):
            found.append(
                Finding(
                    False,
                    "A group has requireMention: false, but Telegram shows the bot only commands"
                    " and replies.",
                    "Send /setprivacy to @BotFather and choose Disable, then remove the bot from"
                    " the group and add it again; or make it an administrator.",
                )
            )
        else:
            text = "In groups the bot is shown what is meant for it (privacy mode)."
            found.append(Finding(True, text))
        return found

    def _about_webhook(self, info: Said) -> list[Finding]:
        url, wanted = info.text("url"), self._settings.webhook_url
        found = [self._about_way(url, wanted)]
        pending = info.whole("pending_update_count") or 0
        if pending > _MANY_PENDING:
            advice = "They come once the webhook answers 200, or the delivery service runs."
            found.append(Finding(False, f"{pending} updates wait at Telegram.", advice))
        if url and (error := info.text("last_error_message")):
            advice = "Telegram must reach the gateway, and the secrets of both must be equal."
            found.append(Finding(False, f"The last error of the webhook: {error}", advice))
        return found

    def _about_way(self, url: str, wanted: str | None) -> Finding:
        repair = f"Run {SET_UP}."
        if wanted is None:
            if url:
                return Finding(
                    False,
                    f"Telegram posts to {url}, and the configuration has no webhookUrl.",
                    f'Set channels.telegram.webhookUrl to "{url}". To ask for updates instead:'
                    f" {repair}",
                )
            return Finding(True, "The gateway asks Telegram for updates.")
        if url != wanted:
            return Finding(False, f"Telegram posts to {url or 'nowhere'}.", repair)
        if self._settings.webhook_secret is None:
            advice = "Set channels.telegram.webhookSecret, then: " + repair
            return Finding(False, "The webhook has no secret.", advice)
        return Finding(True, f"Telegram posts to {url}.")

    async def _call(self, method: str, fields: Mapping[str, Any]) -> Any:
        """Call; what failed for now is tried again."""
        for pause_s in _PAUSES_S:
            try:
                return (await self._api.call(method, fields))[0]
            except _PASSING as failure:
                asked = failure.retry_after_s if isinstance(failure, RateLimited) else 0.0
            await asyncio.sleep(max(pause_s, asked))
        return (await self._api.call(method, fields))[0]


def _refused(failure: SendFailure) -> Finding:
    if isinstance(failure, CredentialsRevoked):
        advice = "Ask @BotFather for the token (/token) and set channels.telegram.botToken."
    elif isinstance(failure, _PASSING):
        advice = "Look whether this host reaches channels.telegram.apiRoot, and try again."
    else:
        advice = "Do what Telegram says, and try again."
    return Finding(False, failure.message, advice)


def _hears_everything(groups: Any) -> bool:
    """Whether a group wants messages that are not addressed to the bot."""
    rules = groups.values() if isinstance(groups, Mapping) else ()
    return any(isinstance(rule, Mapping) and rule.get("requireMention") is False for rule in rules)
