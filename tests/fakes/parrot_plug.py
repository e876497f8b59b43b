"""The plug of the platform in `channels.parrot`: everything a channel may have, and nothing more.

channels: {parrot: {url: parrot.base_url, secret: SECRET, mode: "poll"}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any

import aiohttp
import orjson

from openclaw_channels.base import (
    Account,
    AnswerLost,
    Bucket,
    ChannelContext,
    ChannelError,
    ChannelPlugin,
    Message,
    Part,
    PermanentFailure,
    RateLimited,
    Receipt,
    TemporaryFailure,
)
from openclaw_channels.inbound import (
    Accept,
    Finding,
    Inbound,
    InboundAnswer,
    InboundRequest,
    NotAuthentic,
    NotUnderstood,
    ReceiverFailure,
    WebhookRoute,
)
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.inbound import Attachment, InboundMessage, Sender


def parse_target(target: str) -> tuple[str, str | None]:
    """Read `[parrot:]<chat>[/<thread>]`."""
    to, _, thread = target.removeprefix("parrot:").partition("/")
    if not to:
        raise ChannelError(f"{target!r} is no chat")
    return to, thread or None


def message_of(account: Account, written: Mapping[str, Any]) -> InboundMessage:
    """Return what somebody wrote in the form of all channels."""
    more = dict(written["more"])
    sender = Sender(written["sender"], more.pop("name", None), is_bot=more.pop("is_bot", False))
    files = tuple(Attachment(**item) for item in more.pop("attachments", ()))
    return InboundMessage(
        channel="parrot",
        account_id=account.account_id,
        event_id=str(written["event"]),
        kind=more.pop("kind", "message"),
        chat_kind=written["chat_kind"],
        chat_id=written["chat"],
        to=written["chat"],
        sender=sender,
        text=written["text"],
        sent_at_ms=0,
        message_id=f"m{written['event']}",
        thread_id=written["thread"],
        mentions_me=written["mentions"],
        attachments=files,
        **more,
    )


class Reader:
    """Takes webhooks with the secret in a header, whose bodies are lists."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._secret = _secret(account)

    def verify(self, request: InboundRequest) -> None:
        """Hold the header against the secret."""
        if not compare_digest(request.headers.get("x-parrot-secret", ""), self._secret):
            raise NotAuthentic("x-parrot-secret is wrong")

    def read(self, request: InboundRequest) -> Inbound:
        """Read the list."""
        try:
            written = orjson.loads(request.body)
            messages = tuple(message_of(self._account, item) for item in written)
        except (ValueError, KeyError, TypeError):
            raise NotUnderstood("this is no list of what was written") from None
        return Inbound(messages, InboundAnswer(body=b"squawk"))


class Receiver:
    """Waits for updates; the cursor is the number of the last one."""

    def __init__(self, account: Account, http: aiohttp.ClientSession) -> None:
        self._account = account
        self._http = http
        self._url = f"{account.settings['url']}/{account.account_id}/updates"

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        """Receive until cancelled."""
        after = int(cursor or 0)
        while True:
            written = await self._poll(after)
            if written:
                after = written[-1]["event"]
                await accept([message_of(self._account, item) for item in written], str(after))

    async def _poll(self, after: int) -> list[dict[str, Any]]:
        try:
            async with self._http.get(self._url, params={"after": str(after)}) as answer:
                if answer.status == 401:
                    raise ReceiverFailure("the secret was revoked", permanent=True)
                if answer.status != 200:
                    raise ReceiverFailure(f"the platform answered {answer.status}")
                return list(await answer.json())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ReceiverFailure(f"the platform cannot be reached: {error}") from None


class Outbound:
    """Sends one message as one part."""

    typing_seconds = 0.0

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    def parts(self, message: Message) -> Sequence[Part]:
        return [Part(message.text, reply_to=message.reply_to)]

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        return []

    async def resolve(self, destination: Destination) -> Destination:
        return destination

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        body = {
            "to": destination.to,
            "thread": destination.thread_id,
            "account": destination.account_id,
            "text": part.text,
            "reply_to": part.reply_to,
            "key": send_key,
        }
        try:
            async with self._http.post(f"{self._url}/send", json=body) as answer:
                if answer.status == 429:
                    raise RateLimited("slower", retry_after_s=1)
                if answer.status >= 500:
                    raise TemporaryFailure("in trouble", http_status=answer.status)
                if answer.status != 200:
                    raise PermanentFailure("no such chat", http_status=answer.status)
                return Receipt(str((await answer.json())["id"]), 200)
        except aiohttp.ClientConnectorError:
            raise TemporaryFailure("not reached") from None
        except (aiohttp.ClientError, TimeoutError):
            raise AnswerLost("no answer") from None

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        return True

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        raise PermanentFailure("there are no edits")

    async def show_typing(self, destination: Destination) -> None:
        """Parrots show nothing."""


class Files:
    """Gets files."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> tuple[str, bytes]:
        """Get one; raises PermanentFailure for what is gone or too large."""
        async with self._http.get(f"{self._url}/files/{attachment.reference}") as answer:
            if answer.status != 200:
                raise PermanentFailure("the file is gone")
            body = await answer.read()
        if len(body) > max_bytes:
            raise PermanentFailure(f"the file has more than {max_bytes} bytes")
        return attachment.mime, body


class ParrotSetup:
    """Says what it would do."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def register(self, public_url: str) -> Sequence[Finding]:
        """Find the address good."""
        return [Finding(ok=True, what=f"posts go to {public_url}/api/channels/parrot/webhook")]

    async def test(self) -> Sequence[Finding]:
        """Look at the secret."""
        has_secret = bool(self._account.settings.get("secret"))
        return [Finding(has_secret, "the secret", "set channels.parrot.secret")]


def _secret(account: Account) -> str:
    secret = account.settings.get("secret")
    if secret is None:
        raise ChannelError("channels.parrot.secret is missing; set it")
    return str(secret.get_secret_value())


def _url(account: Account) -> str:
    url = account.settings.get("url")
    if not url:
        raise ChannelError("channels.parrot.url is missing; set it")
    return str(url)


def _receiver(account: Account, context: ChannelContext) -> Receiver | None:
    return Receiver(account, context.http) if account.settings.get("mode") == "poll" else None


PLUGIN = ChannelPlugin(
    id="parrot",
    parse_target=parse_target,
    outbound=lambda account, context: Outbound(_url(account), context.http),
    secrets=("secret",),
    webhooks=(WebhookRoute("webhook", Reader, also=("/parrot/events",), gateway_auth=True),),
    receiver=_receiver,
    media=lambda account, context: Files(_url(account), context.http),
    setup=lambda account, context: ParrotSetup(account),
)
