"""Which tools an agent may use: OpenClaw's `tools.profile|allow|alsoAllow|deny|byProvider`.

A profile is where it starts, `alsoAllow` adds to it, and every `allow` and `deny` after that can
only take away: the gateway's, then the provider's, then the agent's. Names are compared without
regard to case and may hold `*`; `group:<name>` stands for several.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from openclaw_common.runtime.config.tools import ToolPolicy, ToolRules

_SESSIONS: Final = ("sessions_list", "sessions_history", "sessions_send", "session_status")
_WEB: Final = ("web_search", "web_fetch")
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "group:sessions": _SESSIONS,
    "group:web": _WEB,
    "group:messaging": ("message",),
    "group:openclaw": (*_SESSIONS, *_WEB, "message", "current_time", "weather"),
}
_ALWAYS: Final = ("session_status", "current_time")
PROFILES: Final[dict[str, tuple[str, ...]]] = {
    "minimal": _ALWAYS,
    "messaging": (*_ALWAYS, *_SESSIONS, "message"),
    "coding": (*_ALWAYS, *_SESSIONS, *_WEB),
    "full": ("*",),
}


class Policy:
    """The rules of one agent with one model, given as `provider/model`."""

    def __init__(self, gateway: ToolRules, agent: ToolRules, model: str) -> None:
        self._layers = [
            gateway,
            *_of_provider(gateway, model),
            agent,
            *_of_provider(agent, model),
        ]
        # The most specific of them that names a profile, and a provider's only narrows.
        self._profile = agent.profile or gateway.profile
        self._narrowing = [
            policy.profile
            for rules in (gateway, agent)
            for policy in _of_provider(rules, model)
            if policy.profile
        ]

    @property
    def configured(self) -> bool:
        """Whether anything says which tools there shall be; a `deny` alone does not."""
        return self._profile is not None or any(
            layer.allow or layer.also_allow for layer in self._layers
        )

    def permitted(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that may be used, in their order."""
        return [name for name in names if self._permits(name)]

    def _permits(self, name: str) -> bool:
        added = [pattern for layer in self._layers for pattern in layer.also_allow]
        profile = self._profile or ("full" if self._starts_full(added) else None)
        start = PROFILES[profile] if profile else ()
        if not matches(name, (*start, *added)):
            return False
        if not all(matches(name, (*PROFILES[narrow], *added)) for narrow in self._narrowing):
            return False
        return all(
            (not layer.allow or matches(name, (*layer.allow, *layer.also_allow)))
            and not matches(name, layer.deny)
            for layer in self._layers
        )

    def _starts_full(self, added: list[str]) -> bool:
        return not added or any(layer.allow for layer in self._layers)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a tool's name is among `patterns`."""
    name = name.lower()
    for pattern in patterns:
        pattern = pattern.strip().lower()
        if any(fnmatchcase(name, member) for member in GROUPS.get(pattern, (pattern,))):
            return True
    return False


def _of_provider(rules: ToolRules, model: str) -> list[ToolPolicy]:
    by_name = {key.lower(): policy for key, policy in rules.by_provider.items()}
    model = model.lower()
    keys = (model.partition("/")[0], model)
    return [by_name[key] for key in dict.fromkeys(keys) if key in by_name]
