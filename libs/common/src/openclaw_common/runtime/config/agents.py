"""`agents`: who answers. Entries are merged with `agents.defaults` when the file is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, NonNegative, Positive, Section, Words
from openclaw_common.runtime.config.heartbeat import Heartbeat
from openclaw_common.runtime.config.key_path import KeyPath
from openclaw_common.runtime.config.memory_search import MemorySearch
from openclaw_common.runtime.config.tools import ToolRules

MAIN: Final = "main"
ANY_MODEL: Final = "*"
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


def normalise_agent_id(value: str) -> str | None:
    """Return the agent id in lower case, or None when it is none (contract §5.1)."""
    value = value.strip().lower()
    return value if _ID.match(value) else None


class ModelChoice(Section):
    """The model of an agent and those tried after it, each as `provider/model`."""

    accepted_keys = frozenset({"timeoutMs"})

    primary: str | None = None
    fallbacks: Words = ()


class ModelEntry(Section):
    """What `agents.defaults.models` says of one model."""

    accepted_keys = openclaw_keys.MODEL_ENTRY

    alias: str | None = None
    """A short name that may stand for it in `model`."""


class ModelPolicy(Section):
    """OpenClaw's explicit allowlist; replaces the keys of `models` where it is given."""

    allow: Words | None = None


class Compaction(Section):
    """How a conversation that nears the model's context goes on: older messages as a summary."""

    accepted_keys = openclaw_keys.COMPACTION

    enabled: Flag = True
    """Without it the oldest messages are left out of what the model is sent."""
    mode: Literal["default", "safeguard"] = "safeguard"
    """OpenClaw's two ways; here one way, which summarises long histories in pieces."""
    keep_recent_tokens: Positive = 20_000
    """Tokens of the newest messages that stay word for word, where the context has the room."""
    reserve_tokens: Positive = 16_384
    """Tokens left to the answer, at most a quarter of the context, where no maximum is known."""
    summary_tokens: Positive = 2_000
    """Tokens that a summary may have, at most an eighth of the context (ours)."""
    model: str | None = None
    """Who writes the summaries; without it, the agent's own model."""


def _choice(value: Any) -> Any:
    if isinstance(value, dict | ModelChoice):
        return value
    if isinstance(value, str):
        return {"primary": value}
    raise PydanticCustomError(
        "model_choice", 'expected "provider/model" or an object { primary, fallbacks }'
    )


class AgentSettings(Section):
    """What an entry may set, and `agents.defaults` for all entries that do not."""

    computed_fields = frozenset({"allowed_models"})

    model: Annotated[ModelChoice, BeforeValidator(_choice)] = ModelChoice()
    """`"provider/model"` or `{ primary, fallbacks }`; an entry's replaces the default whole."""
    models: dict[str, ModelEntry] = Field(default_factory=dict)
    """OpenClaw's map of models that requests may ask for; without it, every configured one."""
    model_policy: ModelPolicy = ModelPolicy()
    allowed_models: Words = (ANY_MODEL,)
    """`provider/model`, `provider/*` or `*`: what a request may ask for (worked out)."""
    system_prompt: str | None = None
    """What the agent is told before every conversation (ours)."""
    workspace: str | None = None
    """Folder with its instruction files: AGENTS.md, SOUL.md, IDENTITY.md, USER.md, TOOLS.md."""
    bootstrap_max_chars: Positive = 20_000
    """How much of one instruction file the agent is told, in characters."""
    bootstrap_total_max_chars: Positive = 150_000
    """How much of all of them."""
    timeout_seconds: NonNegative = 172_800
    """How long one attempt may take, in seconds; 0 for no limit."""
    model_idle_timeout_seconds: Positive = 120
    """How long the provider may stay silent within an answer, in seconds."""
    context_tokens: Positive | None = None
    """Tokens of context to use at most; without it the model's, or 128000 where that is unknown."""
    compaction: Compaction = Compaction()
    memory_search: MemorySearch = MemorySearch()
    multitask_strategy: Literal["enqueue", "reject", "interrupt", "collect"] | None = None
    """What is done with a message for a busy session; null for what `messages.queue` says."""
    heartbeat: Heartbeat = Heartbeat()
    """Its turns by itself; an entry sets single keys of it."""

    def allows(self, model: str) -> bool:
        """Whether a request may ask for `model`, given as `provider/model`."""
        return any(
            rule in (ANY_MODEL, model) or (rule.endswith("/*") and model.startswith(rule[:-1]))
            for rule in self.allowed_models
        )


class Identity(Section):
    """Who an agent is."""

    accepted_keys = openclaw_keys.IDENTITY

    name: str | None = None
    """What it calls itself."""
    theme: str | None = None
    """How it carries itself, in a few words."""
    emoji: str | None = None
    """Its sign."""


class SystemAgent(Section):
    """OpenClaw 2026.9's way to say which agent is meant when none is named."""

    agent_id: str | None = None


