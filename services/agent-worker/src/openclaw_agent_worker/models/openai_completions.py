"""`api: openai-completions` and `api: ollama`, which speaks the same below `/v1`.

Source: https://platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

from typing import Final, cast
from urllib.parse import urlsplit

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.profiles.openai import OpenAIModelProfile, openai_model_profile
from pydantic_ai.settings import ModelSettings, ThinkingLevel

from openclaw_agent_worker.models.http_model import HttpModel
from openclaw_agent_worker.models.openai_answer import ChatAnswer
from openclaw_agent_worker.models.openai_body import encode_body
from openclaw_agent_worker.models.thinking import applies, effort_of

# OpenAI's own newer models refuse `max_tokens`; compatible servers often know nothing else.
_NEW_TOKEN_LIMIT_HOSTS: Final = ("api.openai.com", ".openai.azure.com")


class OpenAICompletionsModel(HttpModel):
    """One model behind chat completions."""

    def encode(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings,
        parameters: ModelRequestParameters,
        level: ThinkingLevel | None,
    ) -> bytes:
        """See HttpModel.encode."""
        return encode_body(
            self.model_name,
            messages,
            settings,
            parameters,
            max_tokens_field=max_tokens_field(self.endpoint.url),
            max_tokens=self.target.facts.max_tokens,
            reasoning_effort=self._effort(level),
        )

    def answer(self) -> ChatAnswer:
        """See HttpModel.answer."""
        return ChatAnswer(self.endpoint.redact)

    def _effort(self, level: ThinkingLevel | None) -> str | None:
        if level is None:
            return None
        profile = cast(OpenAIModelProfile, openai_model_profile(self.model_name))
        if not applies(self.target, supported=profile.get("supports_thinking", False)):
            return None
        return effort_of(level, profile.get("openai_reasoning_efforts"))


def max_tokens_field(url: str) -> str:
    """Return the request's name for the limit of the answer's tokens at this address."""
    host = urlsplit(url).hostname or ""
    new = host.endswith(_NEW_TOKEN_LIMIT_HOSTS)
    return "max_completion_tokens" if new else "max_tokens"
