"""Speaks to signal-cli about an account: `channels setup` and `channels test`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from yarl import URL

from openclaw_channels.base import Account, ChannelContext, CredentialsRevoked, SendFailure
from openclaw_channels.inbound import Finding
from openclaw_channels.platform_http import PlatformHttp
from openclaw_channels.signal.errors import rest_failure
from openclaw_channels.signal.receiving import STREAMING_MODE
from openclaw_channels.signal.rpc import Rpc
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.signal.streams import encoded_number
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT

ROUTE: Final = "webhook"
_UNTRUSTED: Final = "UNTRUSTED"
_SHOWN: Final = 5


class SignalSetup:
    """One account's configuration."""

    def __init__(self, settings: SignalSettings, account: Account, context: ChannelContext) -> None:
        self._settings = settings
        self._account = account
        self._http = PlatformHttp("signal-cli", context.http, settings)
        self._rpc = Rpc(settings, self._http)

    @property
    def _is_container(self) -> bool:
        return self._settings.transport.kind == "container"

    async def register(self, public_url: str) -> Sequence[Finding]:
        """Say what the container must be started with: signal-cli lets nobody set it."""
        if not self._is_container:
            text = "The daemon has no webhook; the gateway holds a connection to it."
            return [Finding(True, text)]
        if self._settings.webhook_secret is None:
            text = "There is no secret for the container's webhook; a connection is held to it."
            return [Finding(self._settings.receive == "connection", text, _SET_SECRET)]
        url = str(self._route(public_url)).replace("://", "://openclaw:<webhookSecret>@", 1)
        advice = f"Start it with RECEIVE_WEBHOOK_URL={url} and MODE={STREAMING_MODE}."
        return [Finding(True, "The container tells nobody where it posts.", advice)]

    async def test(self) -> Sequence[Finding]:
        """Look at the way to signal-cli, the account, and senders whose keys changed."""
        try:
            look = self._look_at_container if self._is_container else self._look_at_daemon
            found = await look()
        except SendFailure as failure:
            return [self._refused(failure)]
        if self._settings.receive == "webhook" and self._settings.webhook_secret is None:
            found.append(Finding(False, "There is no secret for the webhook.", _SET_SECRET))
        return found

    async def _look_at_daemon(self) -> list[Finding]:
        answer = await self._http.ask("GET", f"{self._settings.url}/api/v1/check")
        if answer.status != 200:
            raise rest_failure({}, answer.status, 0.0)
        found = [Finding(True, "The daemon of signal-cli answers.")]
        identities, _ = await self._rpc.call("listIdentities", {})
        found.append(Finding(True, f"It has the account {self._settings.account}."))
        found.append(_about_keys(identities, "trustLevel"))
        advice = (
            "Start it with --receive-mode=on-connection, so that messages stay with Signal while"
            " nobody listens; it cannot be asked."
        )
        found.append(
            Finding(True, "What the daemon receives while nobody listens is lost.", advice)
        )
        return found

    async def _look_at_container(self) -> list[Finding]:
        about = await self._get("/v1/about")
        mode = about.get("mode") if isinstance(about, dict) else None
        if mode != STREAMING_MODE:
            advice = f"Start it with MODE={STREAMING_MODE}."
            return [Finding(False, f"The container runs in the mode {mode}.", advice)]
        found = [Finding(True, f"The container answers, in the mode {mode}.")]
        accounts = await self._get("/v1/accounts")
        account = self._settings.account
        if account not in (accounts if isinstance(accounts, list) else []):
            advice = "Register or link channels.signal.account with it."
            found.append(Finding(False, f"It does not have the account {account}.", advice))
            return found
        found.append(Finding(True, f"It has the account {account}."))
        identities = await self._get(f"/v1/identities/{encoded_number(self._settings)}")
        found.append(_about_keys(identities, "status"))
        return found

    async def _get(self, path: str) -> Any:
        answer = await self._http.ask("GET", f"{self._settings.url}{path}")
        said = answer.json()
        if answer.status == 200:
            return said
        pause = self._settings.rate_limit_pause_seconds
        raise rest_failure(said if isinstance(said, dict) else {}, answer.status, pause)

    def _route(self, public_url: str) -> URL:
        account = self._account.account_id
        name = ROUTE if account == DEFAULT_ACCOUNT else f"{account}/{ROUTE}"
        return URL(public_url) / "api/channels/signal" / name

    def _refused(self, failure: SendFailure) -> Finding:
        if isinstance(failure, CredentialsRevoked):
            advice = "Register or link channels.signal.account with signal-cli."
        else:
            advice = (
                "Look whether signal-cli runs, and set channels.signal.transport right (kind and"
                f" url; it is {self._settings.transport.kind} at {self._settings.url})."
            )
        return Finding(False, failure.message, advice)


_SET_SECRET: Final = (
    "Set channels.signal.webhookSecret, for example to what `openssl rand -hex 32` prints."
)


def _about_keys(identities: Any, field: str) -> Finding:
    """Say whose messages are not read because their keys changed."""
    entries = [item for item in identities if isinstance(item, dict)] if identities else []
    changed = [item for item in entries if item.get(field) == _UNTRUSTED]
    if not changed:
        return Finding(True, f"It trusts the keys of all {len(entries)} people it knows.")
    names = ", ".join(str(item.get("number") or item.get("uuid")) for item in changed[:_SHOWN])
    return Finding(
        False,
        f"{len(changed)} people have new keys, and what they write is not read: {names}.",
        "Compare the safety numbers, then: signal-cli trust -a <number>.",
    )