class AgentDefaults(AgentSettings):
    """`agents.defaults`."""

    accepted_keys = openclaw_keys.AGENT_DEFAULTS

    system_agent: SystemAgent = SystemAgent()


class Agent(AgentSettings):
    """One agent, with the defaults filled in."""

    accepted_keys = openclaw_keys.AGENT

    id: str = MAIN
    """In `entries` the key; lower case letters, digits, `_` and `-`, at most 64."""
    name: str | None = None
    """What people call it."""
    default: Flag = False
    """Whether it is meant when a request names no agent."""
    tools: ToolRules = ToolRules()
    """Which of our tools it may use, within `tools`."""
    identity: Identity = Identity()


class ListedAgent(Agent):
    """An agent of the older `agents.list`, which names itself."""

    id: str


class Agents(Section):
    """All agents by id; there is always at least one."""

    accepted_keys = openclaw_keys.AGENTS

    defaults: AgentDefaults = AgentDefaults()
    entries: dict[str, Agent] = Field(default_factory=dict)
    listed: tuple[ListedAgent, ...] = Field(default=(), validation_alias="list", repr=False)
    _default_id: str = PrivateAttr(default=MAIN)
    _heartbeat_ids: tuple[str, ...] = PrivateAttr(default=())
    _problems: tuple[tuple[KeyPath, str], ...] = PrivateAttr(default=())
    _places: dict[str, KeyPath] = PrivateAttr(default_factory=dict)

    @property
    def default_id(self) -> str:
        """The agent that is meant when none is named."""
        return self._default_id

    @property
    def heartbeat_ids(self) -> tuple[str, ...]:
        """The agents that have heartbeats: those whose entry says so, else the default one."""
        return self._heartbeat_ids or (self._default_id,)

    @property
    def problems(self) -> tuple[tuple[KeyPath, str], ...]:
        """Contradictions found while merging, as places under `agents` and what to do."""
        return self._problems

    def model_place(self, agent_id: str) -> KeyPath:
        """Return the place under `agents` that gives this agent its model."""
        return self._places.get(agent_id, ("defaults", "model"))

    @model_validator(mode="after")
    def _merge(self) -> Agents:
        merged: dict[str, Agent] = {}
        problems: list[tuple[KeyPath, str]] = []
        for place, raw_id, agent in self._given():
            agent_id = normalise_agent_id(raw_id)
            if agent_id is None:
                problems.append(
                    (
                        place,
                        "an agent id is 1 to 64 of a-z, 0-9, _ and -, and starts"
                        " with a letter or digit",
                    )
                )
            elif agent_id in merged:
                problems.append((place, f'the agent id "{agent_id}" is given twice'))
            else:
                merged[agent_id] = self._inherit(agent, agent_id)
                if "heartbeat" in agent.model_fields_set:
                    self._heartbeat_ids = (*self._heartbeat_ids, agent_id)
                if "model" in agent.model_fields_set:
                    self._places[agent_id] = (*place, "model")
        # A validator may not return another object, and the model is frozen for everybody else.
        object.__setattr__(self, "entries", merged or {MAIN: self._inherit(Agent(), MAIN)})
        self._default_id, ambiguity = _default_of(self.entries, self.defaults.system_agent.agent_id)
        self._problems = (*problems, *ambiguity)
        return self

    def _given(self) -> Iterable[tuple[KeyPath, str, Agent]]:
        for index, agent in enumerate(self.listed):
            yield ("list", index), agent.id, agent
        for key, entry in self.entries.items():
            yield ("entries", key), key, entry

    def _inherit(self, agent: Agent, agent_id: str) -> Agent:
        inherited = {
            name: getattr(self.defaults, name)
            for name in AgentSettings.model_fields
            if name in self.defaults.model_fields_set and name not in agent.model_fields_set
        }
        if "heartbeat" in agent.model_fields_set:
            own = agent.heartbeat
            told = {name: getattr(own, name) for name in own.model_fields_set}
            inherited["heartbeat"] = self.defaults.heartbeat.model_copy(update=told)
        return agent.model_copy(update={**inherited, "id": agent_id})


def _default_of(
    agents: dict[str, Agent], system_agent: str | None
) -> tuple[str, list[tuple[KeyPath, str]]]:
    marked = [agent.id for agent in agents.values() if agent.default]
    if len(marked) > 1:
        return marked[0], [
            (
                ("entries",),
                f"several agents are the default ({', '.join(marked)});"
                " leave `default: true` to one of them",
            )
        ]
    if marked:
        return marked[0], []
    if system_agent is not None and normalise_agent_id(system_agent) in agents:
        return system_agent.strip().lower(), []
    if len(agents) == 1:
        return next(iter(agents)), []
    if MAIN in agents:
        return MAIN, []
    return next(iter(agents)), [
        (
            ("entries",),
            "several agents are configured and none is the"
            " default; give one `default: true`, or call one"
            f' "{MAIN}"',
        )
    ]
