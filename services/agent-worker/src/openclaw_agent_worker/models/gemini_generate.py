"""`api: google-generative-ai`: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

from typing import Any, Final, cast
from urllib.parse import quote

import orjson
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.profiles.google import GoogleModelProfile, google_model_profile
from pydantic_ai.settings import ModelSettings, ThinkingLevel

from openclaw_agent_worker.models.content import (
    instructions_of,
    split_response_format,
    system_prompts,
)
from openclaw_agent_worker.models.gemini_answer import GeminiAnswer
from openclaw_agent_worker.models.gemini_body import (
    encode_contents,
    encode_schema,
    encode_tool_config,
    encode_tools,
)
from openclaw_agent_worker.models.http_model import HttpModel
from openclaw_agent_worker.models.thinking import applies

LEVELS: Final = ("MINIMAL", "LOW", "MEDIUM", "HIGH")
"""How hard newer models can be told to think, from least to most:
https://ai.google.dev/gemini-api/docs/thinking#thinking-levels."""
LEAST_BUDGET: Final = 128
"""The smallest budget, in tokens, of models that cannot stop thinking."""

_LEVEL_OF: Final = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}
# What all models take that are told a budget, which the smallest does from 512 on, and the flash
# models up to 24576: https://ai.google.dev/gemini-api/docs/thinking#set-budget.
_BUDGET_OF: Final = {"MINIMAL": 512, "LOW": 2048, "MEDIUM": 8192, "HIGH": 24_576}
_SAMPLING: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}


def generate_path(model_id: str) -> str:
    """Return the path of a model's streaming method behind the base URL."""
    kind, slash, name = model_id.partition("/")
    if not slash or kind not in ("models", "tunedModels"):
        kind, name = "models", model_id
    return f"/{kind}/{quote(name, safe='')}:streamGenerateContent?alt=sse"


class GeminiModel(HttpModel):
    """One model behind the Gemini API."""

    def encode(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings,
        parameters: ModelRequestParameters,
        level: ThinkingLevel | None,
    ) -> bytes:
        """See HttpModel.encode. Raises InvalidRequest for a schema that cannot be sent."""
        profile = cast(GoogleModelProfile, google_model_profile(self.model_name) or {})
        tools = parameters.function_tools
        rest, generation = self._generation(settings, profile, with_tools=bool(tools))
        signs = profile.get("google_supports_thinking_level", True)
        body: dict[str, Any] = {"contents": encode_contents(messages, self, must_sign=signs)}
        system = [instructions_of(messages, parameters), *system_prompts(messages)]
        if any(system):
            text = "\n\n".join(text for text in system if text)
            body["systemInstruction"] = {"parts": [{"text": text}]}
        if tools:
            validates = profile.get("google_supports_strict_tool_definition", False)
            body["tools"] = encode_tools(tools)
            body["toolConfig"] = encode_tool_config(settings, tools, validates=validates)
        if thinking := self._thinking(level, profile):
            generation["thinkingConfig"] = thinking
        if generation:
            body["generationConfig"] = generation
        return orjson.dumps({**body, **rest})

    def answer(self) -> GeminiAnswer:
        """See HttpModel.answer."""
        return GeminiAnswer(self.endpoint.redact)

    def _generation(
        self, settings: ModelSettings, profile: GoogleModelProfile, *, with_tools: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the rest of `extra_body`, and `generationConfig` without its thinking."""
        rest, kind, schema = split_response_format(settings)
        out = {
            theirs: value
            for ours, theirs in _SAMPLING.items()
            if (value := settings.get(ours)) is not None
        }
        if (limit := settings.get("max_tokens")) is not None:
            cap = self.target.facts.max_tokens
            out["maxOutputTokens"] = limit if cap is None else min(limit, cap)
        if stop := settings.get("stop_sequences"):
            out["stopSequences"] = stop
        if kind in ("", "text"):
            return rest, out
        # Older models refuse an answer in JSON beside tools.
        if with_tools and not profile.get("google_supports_tool_combination", False):
            self.tell_left_out("response_format")
            return rest, out
        out["responseMimeType"] = "application/json"
        if schema is not None:
            out["responseJsonSchema"] = encode_schema(schema.schema)
        return rest, out

    def _thinking(self, level: ThinkingLevel | None, profile: GoogleModelProfile) -> dict[str, Any]:
        supported = profile.get("supports_thinking", False)
        if level is None or not applies(self.target, supported=supported):
            return {}
        if profile.get("google_supports_thinking_level", True):
            return _level(level, profile)
        if level is False:
            always = profile.get("thinking_always_enabled", False)
            return {"thinkingBudget": LEAST_BUDGET if always else 0}
        if level is True:
            return {"includeThoughts": True}
        return {"includeThoughts": True, "thinkingBudget": _BUDGET_OF[_LEVEL_OF[level]]}


def _level(level: ThinkingLevel, profile: GoogleModelProfile) -> dict[str, Any]:
    if level is True:
        return {"includeThoughts": True}
    accepted = profile.get("google_thinking_levels") or LEVELS
    wanted = LEVELS.index("MINIMAL" if level is False else _LEVEL_OF[level])
    order = [name for name in LEVELS if name in accepted]
    nearest = min(order, key=lambda name: abs(LEVELS.index(name) - wanted))
    # The least level stands for no thinking, which these models cannot do without.
    shown = {"includeThoughts": True} if level else {}
    return {**shown, "thinkingLevel": nearest}
