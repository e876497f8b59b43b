"""Which sessions a call may see: `tools.sessions.visibility`.

The default is the own session alone: a gateway's sessions may belong to different people, and what
one of them writes may be meant to make the model tell about the others. A tenant's sessions are
seen by that tenant's alone, whatever is configured.
"""

from __future__ import annotations

from typing import Final

from openclaw_agent_worker.tools.tool import ToolContext, ToolError
from openclaw_common.contracts.tenants import in_tenant, tenant_of, without_tenant
from openclaw_common.runtime.config import Config

ALL: Final = "agent:"


def full_key(key: str, caller: ToolContext) -> str:
    """Return a session key as it is stored; a bare name lands under the caller's agent."""
    tenant, key = tenant_of(caller.session_key), key.strip()
    if tenant and tenant_of(key) == tenant:
        key = without_tenant(key)
    full = key if key.startswith(ALL) else f"{ALL}{caller.agent_id}:{key}"
    return in_tenant(tenant, full)


def visible_prefix(config: Config, caller: ToolContext) -> str:
    """Return what the keys of all visible sessions begin with; the own key where it is alone."""
    visibility, tenant = config.tools.sessions.visibility, tenant_of(caller.session_key)
    if visibility == "all":
        return in_tenant(tenant, ALL)
    if visibility == "agent":
        return in_tenant(tenant, f"{ALL}{caller.agent_id}:")
    return caller.session_key


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
