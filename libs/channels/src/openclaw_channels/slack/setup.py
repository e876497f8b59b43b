"""What Slack says of an app's configuration, and what only a person can tell it.

A bot token cannot set an app's URLs (that takes a configuration token of the developer), so the
route is tried with a challenge that we sign ourselves, and the places are named.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import orjson
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from openclaw_channels.base import Account, ChannelContext, SendFailure
from openclaw_channels.inbound import Finding
from openclaw_channels.platform_http import PlatformHttp
from openclaw_channels.settings import read_settings
from openclaw_channels.slack.api import SlackApi
from openclaw_channels.slack.settings import SlackInboundSettings, SlackSettings
from openclaw_channels.slack.webhook import SIGNATURE, TIMESTAMP, signature
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT

SCOPES: Final = {
    "chat:write": "to answer",
    "app_mentions:read": "to be spoken to in channels",
    "channels:history": "to read public channels",
    "groups:history": "to read private channels",
    "im:history": "to read direct messages",
    "mpim:history": "to read group conversations",
    "im:write": "to write to people first",
    "files:read": "to see files",
    "files:write": "to send files",
    "commands": "for slash commands and shortcuts",
}
"""What the app is installed with, and why."""
EVENTS: Final = (
    "app_mention, message.channels, message.groups, message.im, message.mpim, reaction_added,"
    " member_joined_channel"
)


class SlackSetup:
    """Looks at one account."""

    def __init__(
        self,
        account: Account,
        context: ChannelContext,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._account = account.account_id
        self._settings = read_settings(SlackSettings, account)
        self._inbound = read_settings(SlackInboundSettings, account)
        self._api = SlackApi(self._settings, context.http)
        self._http = context.http
        self._now_s = now_s

    async def register(self, public_url: str) -> Sequence[Finding]:
        """Try our own route, and say what to put where."""
        if self._inbound.by_socket:
            return [
                Finding(True, "Events come by socket mode; Slack needs no URL."),
                *await self._socket(),
            ]
        own = "" if self._account == DEFAULT_ACCOUNT else f"{self._account}/"
        url = f"{public_url.rstrip('/')}/api/channels/slack/{own}events"
        return [
            await self._route(url),
            Finding(
                True,
                "A bot token cannot set the app's URLs.",
                f"At api.slack.com/apps paste {url} under Event Subscriptions (Request URL;"
                f" subscribe to the bot events {EVENTS}), under Interactivity & Shortcuts, and as"
                " the Request URL of each slash command.",
            ),
        ]

    async def test(self) -> Sequence[Finding]:
        """Ask Slack about the tokens and their scopes."""
        findings = await self._bot()
        if self._inbound.by_socket:
            return [*findings, *await self._socket()]
        return [*findings, self._secret()]

    async def _bot(self) -> list[Finding]:
        try:
            answer = await self._api.ask(self._api.web.auth_test)
        except SendFailure as failure:
            return [Finding(False, "The bot token", failure.message)]
        who = f"The bot token is {answer.get('user')}'s in {answer.get('team')}."
        return [Finding(True, who), _scopes(answer)]

    def _secret(self) -> Finding:
        if self._inbound.signing_secret is None:
            return Finding(
                False,
                "There is no signing secret, so nothing can be received.",
                'Set channels.slack.signingSecret to the one under "Basic Information" of the app,'
                " or appToken for socket mode.",
            )
        return Finding(
            True,
            "There is a signing secret; only Slack knows whether it is the right one.",
            "When you save the Request URL, Slack shows whether it was answered.",
        )

    async def _socket(self) -> list[Finding]:
        token = self._inbound.app_token
        if token is None:
            advice = "Set channels.slack.appToken to one with the scope connections:write."
            return [Finding(False, "Socket mode has no app token.", advice)]
        try:
            await self._api.ask(
                self._api.web.apps_connections_open, app_token=token.get_secret_value()
            )
        except SendFailure as failure:
            advice = (
                f"{failure.message} Make an app-level token (xapp-…) with the scope"
                " connections:write, and switch socket mode on."
            )
            return [Finding(False, "Slack opens no socket for the app token.", advice)]
        return [Finding(True, "Slack opens sockets for the app token.")]

    async def _route(self, url: str) -> Finding:
        secret = self._inbound.signing_secret
        if secret is None:
            return self._secret()
        challenge = secrets.token_urlsafe(16)
        body = orjson.dumps({"type": "url_verification", "challenge": challenge})
        now = str(int(self._now_s()))
        headers = {
            TIMESTAMP: now,
            SIGNATURE: signature(secret.get_secret_value(), now, body),
            "Content-Type": "application/json",
        }
        try:
            answer = await PlatformHttp("The gateway", self._http, self._settings).ask(
                "POST", url, headers=headers, data=body
            )
        except SendFailure as failure:
            return Finding(False, f"{url} does not answer.", failure.message)
        if answer.status == 200 and answer.json() == {"challenge": challenge}:
            return Finding(True, f"{url} answers a signed challenge.")
        advice = (
            f"It answered with status {answer.status}. Check that the URL leads to this gateway,"
            " and that it runs with the same signingSecret."
        )
        return Finding(False, f"{url} does not answer a signed challenge.", advice)


def _scopes(answer: AsyncSlackResponse) -> Finding:
    header = answer.headers.get("x-oauth-scopes")
    if header is None:
        return Finding(True, "Slack does not say which scopes the token has.")
    has = {scope.strip() for scope in header.split(",")}
    missing = [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in has]
    if not missing:
        return Finding(True, "The token has the scopes that are needed.")
    advice = "Add under OAuth & Permissions, and install the app again: " + ", ".join(missing)
    return Finding(False, "The token lacks scopes.", advice)
