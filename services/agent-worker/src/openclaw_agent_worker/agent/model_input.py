"""What a model is asked: a turn as pydantic-ai's message, tool definitions and settings."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    InstructionPart,
    ModelRequest,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.agent.port import AgentTurn, ToolSpec
from openclaw_agent_worker.agent.tool_choice import NAMED
from openclaw_agent_worker.models.thinking import level_of
from openclaw_common.contracts.run import ClientTool, Image, Sampling


def user_message(prompt: str, images: Sequence[Image]) -> ModelRequest:
    """Return the user's message with its images."""
    if not images:
        return ModelRequest(parts=[UserPromptPart(prompt)])
    content: list[UserContent] = [prompt]
    for image in images:
        told = None if image.detail is None else {"detail": image.detail}
        if image.data is not None:
            data = b64decode(image.data)
            content.append(BinaryContent(data, media_type=image.mime, vendor_metadata=told))
        elif image.url is not None:
            content.append(ImageUrl(image.url, media_type=image.mime, vendor_metadata=told))
    return ModelRequest(parts=[UserPromptPart(content)])


def model_parameters(turn: AgentTurn, own_tools: Sequence[ToolSpec]) -> ModelRequestParameters:
    """Return instructions and tools; with `own_tools` a choice of none leaves the client's out."""
    instructions = [InstructionPart(turn.instructions)] if turn.instructions else []
    left_out = own_tools and turn.request.tool_choice == "none"
    clients = () if left_out else turn.request.tools
    tools = [*map(_own_definition, own_tools), *map(_definition, clients)]
    return ModelRequestParameters(function_tools=tools, instruction_parts=instructions)


def _own_definition(tool: ToolSpec) -> ToolDefinition:
    return ToolDefinition(
        name=tool.name,
        parameters_json_schema=dict(tool.parameters),
        description=tool.description,
    )


def _definition(tool: ClientTool) -> ToolDefinition:
    return ToolDefinition(
        name=tool.name,
        parameters_json_schema=tool.parameters,
        description=tool.description,
        strict=tool.strict,
        kind="external",
    )


def model_settings(turn: AgentTurn, step: int, own_tools: Sequence[ToolSpec]) -> ModelSettings:
    """Return the settings of the turn's model request number `step`, from 1."""
    settings = _sampling(turn.request.sampling)
    settings["timeout"] = turn.idle_timeout_s
    if (level := level_of(turn.request.thinking)) is not None:
        settings["thinking"] = level
    settings["extra_headers"] = {"Idempotency-Key": f"{turn.idempotency_key}:{step}"}
    choice = turn.request.tool_choice
    if choice.startswith(NAMED):
        settings["tool_choice"] = [choice.removeprefix(NAMED)]
    elif choice == "required":
        settings["tool_choice"] = "required"
    elif choice == "none" and not own_tools:
        settings["tool_choice"] = "none"
    return settings


def _sampling(sampling: Sampling) -> ModelSettings:
    settings = ModelSettings()
    if sampling.max_tokens is not None:
        settings["max_tokens"] = sampling.max_tokens
    if sampling.temperature is not None:
        settings["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        settings["top_p"] = sampling.top_p
    if sampling.frequency_penalty is not None:
        settings["frequency_penalty"] = sampling.frequency_penalty
    if sampling.presence_penalty is not None:
        settings["presence_penalty"] = sampling.presence_penalty
    if sampling.seed is not None:
        settings["seed"] = sampling.seed
    if sampling.stop:
        settings["stop_sequences"] = list(sampling.stop)
    if sampling.response_format is not None:
        settings["extra_body"] = {"response_format": sampling.response_format}
    return settings
