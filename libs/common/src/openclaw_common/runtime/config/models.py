"""`models`: the providers that serve models, and what their models can do."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, Positive, Section, Words

Api = Literal[
    "openai-completions",
    "openai-responses",
    "openai-chatgpt-responses",
    "openai-codex-responses",
    "azure-openai-responses",
    "anthropic-messages",
    "google-generative-ai",
    "google-vertex",
    "github-copilot",
    "bedrock-converse-stream",
    "ollama",
    "pi-messages",
]
"""Every adapter that OpenClaw 2026.9 names; which of them are served is the worker's business."""

APIS_WITHOUT_BASE_URL: Final = frozenset(
    {"bedrock-converse-stream", "google-vertex", "github-copilot", "pi-messages"}
)

Price = Annotated[float, Field(ge=0)]


class Cost(Section):
    """Prices in US dollars per million tokens."""

    free_form = True

    input: Price = 0
    """Tokens of the prompt."""
    output: Price = 0
    """Tokens of the answer."""
    cache_read: Price = 0
    """Tokens of the prompt that the provider had cached."""
    cache_write: Price = 0
    """Tokens of the prompt that the provider put into its cache."""


class Compat(Section):
    """What a model's endpoint does differently; OpenClaw's other keys are left to it."""

    free_form = True

    continues_assistant_turn: Flag = False
    """Whether it goes on with an answer that stands last in the request (ours)."""


class Model(Section):
    """One model of a provider."""

    accepted_keys = openclaw_keys.MODEL

    id: str
    """The provider's own name of the model."""
    name: str | None = None
    """What people call it."""
    context_window: Positive | None = None
    """Tokens that prompt and answer may have together."""
    max_tokens: Positive | None = None
    """Tokens that one answer may have."""
    input: Words = ("text",)
    """What it reads: `text`, `image`."""
    reasoning: Flag = False
    """Whether it thinks before it answers."""
    cost: Cost = Cost()
    compat: Compat = Compat()


class Provider(Section):
    """One endpoint that serves models."""

    accepted_keys = openclaw_keys.PROVIDER

    base_url: str | None = None
    """Where its API starts, for example `https://api.openai.com/v1`."""
    api: Api = "openai-completions"
    """Which API it speaks."""
    api_key: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Extra headers of every request; values may be credentials."""
    models: tuple[Model, ...] = ()


class Models(Section):
    """All providers."""

    accepted_keys = openclaw_keys.MODELS

    providers: dict[str, Provider] = Field(default_factory=dict)
