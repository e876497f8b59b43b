"""What an API key's scopes let it do: one row per group of endpoints.

The route table names operator scopes (contract §0.3); a key is held to this table instead. The row
of the longest path that a route begins with counts. An endpoint without one is the admin's alone.
"""

from __future__ import annotations

from typing import Final

from openclaw_ingress.auth.scopes import ADMIN, READ, WRITE
from openclaw_ingress.route import Route

ADMIN_KEY: Final = "admin"
HOOKS_KEY: Final = "hooks"
KEY_SCOPES: Final[dict[str, tuple[str, str]]] = {
    # path: what reading takes, what changing takes
    "/v1/models": ("chat", "chat"),
    "/v1/embeddings": ("chat", "chat"),
    "/v1/chat/completions": ("chat", "chat"),
    "/v1/responses": ("chat", "chat"),
    "/tools/invoke": ("tools", "tools"),
    "/api/tools/invoke": ("tools", "tools"),
    "/v1/runs": ("runs:read", "runs:write"),
    "/v1/runs/{id}/deliveries": ("deliveries:read", "deliveries:write"),
    "/v1/sessions": ("runs:read", "runs:write"),
    "/sessions": ("runs:read", "runs:write"),
    "/v1/cron": ("runs:read", "runs:write"),
    "/v1/deliveries": ("deliveries:read", "deliveries:write"),
    "/v1/dead-letters": ("deliveries:read", "deliveries:write"),
    "/v1/keys": (ADMIN_KEY, ADMIN_KEY),
    "/v1/pairings": (ADMIN_KEY, ADMIN_KEY),
}


def key_scope_of(route: Route) -> str:
    """Return the scope that a key needs for a route that asks for authentication."""
    rows = [path for path in KEY_SCOPES if f"{route.path}/".startswith(f"{path}/")]
    if route.scope not in (READ, WRITE) or not rows:
        return ADMIN_KEY
    reading, changing = KEY_SCOPES[max(rows, key=len)]
    return reading if route.scope == READ else changing


def key_covers(held: tuple[str, ...], needed: str) -> bool:
    """Whether a key's scopes suffice: the admin may do everything, and who may write may read."""
    return (
        needed in held
        or ADMIN_KEY in held
        or (needed.endswith(":read") and f"{needed.removesuffix(':read')}:write" in held)
    )


def operator_scopes(held: tuple[str, ...], *, tenant: str) -> frozenset[str]:
    """Return what a key's holder may do inside an endpoint (contract §0.3).

    Only an admin of no tenant is an operator: what `operator.admin` allows, such as any backend
    model or the owner's tools, is the gateway's and no tenant's.
    """
    scopes = {READ, WRITE}
    return frozenset(scopes | {ADMIN} if ADMIN_KEY in held and not tenant else scopes)
