"""Discord's interactions over HTTP: checked, then read.

https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint: Ed25519 over the
timestamp and the body. Discord posts false signatures too, and takes only 401 for an answer.
"""

from __future__ import annotations

import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openclaw_channels.base import Account, ChannelError
from openclaw_channels.discord.interactions import Interactions
from openclaw_channels.discord.settings import DiscordInboundSettings
from openclaw_channels.inbound import Inbound, InboundRequest, NotAuthentic
from openclaw_channels.payloads import json_object
from openclaw_channels.settings import read_settings

TIMESTAMP: Final = "x-signature-timestamp"
SIGNATURE: Final = "x-signature-ed25519"
WRONG: Final = "The signature is wrong; check channels.discord.publicKey."
_SECONDS: Final = re.compile(r"[0-9]{1,12}\Z")
_HEX: Final = re.compile(r"[0-9a-fA-F]{128}\Z")


def reader(account: Account) -> DiscordWebhook:
    """Return the reader of an account; raises ChannelError without its public key."""
    settings = read_settings(DiscordInboundSettings, account)
    if settings.public_key is None:
        raise ChannelError(
            f"channels.discord (account {account.account_id}) has no publicKey; set it to the one"
            ' under "General Information" of the application.'
        )
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(settings.public_key))
    except ValueError:
        raise ChannelError("channels.discord.publicKey is no Ed25519 key.") from None
    return DiscordWebhook(account.account_id, settings, key)


class DiscordWebhook:
    """Takes what Discord posts for one account."""

    def __init__(
        self, account_id: str, settings: DiscordInboundSettings, key: Ed25519PublicKey
    ) -> None:
        self._key = key
        self._window_s = settings.signature_seconds
        self._interactions = Interactions(account_id)

    def verify(self, request: InboundRequest) -> None:
        """Check the signature and its age; raises NotAuthentic."""
        timestamp = request.headers.get(TIMESTAMP, "")
        given = request.headers.get(SIGNATURE, "")
        if not timestamp or not given:
            raise NotAuthentic("The request has no signature of Discord's.")
        if _SECONDS.match(timestamp) is None or _HEX.match(given) is None:
            raise NotAuthentic("The request's signature or timestamp is malformed.")
        try:
            self._key.verify(bytes.fromhex(given), timestamp.encode() + request.body)
        except InvalidSignature:
            raise NotAuthentic(
                "The signature is wrong; check channels.discord.publicKey."
            ) from None
        if abs(request.now_s - int(timestamp)) > self._window_s:
            raise NotAuthentic("The request is too old, or the clock of this host is wrong.")

    def read(self, request: InboundRequest) -> Inbound:
        """Return what an interaction says; raises NotUnderstood."""
        return self._interactions.read(json_object(request.body))
