"""`api: openai-responses`: https://platform.openai.com/docs/api-reference/responses."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx2
from openai import AsyncOpenAI, Omit
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings, ThinkingLevel

from openclaw_agent_worker.models.sdk_model import SdkModel, profile_of
from openclaw_agent_worker.models.target import Target

NO_KEY: Final = "none"


class ResponsesModel(SdkModel):
    """One model behind the Responses API."""

    def adapted(
        self, settings: ModelSettings, parameters: ModelRequestParameters
    ) -> tuple[ModelSettings, ModelRequestParameters]:
        """See SdkModel.adapted."""
        # Nothing is kept at OpenAI: the transcript is ours, and sent whole.
        own = cast(OpenAIResponsesModelSettings, settings)
        own["openai_store"] = False
        profile = cast(OpenAIModelProfile, self.profile)
        if own.get("thinking"):
            own["openai_reasoning_summary"] = "auto"
        if _reasons(profile, own.get("thinking")):
            # The API refuses these beside reasoning.
            own.pop("temperature", None)
            own.pop("top_p", None)
        return own, parameters


def _reasons(profile: OpenAIModelProfile, level: ThinkingLevel | None) -> bool:
    if not profile.get("openai_supports_reasoning", False):
        return False
    efforts = profile.get("openai_reasoning_efforts")
    stoppable = profile.get("openai_supports_reasoning_effort_none", False)
    if efforts is not None:
        stoppable = "none" in efforts
    if level is None:
        return not stoppable or profile.get("thinking_enabled_by_default", False)
    return not stoppable or level is not False


def build(target: Target, http: httpx2.AsyncClient) -> ResponsesModel:
    """Return the model that `target` names."""
    # Omit keeps out what the SDK would read from this process's environment.
    headers: dict[str, Any] = {
        "OpenAI-Organization": Omit(),
        "OpenAI-Project": Omit(),
        **target.headers,
    }
    if not target.key and not target.has_header("Authorization"):
        headers["Authorization"] = Omit()
    client = AsyncOpenAI(
        api_key=target.key or NO_KEY,
        base_url=target.base_url,
        default_headers=headers,
        max_retries=0,
        http_client=http,
    )
    provider = OpenAIProvider(openai_client=client)
    model = OpenAIResponsesModel(target.model_id, provider=provider, profile=profile_of(target))
    return ResponsesModel(model, target)
