"""`models`: the providers that serve models, and what their models can do."""

from __future__ import annotations

from pydantic import Field, SecretStr

from openclaw_common.runtime.config.base import Flag, Positive, Section, Words

APIS = (
    "openai-completions",
    "openai-responses",
    "anthropic-messages",
)


class Cost(Section):
    """Prices in US dollars per million tokens."""

    input: float = 0
    output: float = 0
    cache_read: float = 0
    cache_write: float = 0


class Model(Section):
    """One model of a provider."""

    accepted_keys = frozenset({"api", "compat", "headers", "params", "maxInputTokens"})

    id: str
    name: str | None = None
    context_window: Positive | None = None
    """Tokens that prompt and answer may have together."""
    max_tokens: Positive | None = None
    """Tokens that one answer may have."""
    input: Words = ("text",)
    """What it reads: `text`, `image`."""
    reasoning: Flag = False
    cost: Cost = Cost()


class Provider(Section):
    """One endpoint that serves models."""

    accepted_keys = frozenset({"auth", "authHeader", "injectNumCtxForOpenAICompat", "request"})

    base_url: str | None = None
    api: str = "openai-completions"
    api_key: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Extra headers of every request; values may be credentials."""
    models: tuple[Model, ...] = ()


class Models(Section):
    """All providers."""

    accepted_keys = frozenset({"mode", "bedrockDiscovery"})

    providers: dict[str, Provider] = Field(default_factory=dict)
