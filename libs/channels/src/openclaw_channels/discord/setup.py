"""Tells Discord where to post, makes the commands, and looks at the application.

https://docs.discord.com/developers/resources/application.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Final

from openclaw_channels.base import Account, ChannelContext, SendFailure
from openclaw_channels.discord.api import DiscordApi
from openclaw_channels.discord.receiver import INSTALL
from openclaw_channels.discord.settings import Command, DiscordInboundSettings, DiscordSettings
from openclaw_channels.inbound import Finding
from openclaw_channels.payloads import Object, part, string, whole
from openclaw_channels.settings import read_settings
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT
from openclaw_common.runtime.clock import SystemClock

_MESSAGE_CONTENT: Final = (1 << 18) | (1 << 19)
_TEXT: Final = 3
_CHAT_INPUT: Final = 1


class DiscordSetup:
    """Speaks to Discord about one application."""

    def __init__(self, account: Account, context: ChannelContext) -> None:
        self._account = account.account_id
        self._settings = read_settings(DiscordSettings, account)
        self._inbound = read_settings(DiscordInboundSettings, account)
        self._api = DiscordApi(self._settings, context.http, SystemClock())

    async def register(self, public_url: str) -> Sequence[Finding]:
        """Set the interactions endpoint, which Discord tries at once, and make the commands."""
        try:
            application = await self._application()
        except SendFailure as failure:
            return [Finding(False, "The application", failure.message)]
        findings = [*self._keys(application)]
        if self._inbound.public_key is not None and all(f.ok for f in findings):
            findings.append(await self._endpoint(public_url))
        findings.append(await self._commands(string(application, "id")))
        return findings

    async def test(self) -> Sequence[Finding]:
        """Ask Discord about the application, its endpoint and its intents."""
        try:
            application = await self._application()
        except SendFailure as failure:
            return [Finding(False, "The bot token", failure.message)]
        findings = [Finding(True, f"The bot token is {string(application, 'name')}'s.")]
        findings += [*self._keys(application), self._endpoint_of(application)]
        if self._inbound.holds_gateway:
            findings += [self._library(), self._intents(application), await self._sessions()]
        return findings

    async def _application(self) -> Object:
        found = await self._api.look_up("/applications/@me")
        return found if isinstance(found, dict) else {}

    def _keys(self, application: Object) -> list[Finding]:
        own, theirs = self._inbound.public_key, string(application, "verify_key")
        if own is None:
            return []
        if own.lower() == theirs.lower():
            return [Finding(True, "The public key is the application's.")]
        advice = f"Set channels.discord.publicKey to {theirs}."
        return [Finding(False, "The public key is not the application's.", advice)]

    def _endpoint_of(self, application: Object) -> Finding:
        url = string(application, "interactions_endpoint_url")
        if url:
            key = self._inbound.public_key
            advice = "Set channels.discord.publicKey, or remove the URL from the application."
            return Finding(key is not None, f"Interactions are posted to {url}.", advice)
        if self._inbound.holds_gateway:
            return Finding(True, "Interactions come over the gateway.")
        return Finding(
            False,
            "Discord does not know where to post interactions.",
            "Run: openclaw-gateway channels setup discord",
        )

    async def _endpoint(self, public_url: str) -> Finding:
        own = "" if self._account == DEFAULT_ACCOUNT else f"{self._account}/"
        url = f"{public_url.rstrip('/')}/api/channels/discord/{own}interactions"
        try:
            await self._api.change("/applications/@me", {"interactions_endpoint_url": url})
        except SendFailure as failure:
            advice = (
                f"{failure.message} Discord tries the URL when it is set: check that it is https,"
                " leads to this gateway, and that the gateway runs with this publicKey."
            )
            return Finding(False, f"Discord does not take {url}.", advice)
        return Finding(True, f"Discord posts interactions to {url}.")

    async def _commands(self, application: str) -> Finding:
        """Make each command, or change the one of its name; others stay."""
        names = ", ".join(f"/{command.name}" for command in self._inbound.commands)
        try:
            for command in self._inbound.commands:
                await self._api.open(f"/applications/{application}/commands", _command(command))
        except SendFailure as failure:
            return Finding(False, f"Discord does not take the commands {names}.", failure.message)
        return Finding(True, f"Discord has the commands {names}." if names else "No commands.")

    def _library(self) -> Finding:
        if importlib.util.find_spec("discord") is None:
            return Finding(False, "discord.py is not installed here.", INSTALL)
        return Finding(True, "discord.py is installed here.")

    def _intents(self, application: Object) -> Finding:
        allowed = bool((whole(application, "flags") or 0) & _MESSAGE_CONTENT)
        if allowed or not self._inbound.message_content:
            return Finding(True, "The intents that are asked for are allowed.")
        return Finding(
            False,
            "The application may not read messages.",
            "Switch on Message Content Intent under Bot at discord.com/developers, or set"
            " channels.discord.messageContent to false.",
        )

    async def _sessions(self) -> Finding:
        try:
            told = await self._api.look_up("/gateway/bot")
        except SendFailure as failure:
            return Finding(False, "The gateway", failure.message)
        limit = part(told if isinstance(told, dict) else {}, "session_start_limit")
        left = whole(limit, "remaining")
        return Finding(
            left != 0,
            f"The gateway takes {left} more connections today.",
            "Wait until tomorrow, and look for what connects again and again.",
        )


def _command(command: Command) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": command.name,
        "type": _CHAT_INPUT,
        "description": command.description,
    }
    if command.option is not None:
        option = {
            "type": _TEXT,
            "name": command.option,
            "description": "What to say",
            "required": command.required,
        }
        body["options"] = [option]
    return body
