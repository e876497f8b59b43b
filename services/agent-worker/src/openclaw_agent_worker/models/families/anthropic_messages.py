"""`api: anthropic-messages`: https://docs.anthropic.com/en/api/messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

import httpx2
from anthropic import AsyncAnthropic, Omit
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.profiles.anthropic import ANTHROPIC_THINKING_BUDGET_MAP
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.settings import ModelSettings

from openclaw_agent_worker.models.sdk_model import SdkModel, profile_of
from openclaw_agent_worker.models.target import Target

NO_KEY: Final = "none"
MIN_BUDGET_TOKENS: Final = 1024
"""The smallest thinking budget that the API takes."""


class MessagesModel(SdkModel):
    """One model behind the Messages API."""

    def adapted(
        self, settings: ModelSettings, parameters: ModelRequestParameters
    ) -> tuple[ModelSettings, ModelRequestParameters]:
        """See SdkModel.adapted; an answer's length, which the API demands, has a default."""
        own = cast(AnthropicModelSettings, settings)
        cap = self.target.facts.max_tokens
        if cap is not None:
            own.setdefault("max_tokens", cap)
        if own.get("thinking"):
            self._fit_thinking(own)
        if not self.profile.get("supports_json_schema_output"):
            parameters = _without_output(parameters)
        return own, parameters

    def _fit_thinking(self, settings: AnthropicModelSettings) -> None:
        """Make room for the answer beside the thinking, which `max_tokens` counts too."""
        if settings.get("tool_choice") not in (None, "auto", "none"):
            # The API takes either a call that must be made or thinking.
            del settings["thinking"]
            return
        # The API refuses these beside thinking.
        settings.pop("temperature", None)
        settings.pop("top_p", None)
        limit = settings.get("max_tokens")
        if limit is None or self.profile.get("anthropic_supports_adaptive_thinking"):
            return
        budget = min(ANTHROPIC_THINKING_BUDGET_MAP[settings["thinking"]], limit // 2)
        del settings["thinking"]
        if budget >= MIN_BUDGET_TOKENS:
            settings["anthropic_thinking"] = {"type": "enabled", "budget_tokens": budget}


def _without_output(parameters: ModelRequestParameters) -> ModelRequestParameters:
    if parameters.output_object is None:
        return parameters
    return replace(parameters, output_mode="text", output_object=None)


def build(target: Target, http: httpx2.AsyncClient) -> MessagesModel:
    """Return the model that `target` names."""
    headers: dict[str, Any] = dict(target.headers)
    if not target.key and not target.has_header("Authorization"):
        headers["Authorization"] = Omit()
    client = AsyncAnthropic(
        api_key=target.key or NO_KEY,
        base_url=target.base_url.removesuffix("/v1"),
        default_headers=headers,
        max_retries=0,
        http_client=http,
    )
    provider = AnthropicProvider(anthropic_client=client)
    model = AnthropicModel(target.model_id, provider=provider, profile=profile_of(target))
    return MessagesModel(model, target)
