"""One configured model: where and as whom it is called, and what the configuration says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from openclaw_agent_worker.models.errors import Redaction
from openclaw_common.runtime.config.models import Cost, Provider

USER_AGENT: Final = "openclaw-gateway"

DEFAULT_BASE_URLS: Final[Mapping[str, str]] = {
    "openai-completions": "https://api.openai.com/v1",
    "openai-responses": "https://api.openai.com/v1",
    "anthropic-messages": "https://api.anthropic.com",
    "google-generative-ai": "https://generativelanguage.googleapis.com/v1beta",
    "ollama": "http://127.0.0.1:11434",
}


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What `models.providers.<name>.models` says of one model; None where it says nothing.

    `max_tokens` bounds one answer, `context_window` prompt and answer together. `reasoning` says
    whether it thinks. `cost` is in US dollars per million tokens.
    """

    max_tokens: int | None = None
    context_window: int | None = None
    reasoning: bool | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A model to call. `headers` are the configuration's own, and may be credentials like `key`."""

    provider: str
    model_id: str
    base_url: str
    key: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    redact: Redaction = field(repr=False)
    facts: ModelFacts

    @property
    def credential_id(self) -> str:
        """What names this endpoint and credential over the fleet without showing it."""
        parts = [self.base_url, self.key, *(f"{k}={v}" for k, v in sorted(self.headers.items()))]
        return sha256("\0".join(parts).encode()).hexdigest()[:32]

    def has_header(self, name: str) -> bool:
        """Whether the configuration sets this header itself."""
        return name.lower() in {header.lower() for header in self.headers}


def target_of(name: str, provider: Provider, model_id: str) -> Target:
    """Return the model `model_id` of the provider called `name`."""
    headers = {header: value.get_secret_value() for header, value in provider.headers.items()}
    key = provider.api_key.get_secret_value() if provider.api_key else ""
    base_url = provider.base_url or DEFAULT_BASE_URLS.get(provider.api, "")
    return Target(
        provider=name,
        model_id=model_id,
        base_url=base_url.rstrip("/"),
        key=key,
        headers=headers,
        redact=Redaction((key, *headers.values())),
        facts=_facts(provider, model_id),
    )


def _facts(provider: Provider, model_id: str) -> ModelFacts:
    model = next((model for model in provider.models if model.id == model_id), None)
    if model is None:
        return ModelFacts()
    said = model.model_fields_set
    return ModelFacts(
        max_tokens=model.max_tokens,
        context_window=model.context_window,
        reasoning=model.reasoning if "reasoning" in said else None,
        cost=model.cost if "cost" in said else None,
    )
