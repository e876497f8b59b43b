"""Which sessions a call may see: `tools.sessions.visibility`.

The default is the own session alone: a gateway's sessions may belong to different people, and what
one of them writes may be meant to make the model tell about the others.
"""

from __future__ import annotations

from typing import Final

from openclaw_agent_worker.tools.tool import ToolContext, ToolError
from openclaw_common.runtime.config import Config

ALL: Final = "agent:"


def full_key(key: str, caller: ToolContext) -> str:
    """Return a session key as it is stored; a bare name lands under the caller's agent."""
    key = key.strip()
    return key if key.startswith(ALL) else f"{ALL}{caller.agent_id}:{key}"


def visible_prefix(config: Config, caller: ToolContext) -> str:
    """Return what the keys of all visible sessions begin with; the own key where it is alone."""
    visibility = config.tools.sessions.visibility
    if visibility == "all":
        return ALL
    return f"{ALL}{caller.agent_id}:" if visibility == "agent" else caller.session_key


def visible_key(config: Config, key: str | None, caller: ToolContext) -> str:
    """Return the full key of a session that the call names, its own if it names none.

    Raises ToolError for one that it may not see.
    """
    full = full_key(key, caller) if key else caller.session_key
    prefix = visible_prefix(config, caller)
    if full != caller.session_key and (prefix == caller.session_key or not full.startswith(prefix)):
        raise ToolError(
            f"Session '{full}' is not visible from here (tools.sessions.visibility is "
            f"'{config.tools.sessions.visibility}')."
        )
    return full
