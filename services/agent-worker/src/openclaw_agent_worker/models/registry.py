"""Which code talks to a configured model: `provider/model` and the configuration, to a Model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from openclaw_agent_worker.measured import WorkerCounts
from openclaw_agent_worker.models.anthropic_messages import MessagesModel
from openclaw_agent_worker.models.embeddings import FAMILIES as EMBEDDING_FAMILIES
from openclaw_agent_worker.models.embeddings import EmbeddingModel
from openclaw_agent_worker.models.endpoint import (
    Endpoint,
    anthropic_endpoint,
    google_endpoint,
    ollama_endpoint,
    openai_endpoint,
)
from openclaw_agent_worker.models.gemini_generate import GeminiModel, generate_path
from openclaw_agent_worker.models.http_model import HttpModel
from openclaw_agent_worker.models.openai_completions import OpenAICompletionsModel
from openclaw_agent_worker.models.openai_responses import ResponsesModel
from openclaw_agent_worker.models.target import Target, target_of
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.runtime.config.models import Provider

NOT_CONFIGURED: Final = "model_not_configured"
NOT_SUPPORTED: Final = "provider_api_not_supported"

MAX_MODELS: Final = 256
"""Models that are kept ready; the one that was unused for longest makes room."""

_FAMILIES: Final[Mapping[str, tuple[type[HttpModel], Callable[[Target], Endpoint]]]] = {
    "openai-completions": (
        OpenAICompletionsModel,
        lambda target: openai_endpoint(target, "/chat/completions"),
    ),
    "ollama": (
        OpenAICompletionsModel,
        # Ollama speaks chat completions below /v1, with everything that is served here.
        lambda target: ollama_endpoint(target, "/v1/chat/completions"),
    ),
    "openai-responses": (ResponsesModel, lambda target: openai_endpoint(target, "/responses")),
    "anthropic-messages": (
        MessagesModel,
        lambda target: anthropic_endpoint(target, "/v1/messages"),
    ),
    "google-generative-ai": (
        GeminiModel,
        lambda target: google_endpoint(target, generate_path(target.model_id)),
    ),
}


class ModelUnavailable(GatewayError):
    """The configuration names no usable model; the message says which key to set."""

    def __init__(self, message: str, code: str = NOT_CONFIGURED) -> None:
        super().__init__(ErrorBody(500, API_ERROR, message, code))


class ModelRegistry:
    """The models of the configured providers, made when they are asked for.

    A provider that cannot be used fails the runs that ask for it, never the worker.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        http: aiohttp.ClientSession,
        counts: WorkerCounts | None = None,
    ) -> None:
        self._counts = counts
        self._providers = providers
        self._http = http
        self._credential_ids: dict[str, str] = {}
        self._models: OrderedDict[str, HttpModel] = OrderedDict()

    def model(self, reference: str) -> HttpModel:
        """Return the model that `provider/model` names; the model's id may contain slashes.

        Raises ModelUnavailable.
        """
        if reference in self._models:
            self._models.move_to_end(reference)
            return self._models[reference]
        model = self._build(self.target(reference), self._provider(reference).api)
        self._models[reference] = model
        if len(self._models) > MAX_MODELS:
            self._models.popitem(last=False)
        return model

    def embedding(self, reference: str) -> EmbeddingModel:
        """Return the embedding model that `provider/model` names. Raises ModelUnavailable."""
        target, api = self.target(reference), self._provider(reference).api
        if api not in EMBEDDING_FAMILIES:
            known = ", ".join(sorted(EMBEDDING_FAMILIES))
            raise ModelUnavailable(
                f"models.providers.{target.provider}.api is '{api}', which has no embeddings here; "
                f"set memorySearch.provider to one whose api is {known}.",
                NOT_SUPPORTED,
            )
        return EMBEDDING_FAMILIES[api](target, self._http)

    def target(self, reference: str) -> Target:
        """Return what the configuration says of the model that `provider/model` names.

        Raises ModelUnavailable.
        """
        name, _, model_id = reference.partition("/")
        return target_of(name, self._provider(reference), model_id)

    def credential_id(self, reference: str) -> str:
        """Return what names the credential of a model over the fleet. Raises ModelUnavailable."""
        name = reference.partition("/")[0]
        if name not in self._credential_ids:
            self._credential_ids[name] = self.target(reference).credential_id
        return self._credential_ids[name]

    def _provider(self, reference: str) -> Provider:
        name, slash, model_id = reference.partition("/")
        if not slash or not name or not model_id:
            raise ModelUnavailable(
                f"Model '{reference}' must be written as provider/model, with a provider of "
                "models.providers."
            )
        if (provider := self._providers.get(name)) is None:
            raise ModelUnavailable(
                f"Model '{reference}' names the provider '{name}', which is not configured; "
                f"add models.providers.{name}."
            )
        return provider

    def _build(self, target: Target, api: str) -> HttpModel:
        if api not in _FAMILIES:
            known = ", ".join(sorted(_FAMILIES))
            raise ModelUnavailable(
                f"models.providers.{target.provider}.api is '{api}', which this worker does not "
                f"support; it supports {known}.",
                NOT_SUPPORTED,
            )
        model, endpoint = _FAMILIES[api]
        return model(target, endpoint(target), self._http, self._counts)
