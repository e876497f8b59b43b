"""Slack's requests: checked, then read. One URL takes events, slash commands and interactivity.

https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from openclaw_channels.base import Account, ChannelError
from openclaw_channels.inbound import (
    Inbound,
    InboundAnswer,
    InboundRequest,
    NotAuthentic,
    NotUnderstood,
)
from openclaw_channels.payloads import Object, identifier, json_object, string
from openclaw_channels.settings import read_settings
from openclaw_channels.slack.events import messages_of
from openclaw_channels.slack.forms import Forms
from openclaw_channels.slack.settings import SlackInboundSettings

FORM: Final = "application/x-www-form-urlencoded"
TIMESTAMP: Final = "x-slack-request-timestamp"
SIGNATURE: Final = "x-slack-signature"
_SECONDS: Final = re.compile(r"[0-9]{1,12}\Z")
_MAX_FIELDS: Final = 100
_OK: Final = InboundAnswer(body=b'{"ok":true}', content_type="application/json")


def reader(account: Account) -> SlackWebhook:
    """Return the reader of an account; raises ChannelError without its signing secret."""
    settings = read_settings(SlackInboundSettings, account)
    if settings.signing_secret is None:
        raise ChannelError(
            f"channels.slack (account {account.account_id}) has no signingSecret; set it to the"
            ' one under "Basic Information" of the app.'
        )
    return SlackWebhook(account.account_id, settings, settings.signing_secret.get_secret_value())


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the `X-Slack-Signature` of a request."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class SlackWebhook:
    """Takes what Slack posts for one account."""

    def __init__(self, account_id: str, settings: SlackInboundSettings, secret: str) -> None:
        self._settings = settings
        self._secret = secret
        self._payloads = Payloads(account_id, settings)

    def __repr__(self) -> str:
        return "SlackWebhook(…)"

    def verify(self, request: InboundRequest) -> None:
        """Check the signature and its age; raises NotAuthentic."""
        timestamp = request.headers.get(TIMESTAMP, "")
        given = request.headers.get(SIGNATURE, "")
        if not timestamp or not given:
            raise NotAuthentic("The request has no signature of Slack's.")
        if _SECONDS.match(timestamp) is None:
            raise NotAuthentic("The request's timestamp is no number.")
        if abs(request.now_s - int(timestamp)) > self._settings.signature_seconds:
            raise NotAuthentic("The request is too old, or the clock of this host is wrong.")
        expected = signature(self._secret, timestamp, request.body)
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            raise NotAuthentic("The signature is wrong; check channels.slack.signingSecret.")

    def read(self, request: InboundRequest) -> Inbound:
        """Return what a request says; raises NotUnderstood."""
        now_ms = int(request.now_s * 1000)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == FORM:
            return self._form(_fields(request.body), now_ms)
        return self._event(json_object(request.body))

    def _form(self, form: Object, now_ms: int) -> Inbound:
        if string(form, "ssl_check") == "1":
            return Inbound()
        if "payload" in form:
            return self._payloads.interaction(json_object(string(form, "payload")), now_ms)
        return self._payloads.command(form, now_ms)

    def _event(self, outer: Object) -> Inbound:
        if identifier(outer, "type") == "url_verification":
            body = orjson.dumps({"challenge": identifier(outer, "challenge")})
            return Inbound(answer=InboundAnswer(body=body, content_type="application/json"))
        return self._payloads.event(outer)


class Payloads:
    """Reads what comes by webhook and by socket alike."""

    def __init__(self, account_id: str, settings: SlackInboundSettings) -> None:
        self._account_id = account_id
        self._threads = settings.reply_to_mode == "all"
        self._forms = Forms(account_id, settings)

    def event(self, outer: Object) -> Inbound:
        """Return what an event says; raises NotUnderstood."""
        if string(outer, "type") != "event_callback":
            return Inbound(answer=_OK)
        return Inbound(messages_of(outer, self._account_id, threads=self._threads), _OK)

    def command(self, form: Object, now_ms: int) -> Inbound:
        """Return what a slash command says; raises NotUnderstood."""
        return self._forms.command(form, now_ms)

    def interaction(self, payload: Object, now_ms: int) -> Inbound:
        """Return what a button, a menu, a shortcut or a view says; raises NotUnderstood."""
        return self._forms.interaction(payload, now_ms)


def _fields(body: bytes) -> Mapping[str, Any]:
    if body.lstrip().startswith(b"{"):
        # The Content-Type is not signed, and people's words in an event could be read as fields.
        raise NotUnderstood("The body is no form.")
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise NotUnderstood("The body is no form.") from None
    return dict(pairs)
