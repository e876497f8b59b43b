"""The REST container posts what its signal-cli tells (RECEIVE_WEBHOOK_URL).

It sets no header and knows no secret (src/client/jsonrpc2.go, postMessageToWebhook), but a user and
a password in its URL become Basic credentials (RFC 7617), as with every client of Go. It takes 200
and 201 for success and does not try again.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from openclaw_channels.base import Account
from openclaw_channels.inbound import Inbound, InboundRequest, NotAuthentic
from openclaw_channels.said import read_object
from openclaw_channels.settings import read_settings
from openclaw_channels.signal.envelope import read_event
from openclaw_channels.signal.receiving import recipient
from openclaw_channels.signal.settings import SignalSettings


class SignalWebhook:
    """One account's webhooks."""

    def __init__(self, account: Account) -> None:
        """Raises base.ChannelError for settings that cannot be used."""
        self._settings = read_settings(SignalSettings, account)
        self._recipient = recipient(self._settings, account)

    def verify(self, request: InboundRequest) -> None:
        """Compare the password, or a bearer in its place, in a time that says nothing of it."""
        secret = self._settings.webhook_secret
        if secret is None:
            raise NotAuthentic("channels.signal.webhookSecret is not set.")
        given = _password(request.headers.get("authorization", ""))
        if not hmac.compare_digest(given, secret.get_secret_value().encode()):
            raise NotAuthentic("The webhook's secret is missing or wrong.")

    def read(self, request: InboundRequest) -> Inbound:
        """Return the message in a notification."""
        message = read_event(read_object(request.body), self._recipient)
        return Inbound((message,) if message is not None else ())


def _password(authorization: str) -> bytes:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
