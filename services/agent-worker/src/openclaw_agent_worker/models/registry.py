"""Which code talks to a configured model: `provider/model` and the configuration, to a Model."""

from __future__ import annotations

from typing import Final

import aiohttp
from pydantic_ai.models import Model

from openclaw_agent_worker.models.errors import Redaction
from openclaw_agent_worker.models.openai_completions import Endpoint, OpenAICompletionsModel
from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.runtime.config.models import Provider

OPENAI_COMPLETIONS: Final = "openai-completions"
OPENAI_BASE_URL: Final = "https://api.openai.com/v1"
USER_AGENT: Final = "openclaw-gateway"

NOT_CONFIGURED: Final = "model_not_configured"
NOT_SUPPORTED: Final = "provider_api_not_supported"


class ModelUnavailable(GatewayError):
    """The configuration names no usable model; the message says which key to set."""

    def __init__(self, message: str, code: str = NOT_CONFIGURED) -> None:
        super().__init__(ErrorBody(500, API_ERROR, message, code))


class ModelRegistry:
    """The models of the configured providers, made when they are asked for.

    A provider that cannot be used fails the runs that ask for it, never the worker.
    """

    def __init__(self, providers: dict[str, Provider], http: aiohttp.ClientSession) -> None:
        self._providers = providers
        self._http = http
        self._endpoints: dict[str, Endpoint] = {}

    def model(self, reference: str) -> Model[aiohttp.ClientSession]:
        """Return the model that `provider/model` names; the model's id may contain slashes.

        Raises ModelUnavailable.
        """
        name, slash, model_id = reference.partition("/")
        if not slash or not name or not model_id:
            raise ModelUnavailable(
                f"Model '{reference}' must be written as provider/model, with a provider of "
                "models.providers."
            )
        return OpenAICompletionsModel(model_id, self._endpoint(name, reference), self._http)

    def _endpoint(self, name: str, reference: str) -> Endpoint:
        if name not in self._endpoints:
            if (provider := self._providers.get(name)) is None:
                raise ModelUnavailable(
                    f"Model '{reference}' names the provider '{name}', which is not configured; "
                    f"add models.providers.{name}."
                )
            self._endpoints[name] = _endpoint(name, provider)
        return self._endpoints[name]


def _endpoint(name: str, provider: Provider) -> Endpoint:
    if provider.api != OPENAI_COMPLETIONS:
        raise ModelUnavailable(
            f"models.providers.{name}.api is '{provider.api}', which this worker does not "
            f"support; it supports '{OPENAI_COMPLETIONS}'.",
            NOT_SUPPORTED,
        )
    own = {key: value.get_secret_value() for key, value in provider.headers.items()}
    key = provider.api_key.get_secret_value() if provider.api_key else ""
    headers = {
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        # A compressed stream would be held back until the compressor's block is full.
        "Accept-Encoding": "identity",
        **({"Authorization": f"Bearer {key}"} if key else {}),
    }
    given = {header.lower() for header in own}
    headers = {header: value for header, value in headers.items() if header.lower() not in given}
    base_url = (provider.base_url or OPENAI_BASE_URL).rstrip("/")
    return Endpoint(
        provider=name,
        url=f"{base_url}/chat/completions",
        headers={**headers, **own},
        redact=Redaction((key, *own.values())),
    )
