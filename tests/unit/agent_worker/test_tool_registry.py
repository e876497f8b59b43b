"""Finding tools."""

from __future__ import annotations

from typing import Any, cast

import pytest

from openclaw_agent_worker.tools.registry import ToolLoadError, load_tools
from openclaw_agent_worker.tools.services import ToolServices
from openclaw_agent_worker.tools.tool import Tool, ToolContext

HERE = "tests.unit.agent_worker.test_tool_registry"
SERVICES = cast(ToolServices, object())
NOT_A_TOOL = lambda services: [services]  # noqa: E731


async def nothing(_: ToolContext, arguments: dict[str, Any]) -> None:
    """Do nothing."""


LOOK = Tool("look", "Looks.", nothing, idempotent=True)


def two(_: ToolServices) -> list[Tool]:
    return [LOOK, Tool("own", "Own.", nothing, idempotent=False)]


def test_a_module_names_a_tool_or_a_function_that_makes_some() -> None:
    assert list(load_tools(SERVICES, (), [f"{HERE}:LOOK"])) == ["look"]
    assert list(load_tools(SERVICES, (), [f"{HERE}:two"])) == ["look", "own"]


def test_a_tool_from_outside_replaces_a_built_in_of_its_name() -> None:
    built_in = Tool("look", "Built in.", nothing, idempotent=True)
    assert load_tools(SERVICES, [built_in], [f"{HERE}:LOOK"]) == {"look": LOOK}


@pytest.mark.parametrize(
    ("modules", "told"),
    [
        ([f"{HERE}:LOOK", f"{HERE}:two"], "'look' comes from .* and from"),
        (["nowhere"], "must be package.module:attribute"),
        (["no.such.module:x"], "'no.such.module:x' cannot be loaded"),
        ([f"{HERE}:gone"], "cannot be loaded"),
        ([f"{HERE}:NOT_A_TOOL"], "which is no Tool"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_where_it_comes_from(
    modules: list[str], told: str
) -> None:
    with pytest.raises(ToolLoadError, match=told):
        load_tools(SERVICES, (), modules)
