"""A pydantic-ai Model straight over aiohttp, whatever protocol its subclass speaks.

Own code instead of the providers' SDKs because relaying tokens is what a worker spends its time
on: all events of one network read are folded together and reach pydantic-ai as one delta. What it
saves is measured in docs/adr/0005.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

import aiohttp
from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponseStreamEvent
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings, ThinkingLevel
from pydantic_ai.tools import RunContext

from openclaw_agent_worker.measured import ModelTiming, WorkerCounts
from openclaw_agent_worker.models.answer import Answer, CallPiece, Piece, TextPiece
from openclaw_agent_worker.models.endpoint import Endpoint
from openclaw_agent_worker.models.errors import (
    UpstreamFailure,
    disconnected,
    from_answer,
    malformed,
    timed_out,
)
from openclaw_agent_worker.models.target import Target
from openclaw_agent_worker.models.usage import priced
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.models import Cost
from openclaw_common.runtime.metrics.recorder import Metrics

CONNECT_TIMEOUT_S: Final = 10.0
MAX_ERROR_BYTES: Final = 64 * 1024
MAX_WHOLE_ANSWER_BYTES: Final = 16 * 1024 * 1024
LINGER_S: Final = 0.05
"""How long the end of the body is waited for after the last event, so that the connection is
reused."""

SIGNATURE: Final = "thought_signature"
"""Where in the `provider_details` of a text or a call its signature stands."""

_READ_BYTES: Final = 65_536

logger = logging.getLogger(__name__)


class HttpModel(Model[aiohttp.ClientSession]):
    """One model of one provider. Every failure of the provider is an UpstreamFailure.

    Of the settings, `timeout` is the longest silence between bytes in seconds, `extra_headers`
    and `extra_body` are added to the request.
    """

    left_out: Sequence[str] = ()
    """Settings that the protocol has not: they are no promises."""

    def __init__(
        self,
        target: Target,
        endpoint: Endpoint,
        http: aiohttp.ClientSession,
        counts: WorkerCounts | None = None,
    ) -> None:
        super().__init__(profile=ModelProfile(context_window=target.facts.context_window))
        self.target = target
        self.endpoint = endpoint
        self._http = http
        self._counts = counts or WorkerCounts(Metrics(), Config())

    @property
    def model_name(self) -> str:
        """The provider's own id of the model."""
        return self.target.model_id

    @property
    def system(self) -> str:
        """The provider's name in the configuration."""
        return self.endpoint.provider

    @abstractmethod
    def encode(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings,
        parameters: ModelRequestParameters,
        level: ThinkingLevel | None,
    ) -> bytes:
        """Return the JSON body of a streaming request; `level` is how hard to think."""

    @abstractmethod
    def answer(self) -> Answer:
        """Return what folds one answer."""

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Return the whole answer; it is streamed all the same, for the idle time limit."""
        stream = self.request_stream(messages, model_settings, model_request_parameters)
        async with stream as response:
            async for _ in response:
                pass
            return response.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse, None]:
        """Send the request and stream the answer; leaving closes the connection at once."""
        level = (model_settings or {}).get("thinking")
        prepared, parameters = self.prepare_request(model_settings, model_request_parameters)
        settings = self._known(prepared or ModelSettings())
        body = self.encode(messages, settings, parameters, level)
        with self._counts.request(self.system, self.model_name) as timing:
            response = await self._post(body, settings)
            try:
                if response.status != 200:
                    raise await self._refused(response)
                yield HttpStreamedResponse(
                    model_request_parameters=parameters,
                    _model_name=self.model_name,
                    _cost=self.target.facts.cost,
                    _provider=self.system,
                    _answer=self.answer(),
                    _response=response,
                    _timing=timing,
                )
            finally:
                # A body that was read to its end has given its connection back already.
                response.close()

    def _known(self, settings: ModelSettings) -> ModelSettings:
        dropped = [name for name in self.left_out if settings.get(name) is not None]
        if not dropped:
            return settings
        self.tell_left_out(*dropped)
        kept = {name: value for name, value in settings.items() if name not in dropped}
        return cast(ModelSettings, kept)

    def tell_left_out(self, *names: str) -> None:
        """Log settings that this request goes without."""
        extra = {"provider": self.target.provider, "settings": sorted(names)}
        logger.debug("settings_not_forwarded", extra=extra)

    async def _post(self, body: bytes, settings: ModelSettings) -> aiohttp.ClientResponse:
        idle = settings.get("timeout")
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=CONNECT_TIMEOUT_S,
            sock_read=idle if isinstance(idle, int | float) else None,
        )
        headers = {**self.endpoint.headers, **(settings.get("extra_headers") or {})}
        try:
            return await self._http.post(
                self.endpoint.url,
                data=body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            )
        except aiohttp.ConnectionTimeoutError:
            raise disconnected() from None
        except TimeoutError:
            raise timed_out() from None
        except (aiohttp.ClientError, OSError):
            raise disconnected() from None

    async def _refused(self, response: aiohttp.ClientResponse) -> UpstreamFailure:
        raw = bytearray()
        # What came before the connection broke may say enough.
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            while len(raw) < MAX_ERROR_BYTES and (data := await response.content.readany()):
                raw += data
        body = bytes(raw[:MAX_ERROR_BYTES])
        return from_answer(response.status, body, response.headers, self.endpoint.redact)


@dataclass
class HttpStreamedResponse(StreamedResponse):
    """The answer as it comes in."""

    _model_name: str
    _cost: Cost | None
    _provider: str
    _answer: Answer = field(repr=False)
    _response: aiohttp.ClientResponse = field(repr=False)
    _timing: ModelTiming = field(repr=False)
    _timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        answer = self._answer
        async for pieces in self._reads(answer):
            if pieces:
                self._timing.chunk()
            for piece in pieces:
                for event in self._events(piece):
                    yield event
        self.finish_reason = answer.ended or "stop"
        if answer.usage is not None:
            self._usage = priced(answer.usage, self._cost)
            self._timing.used(self._usage)

    async def _reads(self, answer: Answer) -> AsyncIterator[list[Piece]]:
        try:
            if self._response.content_type == "application/json":
                yield answer.whole(await self._whole_body())
            content = self._response.content
            while not answer.done and (data := await content.readany()):
                yield answer.feed(data)
                if answer.failure is not None:
                    raise answer.failure
            if answer.done:
                await self._linger()
            yield answer.end()
        except TimeoutError:
            raise timed_out() from None
        except (aiohttp.ClientError, OSError):
            raise disconnected() from None

    async def _whole_body(self) -> bytes:
        body = bytearray()
        async for data in self._response.content.iter_chunked(_READ_BYTES):
            body += data
            if len(body) > MAX_WHOLE_ANSWER_BYTES:
                raise malformed()
        return bytes(body)

    async def _linger(self) -> None:
        if not self._response.content.at_eof():
            try:
                async with asyncio.timeout(LINGER_S):
                    await self._response.content.readany()
            except (TimeoutError, aiohttp.ClientError, OSError):
                return

    def _events(self, piece: Piece) -> list[ModelResponseStreamEvent]:
        manager = self._parts_manager
        signed = piece.signature is not None
        details = {SIGNATURE: piece.signature} if signed else None
        if isinstance(piece, TextPiece):
            place = ("text", piece.slot)
            text = manager.handle_text_delta(
                vendor_part_id=place, content=piece.text, provider_details=details
            )
            return list(text)
        if isinstance(piece, CallPiece):
            event = manager.handle_tool_call_delta(
                vendor_part_id=piece.slot,
                tool_name=piece.name,
                args=piece.text or None,
                tool_call_id=piece.id,
                provider_details=details,
            )
            return [] if event is None else [event]
        thinking = manager.handle_thinking_delta(
            vendor_part_id=("think", piece.slot),
            content=piece.text or None,
            id=piece.id,
            signature=piece.signature,
            provider_name=self._provider if signed else None,
        )
        return list(thinking)

    async def close_stream(self) -> None:
        """Close the connection to the provider."""
        self._response.close()

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """Return what reading raises once `close_stream` has closed the connection."""
        return (UpstreamFailure,)

    @property
    def model_name(self) -> str:
        """The provider's own id of the model."""
        return self._model_name

    @property
    def provider_name(self) -> str:
        """The provider's name in the configuration."""
        return self._provider

    @property
    def provider_url(self) -> str | None:
        """Always None: where a provider is reached stays out of transcripts."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the answer began."""
        return self._timestamp


def signature_of(part_signature: str | None, message: ModelResponse, model: HttpModel) -> str:
    """Return the signature of reasoning that `model` itself had signed, else an empty text."""
    same = (message.provider_name, message.model_name) == (model.system, model.model_name)
    return part_signature or "" if same else ""
