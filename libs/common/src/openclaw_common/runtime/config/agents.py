"""`agents`: who answers. Entries are merged with `agents.defaults` when the file is read."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config.base import Flag, NonNegative, Positive, Section, Words

MAIN: Final = "main"
ANY_MODEL: Final = "*"
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


def normalise_agent_id(value: str) -> str | None:
    """Return the agent id in lower case, or None when it is none (contract §5.1)."""
    value = value.strip().lower()
    return value if _ID.match(value) else None


class ModelChoice(Section):
    """The model of an agent and those tried after it, each as `provider/model`."""

    primary: str | None = None
    fallbacks: Words = ()


def _choice(value: Any) -> Any:
    return {"primary": value} if isinstance(value, str) else value


def _allowed(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(value) or (ANY_MODEL,)
    return value


class AgentSettings(Section):
    """What an entry may set and `agents.defaults` may set for all of them."""

    model: Annotated[ModelChoice, BeforeValidator(_choice)] = ModelChoice()
    allowed_models: Annotated[Words, BeforeValidator(_allowed)] = Field(
        default=(ANY_MODEL,), validation_alias="models"
    )
    """The keys of OpenClaw's `models` map; `*` when there is none."""
    system_prompt: str | None = None
    """What the agent is told before every conversation (ours)."""
    timeout_seconds: NonNegative = 172_800
    """How long one attempt may take, in seconds; 0 for no limit."""
    model_idle_timeout_seconds: Positive = 120
    """How long the provider may stay silent within an answer, in seconds."""


class AgentDefaults(AgentSettings):
    """`agents.defaults`."""

    free_form = True


class Agent(AgentSettings):
    """One agent, with the defaults filled in."""

    free_form = True

    id: str = MAIN
    name: str | None = None
    default: Flag = False


class Agents(Section):
    """All agents by id; there is always at least one."""

    defaults: AgentDefaults = AgentDefaults()
    entries: dict[str, Agent] = Field(default_factory=dict)
    listed: tuple[Agent, ...] = Field(default=(), validation_alias="list", repr=False)
    _default_id: str | None = PrivateAttr(default=None)

    @property
    def default_id(self) -> str:
        """The agent that is meant when none is named."""
        return self._default_id or MAIN

    @model_validator(mode="after")
    def _merge(self) -> Agents:
        shared = {
            name: getattr(self.defaults, name)
            for name in AgentSettings.model_fields
            if name in self.defaults.model_fields_set
        }
        merged: dict[str, Agent] = {}
        given = [(agent.id, agent) for agent in self.listed] + list(self.entries.items())
        for raw_id, agent in given or [(MAIN, Agent())]:
            agent_id = normalise_agent_id(raw_id)
            if agent_id is None:
                raise PydanticCustomError("agent_id", "an agent id does not match the pattern")
            inherited = {k: v for k, v in shared.items() if k not in agent.model_fields_set}
            merged[agent_id] = agent.model_copy(update={**inherited, "id": agent_id})
        # A validator may not return another object, and the model is frozen for everybody else.
        object.__setattr__(self, "entries", merged)
        self._default_id = _default_of(merged)
        return self


def _default_of(agents: dict[str, Agent]) -> str | None:
    marked = [agent.id for agent in agents.values() if agent.default]
    if marked:
        return marked[0]
    return next(iter(agents)) if len(agents) == 1 else MAIN
