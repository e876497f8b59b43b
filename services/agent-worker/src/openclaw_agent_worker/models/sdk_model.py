"""A model whose client is a provider's own SDK, behind pydantic-ai, with the manners of our own.

Requests keep the configuration's limits, only what the provider has is sent, every failure is one
of `errors`, and an answer that was cut off is a failure.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponseStreamEvent,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.models.errors import UpstreamFailure, disconnected
from openclaw_agent_worker.models.sdk_errors import translated
from openclaw_agent_worker.models.target import USER_AGENT, Target
from openclaw_agent_worker.models.thinking import applies
from openclaw_agent_worker.models.usage import priced

logger = logging.getLogger(__name__)

REFUSAL: Final = "refusal"
"""Where pydantic-ai puts a refusal that is no text of the answer."""

_FREE_FORM_JSON: Final = {"type": "object"}


class SdkModel(WrapperModel):
    """One model of one provider; families override what is theirs."""

    def __init__(self, wrapped: Model[Any], target: Target) -> None:
        super().__init__(wrapped)
        self.target = target

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse, None]:
        """Send the request and stream the answer; leaving closes the connection at once."""
        settings, parameters = self._prepared(
            ModelSettings(**(model_settings or {})), model_request_parameters
        )
        redact = self.target.redact
        async with AsyncExitStack() as stack:
            with translated(redact):
                stream = self.wrapped.request_stream(
                    [_without_details(message) for message in messages],
                    settings,
                    parameters,
                    run_context,
                )
                response = await stack.enter_async_context(stream)
            yield SdkStreamedResponse(
                model_request_parameters=parameters, _inner=response, _target=self.target
            )

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

    def adapted(
        self, settings: ModelSettings, parameters: ModelRequestParameters
    ) -> tuple[ModelSettings, ModelRequestParameters]:
        """Return settings and parameters as this family takes them."""
        return settings, parameters

    def _prepared(
        self, settings: ModelSettings, parameters: ModelRequestParameters
    ) -> tuple[ModelSettings, ModelRequestParameters]:
        cap = self.target.facts.max_tokens
        if cap is not None and (wanted := settings.get("max_tokens")) is not None:
            settings["max_tokens"] = min(cap, wanted)
        supported = bool(self.profile.get("supports_thinking"))
        if "thinking" in settings and not applies(self.target, supported=supported):
            del settings["thinking"]
        if not self.target.has_header("User-Agent"):
            settings["extra_headers"] = {
                **(settings.get("extra_headers") or {}),
                "User-Agent": USER_AGENT,
            }
        parameters = _with_response_format(settings, parameters)
        settings, parameters = self.adapted(settings, parameters)
        return self._supported(settings), parameters

    def _supported(self, settings: ModelSettings) -> ModelSettings:
        """Return `settings` without those that this provider has not: they are no promises."""
        # pydantic-ai would warn of some of them, for each request and on stderr.
        unknown = self.wrapped._unsupported_settings() & settings.keys()
        if unknown:
            extra = {"provider": self.target.provider, "settings": sorted(unknown)}
            logger.debug("settings_not_forwarded", extra=extra)
        kept = {name: value for name, value in settings.items() if name not in unknown}
        return cast(ModelSettings, kept)


def profile_of(target: Target) -> ModelProfile:
    """Return what the configuration says of a model, over what pydantic-ai knows of it."""
    profile = ModelProfile(context_window=target.facts.context_window)
    if target.facts.reasoning:
        profile["supports_thinking"] = True
    return profile


def _without_details(message: ModelMessage) -> ModelMessage:
    """Return `message` with images as any provider takes them.

    What OpenAI calls `detail` would be sent to Gemini as facts of a video.
    """
    if not isinstance(message, ModelRequest):
        return message
    return replace(message, parts=[_without_detail(part) for part in message.parts])


def _without_detail(part: ModelRequestPart) -> ModelRequestPart:
    if not isinstance(part, UserPromptPart) or isinstance(part.content, str):
        return part
    content = [
        replace(item, vendor_metadata=None)
        if isinstance(item, BinaryContent | ImageUrl) and item.vendor_metadata
        else item
        for item in part.content
    ]
    return replace(part, content=content)


def _with_response_format(
    settings: ModelSettings, parameters: ModelRequestParameters
) -> ModelRequestParameters:
    """Return `parameters` with the `response_format` that `settings` carry for chat completions."""
    extra = settings.get("extra_body")
    if not isinstance(extra, dict) or "response_format" not in extra:
        return parameters
    rest = {name: value for name, value in extra.items() if name != "response_format"}
    settings["extra_body"] = rest
    if not rest:
        del settings["extra_body"]
    wanted = extra["response_format"]
    if wanted.get("type") == "json_object":
        output = OutputObjectDefinition(json_schema=dict(_FREE_FORM_JSON), strict=False)
    elif wanted.get("type") == "json_schema":
        given = wanted.get("json_schema") or {}
        output = OutputObjectDefinition(
            json_schema=given.get("schema") or dict(_FREE_FORM_JSON),
            name=given.get("name"),
            description=given.get("description"),
            strict=given.get("strict"),
        )
    else:
        return parameters
    return replace(parameters, output_mode="native", output_object=output, allow_text_output=True)


def _whole(answer: ModelResponse) -> bool:
    ended = answer.finish_reason or (answer.provider_details or {}).get("finish_reason")
    return bool(ended) and answer.state == "complete"


@dataclass
class SdkStreamedResponse(StreamedResponse):
    """The answer as it comes in."""

    _inner: StreamedResponse
    _target: Target = field(repr=False)
    _refused: bool = field(default=False, init=False)

    def __aiter__(self) -> AsyncIterator[ModelResponseStreamEvent]:
        """Iterate over the answer's events once. Raises UpstreamFailure."""
        if self._event_iterator is None:
            self._event_iterator = self._get_event_iterator()
        return self._event_iterator

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        events = aiter(self._inner)
        while True:
            with translated(self._target.redact):
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    break
            yield event
        answer = self._inner.get()
        if not _whole(answer):
            raise disconnected()
        for part_event in self._refusal(answer):
            yield part_event

    def _refusal(self, answer: ModelResponse) -> list[ModelResponseStreamEvent]:
        text = (answer.provider_details or {}).get(REFUSAL)
        if not isinstance(text, str) or not text:
            return []
        self._refused = True
        return list(self._parts_manager.handle_text_delta(vendor_part_id=REFUSAL, content=text))

    def get(self) -> ModelResponse:
        """Return the answer so far."""
        answer = self._inner.get()
        answer.usage = self.usage
        # Where a provider is reached stays out of transcripts.
        answer.provider_url = None
        if self._refused:
            said = [part for part in self._parts_manager.get_parts() if isinstance(part, TextPart)]
            answer.parts = [*answer.parts, *said]
        return answer

    @property
    def usage(self) -> RequestUsage:
        """What the answer used, with its cost where the configuration has prices."""
        return priced(self._inner.usage, self._target.facts.cost)

    async def close_stream(self) -> None:
        """Close the connection to the provider."""
        await self._inner.close_stream()

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """Return what reading raises once `close_stream` has closed the connection."""
        return (UpstreamFailure,)

    @property
    def model_name(self) -> str:
        """The provider's own id of the model."""
        return self._inner.model_name

    @property
    def provider_name(self) -> str | None:
        """The name under which the provider takes back its own reasoning."""
        return self._inner.provider_name

    @property
    def provider_url(self) -> str | None:
        """Always None: where a provider is reached stays out of transcripts."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the answer began."""
        return self._inner.timestamp
