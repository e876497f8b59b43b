"""`api: openai-completions` as a pydantic-ai Model, straight over aiohttp.

Own code instead of pydantic-ai's OpenAIChatModel because relaying tokens is what a worker spends
its time on: all events of one network read are folded together and reach pydantic-ai as one delta.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import aiohttp
from pydantic_ai.messages import FinishReason, ModelMessage, ModelResponse, ModelResponseStreamEvent
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.profiles.openai import OpenAIModelProfile, openai_model_profile
from pydantic_ai.settings import ModelSettings, ThinkingLevel
from pydantic_ai.tools import RunContext
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.errors import (
    Redaction,
    UpstreamFailure,
    disconnected,
    from_answer,
    malformed,
    timed_out,
)
from openclaw_agent_worker.models.openai_answer import (
    Answer,
    Counts,
    Piece,
    ReasoningPiece,
    TextPiece,
)
from openclaw_agent_worker.models.openai_body import encode_body
from openclaw_agent_worker.models.target import Target
from openclaw_agent_worker.models.thinking import applies, effort_of
from openclaw_agent_worker.models.usage import priced
from openclaw_common.runtime.config.models import Cost

CONNECT_TIMEOUT_S: Final = 10.0
MAX_ERROR_BYTES: Final = 64 * 1024
MAX_WHOLE_ANSWER_BYTES: Final = 16 * 1024 * 1024
LINGER_S: Final = 0.05
"""How long the end of the body is waited for after `[DONE]`, so that the connection is reused."""

_READ_BYTES: Final = 65_536
_FINISH: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "content_filter": "content_filter",
}
# OpenAI's own newer models refuse `max_tokens`; compatible servers often know nothing else.
_NEW_TOKEN_LIMIT_HOSTS: Final = ("api.openai.com", ".openai.azure.com")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom a provider is called; `headers` hold its credentials."""

    provider: str
    url: str
    headers: dict[str, str] = field(repr=False)
    redact: Redaction = field(repr=False)

    @property
    def max_tokens_field(self) -> str:
        """The request's name for the limit of the answer's tokens."""
        host = urlsplit(self.url).hostname or ""
        new = host.endswith(_NEW_TOKEN_LIMIT_HOSTS)
        return "max_completion_tokens" if new else "max_tokens"


class OpenAICompletionsModel(Model[aiohttp.ClientSession]):
    """One model of one provider. Every failure of the provider is an UpstreamFailure.

    Of the settings, `timeout` is the longest silence between bytes in seconds, `extra_headers`
    and `extra_body` are added to the request.
    """

    def __init__(self, target: Target, endpoint: Endpoint, http: aiohttp.ClientSession) -> None:
        super().__init__(profile=ModelProfile(context_window=target.facts.context_window))
        self._target = target
        self._model_id = target.model_id
        self._endpoint = endpoint
        self._http = http

    @property
    def model_name(self) -> str:
        """The provider's own id of the model."""
        return self._model_id

    @property
    def system(self) -> str:
        """The provider's name in the configuration."""
        return self._endpoint.provider

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
        settings = prepared or ModelSettings()
        body = encode_body(
            self._model_id,
            messages,
            settings,
            parameters,
            max_tokens_field=self._endpoint.max_tokens_field,
            max_tokens=self._target.facts.max_tokens,
            reasoning_effort=self._effort(level),
        )
        response = await self._post(body, settings)
        try:
            if response.status != 200:
                raise await self._refused(response)
            yield OpenAIStreamedResponse(
                model_request_parameters=parameters,
                _model_name=self._model_id,
                _cost=self._target.facts.cost,
                _endpoint=self._endpoint,
                _response=response,
            )
        finally:
            # A body that was read to its end has given its connection back already.
            response.close()

    def _effort(self, level: ThinkingLevel | None) -> str | None:
        if level is None:
            return None
        profile = cast(OpenAIModelProfile, openai_model_profile(self._model_id))
        if not applies(self._target, supported=profile.get("supports_thinking", False)):
            return None
        return effort_of(level, profile.get("openai_reasoning_efforts"))

    async def _post(self, body: bytes, settings: ModelSettings) -> aiohttp.ClientResponse:
        idle = settings.get("timeout")
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=CONNECT_TIMEOUT_S,
            sock_read=idle if isinstance(idle, int | float) else None,
        )
        headers = {**self._endpoint.headers, **(settings.get("extra_headers") or {})}
        try:
            return await self._http.post(
                self._endpoint.url,
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
        try:
            raw = await response.content.read(MAX_ERROR_BYTES)
        except (aiohttp.ClientError, OSError, TimeoutError):
            raw = b""
        return from_answer(response.status, raw, response.headers, self._endpoint.redact)


@dataclass
class OpenAIStreamedResponse(StreamedResponse):
    """The answer as it comes in."""

    _model_name: str
    _cost: Cost | None
    _endpoint: Endpoint = field(repr=False)
    _response: aiohttp.ClientResponse = field(repr=False)
    _timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        answer = Answer(self._endpoint.redact)
        async for pieces in self._reads(answer):
            for piece in pieces:
                for event in self._events(piece):
                    yield event
        self.finish_reason = _FINISH.get(answer.finish_reason or "stop", "stop")
        if answer.counts is not None:
            self._usage = priced(_usage(answer.counts), self._cost)

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
        if isinstance(piece, TextPiece):
            return list(manager.handle_text_delta(vendor_part_id="text", content=piece.text))
        if isinstance(piece, ReasoningPiece):
            thinking = manager.handle_thinking_delta(vendor_part_id="think", content=piece.text)
            return list(thinking)
        event = manager.handle_tool_call_delta(
            vendor_part_id=piece.slot,
            tool_name=piece.name,
            args=piece.text or None,
            tool_call_id=piece.id,
        )
        return [] if event is None else [event]

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
        return self._endpoint.provider

    @property
    def provider_url(self) -> str | None:
        """Always None: where a provider is reached stays out of transcripts."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the answer began."""
        return self._timestamp


def _usage(counts: Counts) -> RequestUsage:
    return RequestUsage(
        input_tokens=counts.prompt,
        output_tokens=counts.completion,
        cache_read_tokens=counts.cached,
        details={"reasoning_tokens": counts.reasoning, "total_tokens": counts.total},
    )
