"""The client's tools, and which of them must be called (contract §1.1)."""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import ClientTool
from openclaw_ingress.schemas import js

_WORDS: Final = frozenset({"auto", "none", "required"})
FUNCTION_CHOICE: Final = "function:"
"""What stands before a tool's name in `RunRequest.tool_choice`."""


def parse_tools(body: dict[str, Any]) -> tuple[tuple[ClientTool, ...], str]:
    """Return the tools that the model may call, and the choice as `RunRequest` has it.

    `none` leaves no tools and a named function leaves that one only. Raises InvalidRequest.
    """
    tools = tuple(_tool(tool) for tool in _listed(body.get("tools")))
    choice = _choice(body.get("tool_choice"))
    if choice == "none":
        return (), choice
    if choice == "required" and not tools:
        raise _invalid("tool_choice=required but no tools were provided", "tool_choice")
    if choice.startswith(FUNCTION_CHOICE):
        name = choice.removeprefix(FUNCTION_CHOICE)
        tools = tuple(tool for tool in tools if tool.name == name)
        if not tools:
            raise _invalid(f"tool_choice requested unknown tool: {name}", "tool_choice")
    return tools, choice


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise js.wrong_type("tools", "array", value)
    return value


def _tool(value: Any) -> ClientTool:
    if not isinstance(value, dict):
        raise _invalid("each tool must be an object", "tools")
    if value.get("type") != "function":
        raise _invalid("only function tools are supported", "tools")
    function = value.get("function")
    if not isinstance(function, dict):
        raise _invalid("tool.function is required", "tools")
    name = js.trimmed(function.get("name"))
    if not name:
        raise _invalid("tool.function.name is required", "tools")
    description = function.get("description")
    strict = function.get("strict")
    tool = ClientTool(
        name,
        description=description if isinstance(description, str) else None,
        strict=strict if isinstance(strict, bool) else None,
    )
    parameters = function.get("parameters")
    if not isinstance(parameters, dict):
        return tool
    return ClientTool(tool.name, tool.description, parameters, tool.strict)


def _choice(value: Any) -> str:
    if value is None:
        return "auto"
    if isinstance(value, str) and value in _WORDS:
        return value
    if isinstance(value, str):
        raise _invalid(f"tool_choice {value} is not supported", "tool_choice")
    if not isinstance(value, dict):
        raise _invalid("tool_choice must be a string or object", "tool_choice")
    kind = value.get("type")
    if not isinstance(kind, str):
        raise _invalid("unsupported tool_choice type", "tool_choice")
    if kind != "function":
        raise _invalid(f"tool_choice {kind} is not supported", "tool_choice")
    function = value.get("function")
    name = js.trimmed(function.get("name")) if isinstance(function, dict) else ""
    if not name:
        raise _invalid("tool_choice.function.name is required", "tool_choice")
    return FUNCTION_CHOICE + name


def _invalid(reason: str, param: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid tools/tool_choice: {reason}", param=param)
