"""`api: anthropic-messages`: https://docs.anthropic.com/en/api/messages."""

from __future__ import annotations

from typing import Any, Final, cast

import orjson
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.profiles.anthropic import (
    ANTHROPIC_THINKING_BUDGET_MAP,
    AnthropicModelProfile,
    anthropic_model_profile,
    resolve_anthropic_effort,
)
from pydantic_ai.settings import ModelSettings, ThinkingLevel

from openclaw_agent_worker.models.anthropic_answer import MessagesAnswer
from openclaw_agent_worker.models.anthropic_body import (
    closed_schema,
    encode_messages,
    encode_tool,
    encode_tool_choice,
)
from openclaw_agent_worker.models.content import (
    AnswerSchema,
    forced_tool,
    instructions_of,
    split_response_format,
    system_prompts,
)
from openclaw_agent_worker.models.http_model import HttpModel
from openclaw_agent_worker.models.thinking import applies

MIN_BUDGET_TOKENS: Final = 1024
"""The smallest thinking budget that the API takes."""
DEFAULT_MAX_TOKENS: Final = 16_384
LEGACY_MAX_TOKENS: Final = 4_096
"""Of models that count the answer's limit against the context window."""
ROOM_BESIDE_BUDGET: Final = 4_096
"""What is left to the answer where nobody set a limit and a budget is asked for."""


class MessagesModel(HttpModel):
    """One model behind the Messages API."""

    left_out = ("frequency_penalty", "presence_penalty", "seed")

    def encode(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings,
        parameters: ModelRequestParameters,
        level: ThinkingLevel | None,
    ) -> bytes:
        """See HttpModel.encode; an answer's length, which the API demands, has a default."""
        profile = cast(AnthropicModelProfile, anthropic_model_profile(self.model_name) or {})
        level = self._level(level, profile, forced=forced_tool(settings) is not None)
        limit, thinking = self._length(settings.get("max_tokens"), level, profile)
        rest, kind, schema = split_response_format(settings)
        body: dict[str, Any] = {
            "model": self.model_name,
            "max_tokens": limit,
            "messages": encode_messages(messages, self),
            "stream": True,
        }
        system = [instructions_of(messages, parameters), *system_prompts(messages)]
        if any(system):
            body["system"] = "\n\n".join(text for text in system if text)
        if parameters.function_tools:
            body["tools"] = [encode_tool(tool) for tool in parameters.function_tools]
            body["tool_choice"] = encode_tool_choice(
                settings, can_force=profile.get("supports_forced_tool_choice", True)
            )
        if thinking is not None:
            body["thinking"] = thinking
        output = self._output(level, kind, schema, profile)
        if output:
            body["output_config"] = output
        thinks = thinking is not None and thinking["type"] in ("enabled", "adaptive")
        # The API refuses sampling beside thinking.
        if not thinks and not profile.get("anthropic_disallows_sampling_settings", False):
            body |= {
                name: value
                for name in ("temperature", "top_p")
                if (value := settings.get(name)) is not None
            }
        if stop := settings.get("stop_sequences"):
            body["stop_sequences"] = stop
        return orjson.dumps({**body, **rest})

    def answer(self) -> MessagesAnswer:
        """See HttpModel.answer."""
        return MessagesAnswer(self.endpoint.redact)

    def _level(
        self, level: ThinkingLevel | None, profile: AnthropicModelProfile, *, forced: bool
    ) -> ThinkingLevel | None:
        supported = bool(profile.get("supports_thinking", False))
        if level is None or not applies(self.target, supported=supported):
            return None
        # The API takes either a call that must be made or thinking.
        return None if level and forced else level

    def _length(
        self, wanted: int | None, level: ThinkingLevel | None, profile: AnthropicModelProfile
    ) -> tuple[int, dict[str, Any] | None]:
        """Return the answer's limit and its `thinking`, for which it has room."""
        caps = (self.target.facts.max_tokens, profile.get("anthropic_max_output_tokens"))
        known = [cap for cap in caps if cap is not None]
        limit = min([wanted, *known]) if wanted is not None else min(known, default=None)
        if level is False:
            return limit or _default_length(profile), _off(profile)
        if not level:
            return limit or _default_length(profile), None
        if profile.get("anthropic_supports_adaptive_thinking", False):
            return limit or _default_length(profile), {"type": "adaptive"}
        budget = ANTHROPIC_THINKING_BUDGET_MAP[level]
        if limit is None:
            limit = max(_default_length(profile), budget + ROOM_BESIDE_BUDGET)
        else:
            budget = min(budget, limit // 2)
        if budget < MIN_BUDGET_TOKENS:
            return limit, None
        return limit, {"type": "enabled", "budget_tokens": budget}

    def _output(
        self,
        level: ThinkingLevel | None,
        kind: str,
        schema: AnswerSchema | None,
        profile: AnthropicModelProfile,
    ) -> dict[str, Any]:
        """Return `output_config`: the answer's schema and how much effort it is worth."""
        output: dict[str, Any] = {}
        if schema is not None and profile.get("supports_json_schema_output", False):
            output["format"] = {"type": "json_schema", "schema": closed_schema(schema.schema)}
        elif kind not in ("", "text"):
            self.tell_left_out("response_format")
        if not profile.get("anthropic_supports_effort", False):
            return output
        if isinstance(level, str):
            output["effort"] = resolve_anthropic_effort(
                level,
                supports_xhigh=profile.get("anthropic_supports_xhigh_effort", False),
                supports_max=profile.get("anthropic_supports_max_effort", True),
            )
        elif level is False and profile.get("thinking_always_enabled", False):
            # The least thinking that a model takes which cannot stop.
            output["effort"] = "low"
        return output


def _default_length(profile: AnthropicModelProfile) -> int:
    if profile.get("anthropic_rejects_max_tokens_beyond_context_window", False):
        return LEGACY_MAX_TOKENS
    return DEFAULT_MAX_TOKENS


def _off(profile: AnthropicModelProfile) -> dict[str, Any] | None:
    if profile.get("thinking_always_enabled", False):
        adaptive = profile.get("anthropic_supports_effort", False)
        return {"type": "adaptive"} if adaptive else None
    if profile.get("anthropic_disables_thinking_with_between_tools", False):
        return {"type": "between_tools"}
    if profile.get("thinking_enabled_by_default", False):
        return {"type": "disabled"}
    return None
