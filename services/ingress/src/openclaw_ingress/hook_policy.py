"""What a webhook may ask for: which agents, and which sessions (contract §3.4, §3.6).

A hook's token is worth less than the gateway's. Unless the configuration says otherwise, senders
name sessions that begin with `hook:` only, so that none can speak in a person's conversation.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.runtime.config import Agent, Config, normalise_agent_id
from openclaw_common.runtime.config.hooks import GENERATED_KEY_PREFIX
from openclaw_ingress.hook_actions import SessionWish
from openclaw_ingress.session_keys import MAX_KEY_CHARS, RESERVED

_DEFAULT_ALIAS: Final = "default"
_AGENTS: Final = re.compile(r"\A\s*(?:agent:[^:]+:\s*)+(?=\S)", re.IGNORECASE)
"""`agent:<id>:`, however often, in front of a key."""
_NOT_ALLOWED: Final = (
    "sessionKey is disabled for externally supplied hook payload values; set"
    " hooks.allowRequestSessionKey=true to enable"
)


@dataclass(frozen=True, slots=True)
class HookSession:
    """The session of a hook's run; a `generated` key was made for it alone."""

    key: str
    persistent: bool
    generated: bool


class HookPolicy:
    """Decides by `hooks` and `agents` of the configuration."""

    def __init__(self, config: Config) -> None:
        self._agents = config.agents
        self._hooks = config.hooks

    def agent(self, wanted: str | None, *, mapped: bool) -> Agent:
        """Return who answers; a mapping's unknown agent is the default one.

        Raises InvalidRequest for an unknown agent, and for one that hooks may not start.
        """
        entries = self._agents.entries
        agent = entries[self._agents.default_id]
        if wanted is not None:
            known = entries.get(normalise_agent_id(wanted) or "")
            if known is not None:
                agent = known
            elif not mapped and wanted.lower() != _DEFAULT_ALIAS:
                raise InvalidRequest(f'unknown agentId "{wanted[:64]}"', param="agentId")
        allowed = self._hooks.allowed_agent_ids
        if allowed is not None and "*" not in allowed:
            ids = {_DEFAULT_ALIAS: self._agents.default_id}
            names = (name.strip().lower() for name in allowed)
            if agent.id not in {ids.get(name, name) for name in names}:
                raise InvalidRequest(
                    "agentId is not allowed by hooks.allowedAgentIds", param="agentId"
                )
        return agent

    def run_session(self, wish: SessionWish, agent: Agent, *, mapped: bool) -> HookSession:
        """Return the session of a run. Raises InvalidRequest."""
        if wish.mode == "persistent":
            self._check_persistent(wish, mapped=mapped)
        if wish.key is not None:
            key = self.session_key(wish.key, agent, external=wish.external)
            return HookSession(key, persistent=wish.mode != "isolated", generated=False)
        default = self._hooks.default_session_key
        if default is not None and default.strip():
            key = _stored(default.strip(), agent)
            return HookSession(key, persistent=wish.mode == "persistent", generated=False)
        key = f"agent:{agent.id}:{GENERATED_KEY_PREFIX}{uuid.uuid4()}"
        return HookSession(key, persistent=False, generated=True)

    def session_key(self, key: str, agent: Agent, *, external: bool) -> str:
        """Return a key as it is stored: under the agent, whatever agent it names.

        Raises InvalidRequest for a key that senders may not choose or that nobody may.
        """
        if external and self._hooks.allow_request_session_key is False:
            raise InvalidRequest(_NOT_ALLOWED, param="sessionKey")
        if len(key) > MAX_KEY_CHARS or not key.isprintable():
            raise InvalidRequest(
                f"sessionKey must be at most {MAX_KEY_CHARS} printable characters",
                param="sessionKey",
            )
        stored = _stored(key, agent)
        name = _name(stored)
        if name.lower().startswith(RESERVED):
            raise InvalidRequest(
                "sessionKey cannot use reserved internal session namespaces", param="sessionKey"
            )
        prefixes = self._prefixes(external=external)
        if prefixes and not (
            name.lower().startswith(prefixes) or stored.lower().startswith(prefixes)
        ):
            raise InvalidRequest(
                f"sessionKey must start with one of: {', '.join(prefixes)}", param="sessionKey"
            )
        return stored

    def _prefixes(self, *, external: bool) -> tuple[str, ...]:
        prefixes = self._hooks.session_key_prefixes
        if not prefixes and external and self._hooks.allow_request_session_key is None:
            return (GENERATED_KEY_PREFIX,)
        return prefixes

    def _check_persistent(self, wish: SessionWish, *, mapped: bool) -> None:
        if mapped:
            if wish.key is None and not (self._hooks.default_session_key or "").strip():
                raise InvalidRequest(
                    "sessionKey or hooks.defaultSessionKey is required when mapped hook"
                    " sessionMode is persistent",
                    param="sessionKey",
                )
            return
        if wish.key is None:
            raise InvalidRequest(
                "sessionKey is required when sessionMode is persistent", param="sessionKey"
            )
        if not self._prefixes(external=True):
            raise InvalidRequest(
                "hooks.allowedSessionKeyPrefixes is required when direct hook sessionMode is"
                " persistent",
                param="sessionMode",
            )


def _name(key: str) -> str:
    return _AGENTS.sub("", key)


def _stored(key: str, agent: Agent) -> str:
    return f"agent:{agent.id}:{_name(key)}"
