"""Finds the tools of a worker: built in, from installed packages, from the configuration.

An entry point of the group `openclaw.tools`, and a `package.module:attribute` of `tools.modules`,
names a Tool or a function `(ToolServices) -> Iterable[Tool]`. A tool from outside replaces a
built-in of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from openclaw_agent_worker.tools.services import ToolServices
from openclaw_agent_worker.tools.tool import Tool

GROUP: Final = "openclaw.tools"

ToolSource = Tool | Callable[[ToolServices], Iterable[Tool]]


class ToolLoadError(Exception):
    """A tool could not be loaded; the message names the entry point or the setting."""


def load_tools(
    services: ToolServices, builtin: Iterable[Tool], modules: Iterable[str]
) -> dict[str, Tool]:
    """Return all tools by name. Raises ToolLoadError."""
    tools = {tool.name: tool for tool in builtin}
    origins: dict[str, str] = {}
    for origin, source in _sources(modules):
        for tool in _tools_of(source, services, origin):
            if tool.name in origins:
                raise ToolLoadError(
                    f"The tool '{tool.name}' comes from {origins[tool.name]} and from {origin}; "
                    "remove one of them."
                )
            origins[tool.name] = origin
            tools[tool.name] = tool
    return tools


def _sources(modules: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for entry_point in entry_points(group=GROUP):
        yield f"the entry point {GROUP}:{entry_point.name}", _load(entry_point)
    for module in modules:
        if ":" not in module:
            raise ToolLoadError(f"tools.modules: '{module}' must be package.module:attribute.")
        yield f"tools.modules '{module}'", _load(EntryPoint(module, module, GROUP))


def _load(entry_point: EntryPoint) -> Any:
    try:
        return entry_point.load()
    except (ImportError, AttributeError) as error:
        raise ToolLoadError(
            f"The tool '{entry_point.value}' cannot be loaded: {error}. Install its package, or "
            "remove it."
        ) from error


def _tools_of(source: Any, services: ToolServices, origin: str) -> Iterable[Tool]:
    found = [source] if isinstance(source, Tool) else list(source(services))
    for tool in found:
        if not isinstance(tool, Tool):
            raise ToolLoadError(f"{origin} gives a {type(tool).__name__}, which is no Tool.")
    return found
