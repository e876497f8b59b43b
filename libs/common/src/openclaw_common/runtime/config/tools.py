"""`tools`: which of our tools agents may use, and the limits of their calls."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Positive, Section, Words
from openclaw_common.runtime.config.web import Weather, Web


class ToolPolicy(Section):
    """One set of rules. Names may hold `*`, `group:<name>` stands for several tools."""

    accepted_keys = openclaw_keys.TOOLS

    profile: Literal["minimal", "coding", "messaging", "full"] | None = None
    """Where it starts; with nothing set at all the model is offered none of our tools."""
    allow: Words = ()
    """If not empty, only these."""
    also_allow: Words = ()
    """Added to the profile."""
    deny: Words = ()
    """Never these; wins over everything."""


class ToolRules(ToolPolicy):
    """Rules, and further ones that hold for one provider or model only."""

    by_provider: dict[str, ToolPolicy] = Field(default_factory=dict)
    """By `provider` or `provider/model`; they can only narrow."""


class SessionTools(Section):
    """What the sessions tools see."""

    visibility: Literal["self", "tree", "agent", "all"] = "self"
    """The own session, every one of the same agent, or all; `tree` is treated as `self`."""


class Tools(ToolRules):
    """Rules for every agent, and limits."""

    sessions: SessionTools = SessionTools()
    web: Web = Web()
    weather: Weather = Weather()
    timeout_seconds: Positive = 60
    """How long one call may take, in seconds, unless the tool has a limit of its own."""
    max_result_bytes: Positive = 65_536
    """How much of a result the model is shown, in bytes."""
    modules: Words = ()
    """Tools beside those of installed packages, each as `package.module:attribute` (ours)."""


class InvokePolicy(Section):
    """`gateway.tools`: what `/tools/invoke` may call beside what the agent's own rules say."""

    allow: Words = ()
    """Takes names off the built-in deny list."""
    deny: Words = ()
    """Adds names to it."""
