"""`api: openai-responses`: https://platform.openai.com/docs/api-reference/responses."""

from __future__ import annotations

from typing import Any, cast

import orjson
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.profiles.openai import OpenAIModelProfile, openai_model_profile
from pydantic_ai.settings import ModelSettings, ThinkingLevel

from openclaw_agent_worker.models.content import (
    forced_tool,
    instructions_of,
    split_response_format,
)
from openclaw_agent_worker.models.http_model import HttpModel
from openclaw_agent_worker.models.responses_answer import ResponsesAnswer
from openclaw_agent_worker.models.responses_body import encode_input, encode_tool
from openclaw_agent_worker.models.thinking import applies, effort_of


class ResponsesModel(HttpModel):
    """One model behind the Responses API."""

    left_out = ("frequency_penalty", "presence_penalty", "seed", "stop_sequences")

    def encode(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings,
        parameters: ModelRequestParameters,
        level: ThinkingLevel | None,
    ) -> bytes:
        """See HttpModel.encode; nothing is kept at the provider: the transcript is ours."""
        profile = cast(OpenAIModelProfile, openai_model_profile(self.model_name))
        reasons = self._reasons(profile)
        if level is not None and not applies(self.target, supported=reasons):
            level = None
        rest, text = _text_format(settings)
        body: dict[str, Any] = {
            "model": self.model_name,
            "input": encode_input(messages, self),
            "stream": True,
            "store": False,
        }
        if reasons:
            body["include"] = ["reasoning.encrypted_content"]
        if instructions := instructions_of(messages, parameters):
            body["instructions"] = instructions
        if parameters.function_tools:
            body["tools"] = [encode_tool(tool) for tool in parameters.function_tools]
            body["tool_choice"] = _tool_choice(settings)
        if reasoning := _reasoning(level, profile):
            body["reasoning"] = reasoning
        if text is not None:
            body["text"] = {"format": text}
        # The API refuses sampling beside reasoning.
        if not _is_reasoning(profile, level):
            body |= {
                name: value
                for name in ("temperature", "top_p")
                if (value := settings.get(name)) is not None
            }
        if (limit := settings.get("max_tokens")) is not None:
            cap = self.target.facts.max_tokens
            body["max_output_tokens"] = limit if cap is None else min(limit, cap)
        return orjson.dumps({**body, **rest})

    def answer(self) -> ResponsesAnswer:
        """See HttpModel.answer."""
        return ResponsesAnswer(self.endpoint.redact)

    def _reasons(self, profile: OpenAIModelProfile) -> bool:
        said = self.target.facts.reasoning
        return profile.get("openai_supports_reasoning", False) if said is None else said


def _tool_choice(settings: ModelSettings) -> str | dict[str, Any]:
    if settings.get("tool_choice") == "none":
        return "none"
    name = forced_tool(settings)
    if name is None:
        return "auto"
    return {"type": "function", "name": name} if name else "required"


def _text_format(settings: ModelSettings) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the rest of `extra_body`, and `text.format`."""
    rest, kind, schema = split_response_format(settings)
    if schema is None:
        return rest, {"type": kind} if kind in ("text", "json_object") else None
    text: dict[str, Any] = {"type": "json_schema", "name": schema.name, "schema": schema.schema}
    if schema.description is not None:
        text["description"] = schema.description
    if schema.strict is not None:
        text["strict"] = schema.strict
    return rest, text


def _reasoning(level: ThinkingLevel | None, profile: OpenAIModelProfile) -> dict[str, Any]:
    if level is None:
        return {}
    efforts = profile.get("openai_reasoning_efforts")
    if level == "max" and profile.get("openai_responses_supports_max_reasoning_effort", False):
        effort: str | None = "max"
    else:
        effort = effort_of(level, efforts)
    out: dict[str, Any] = {} if effort is None else {"effort": effort}
    if level:
        out["summary"] = "auto"
    return out


def _is_reasoning(profile: OpenAIModelProfile, level: ThinkingLevel | None) -> bool:
    if not profile.get("openai_supports_reasoning", False):
        return False
    efforts = profile.get("openai_reasoning_efforts")
    stoppable = profile.get("openai_supports_reasoning_effort_none", False)
    if efforts is not None:
        stoppable = "none" in efforts
    if level is None:
        return not stoppable or profile.get("thinking_enabled_by_default", False)
    return not stoppable or level is not False
