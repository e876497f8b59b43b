"""Every provider family, how a test reaches it, and one way to ask it something."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.models.registry import ModelRegistry
from openclaw_common.runtime.config import Config
from tests.fakes.provider import FakeProvider

API_KEY: Final = "sk-provider-secret-0123"
IDLE_S: Final = 5.0


@dataclass(frozen=True)
class Family:
    """One `api` and a model of it; `path` stands behind the fake's root in `baseUrl`."""

    api: str
    model_id: str
    path: str


FAMILIES: Final = {
    family.api: family
    for family in (
        Family("openai-completions", "gpt-fake", "/v1"),
        Family("ollama", "qwen3", ""),
        Family("openai-responses", "gpt-5", "/v1"),
        Family("anthropic-messages", "claude-haiku-4-5", ""),
        Family("google-generative-ai", "gemini-2.5-flash", "/v1beta"),
    )
}

LOOKUP: Final = ToolDefinition(
    name="lookup",
    description="Looks things up",
    parameters_json_schema={"type": "object", "properties": {"q": {"type": "string"}}},
    kind="external",
)


@dataclass
class Answer:
    """What an answer showed as it came, and what it was in the end."""

    reply: ModelResponse
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts)


@dataclass
class Bench:
    """A fake provider and the worker's models that reach it."""

    family: Family
    provider: FakeProvider
    http: aiohttp.ClientSession

    def registry(self, **model: Any) -> ModelRegistry:
        """Return a registry; keywords are keys of the model's entry in the configuration."""
        entry = {
            "api": self.family.api,
            "baseUrl": self.provider.root_url + self.family.path,
            "apiKey": API_KEY,
            "headers": {"X-Own": "header-value"},
            "models": [{"id": self.family.model_id, **model}] if model else [],
        }
        config = Config.model_validate({"models": {"providers": {"fake": entry}}})
        return ModelRegistry(config.models.providers, self.http)

    def model(self, **model: Any) -> Model[Any]:
        """Return the family's model."""
        return self.registry(**model).model(f"fake/{self.family.model_id}")

    async def ask(
        self,
        prompt: str | Sequence[UserContent] = "hello",
        *,
        past: Sequence[ModelMessage] = (),
        tools: Sequence[ToolDefinition] = (),
        model: Model[Any] | None = None,
        **settings: Any,
    ) -> Answer:
        """Ask and read the whole answer; keywords are model settings."""
        messages: list[ModelMessage] = [*past]
        if prompt:
            messages.append(ModelRequest(parts=[UserPromptPart(prompt)]))
        parameters = ModelRequestParameters(function_tools=list(tools))
        asked = ModelSettings(**{"timeout": IDLE_S, **settings})  # type: ignore[typeddict-item]
        texts: list[str] = []
        thoughts: list[str] = []
        async with (model or self.model()).request_stream(messages, asked, parameters) as stream:
            async for event in stream:
                _note(event, texts, thoughts)
            return Answer(stream.get(), texts, thoughts)

    async def body(self, index: int = -1) -> dict[str, Any]:
        """Return what the provider received."""
        return self.provider.requests[index].body


def _note(event: object, texts: list[str], thoughts: list[str]) -> None:
    part = event.part if isinstance(event, PartStartEvent) else None
    delta = event.delta if isinstance(event, PartDeltaEvent) else None
    if isinstance(part, TextPart) and part.content:
        texts.append(part.content)
    if isinstance(part, ThinkingPart) and part.content:
        thoughts.append(part.content)
    if isinstance(delta, TextPartDelta) and delta.content_delta:
        texts.append(delta.content_delta)
    if isinstance(delta, ThinkingPartDelta) and delta.content_delta:
        thoughts.append(delta.content_delta)


@asynccontextmanager
async def bench_of(family: Family) -> AsyncIterator[Bench]:
    """Run a fake provider that `family` can talk to."""
    fake = FakeProvider(api_key=API_KEY, ollama=family.api == "ollama")
    async with (
        fake as provider,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Bench(family, provider, http)
