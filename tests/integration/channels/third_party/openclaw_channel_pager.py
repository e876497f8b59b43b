"""A channel as somebody else would write it: pages one number over a small HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import aiohttp
from pydantic import SecretStr

from openclaw_channels.base import (
    Account,
    AnswerLost,
    Bucket,
    ChannelContext,
    ChannelError,
    ChannelPlugin,
    CredentialsRevoked,
    Message,
    OutboundChannel,
    Part,
    PermanentFailure,
    RateLimited,
    Receipt,
    TemporaryFailure,
)
from openclaw_channels.chunking import chunk_markdown, code_points
from openclaw_common.contracts.delivery import Destination

LIMIT = 160


def parse_target(target: str) -> tuple[str, str | None]:
    """Read `pager:<number>` or a number."""
    number = target.strip().removeprefix("pager:")
    if not (number.isascii() and number.isdigit()):
        raise ChannelError("This is no pager; write its number")
    return number, None


class Pager:
    """One account of the pager company."""

    typing_seconds = 0.0

    def __init__(self, url: str, token: SecretStr, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._token = token
        self._http = http

    def parts(self, message: Message) -> Sequence[Part]:
        chunks = chunk_markdown(message.text, LIMIT, code_points)
        return [Part(chunk.text) for chunk in chunks]

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        return [Bucket(f"pager:{destination.to}", per_second=2)]

    async def resolve(self, destination: Destination) -> Destination:
        return replace(destination, to=parse_target(destination.to)[0])

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        body = {"to": destination.to, "text": part.text}
        try:
            async with self._http.post(self._url, json=body, headers=headers) as answer:
                _check(answer)
                return Receipt(str((await answer.json())["id"]), answer.status)
        except aiohttp.ClientConnectorError:
            raise TemporaryFailure("The pager company cannot be reached.") from None
        except (aiohttp.ClientError, TimeoutError):
            raise AnswerLost("The pager company did not answer.") from None

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        return False

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        raise PermanentFailure("Pages cannot be edited.")

    async def show_typing(self, destination: Destination) -> None:
        """Pagers show nothing."""


def _check(answer: aiohttp.ClientResponse) -> None:
    status = answer.status
    if status == 429:
        wait = float(answer.headers["Retry-After"])
        raise RateLimited("The pager company asks to wait.", retry_after_s=wait)
    if status == 401:
        raise CredentialsRevoked("channels.pager.token is not valid.", http_status=status)
    if status >= 500:
        raise TemporaryFailure("The pager company is in trouble.", http_status=status)
    if status >= 300:
        raise PermanentFailure("The pager company refuses it.", http_status=status)


def outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    """Return the way out for one account; raises ChannelError."""
    try:
        url, token = account.settings["url"], account.settings["token"]
    except KeyError as missing:
        raise ChannelError(f"channels.pager.{missing.args[0]} is missing; set it") from None
    return Pager(url, token, context.http)


PLUGIN = ChannelPlugin(id="pager", parse_target=parse_target, outbound=outbound, secrets=("token",))
