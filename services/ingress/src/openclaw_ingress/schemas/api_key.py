"""What makes an API key, and what is shown of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NotRequired, TypedDict

from openclaw_common.contracts.api_key import SCOPES, ApiKey, KeyLimits
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.tenants import is_tenant
from openclaw_common.runtime.config import Config, normalise_agent_id
from openclaw_ingress.schemas.js import integer

MAX_NAME_CHARS: Final = 100
MAX_LIMIT: Final = 10**12
MAX_SECONDS: Final = 10**11
LIMITS: Final = tuple(field.name for field in fields(KeyLimits))
_MEMBERS: Final = frozenset({"name", "scopes", "tenant", "agents", "limits", "expires_at"})


class ApiKeyObject(TypedDict):
    """An API key; times are Unix seconds. `key` is there once, in the answer that makes it."""

    id: str
    object: str
    name: str
    prefix: str
    scopes: list[str]
    tenant: str | None
    agents: list[str] | None
    limits: dict[str, int | None]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    key: NotRequired[str]


@dataclass(frozen=True, slots=True)
class KeyCreation:
    """A key that is asked for; `expires_s` is Unix seconds, an empty `tenant` none."""

    name: str
    scopes: tuple[str, ...]
    tenant: str
    agents: tuple[str, ...] | None
    limits: KeyLimits
    expires_s: int | None


def parse_key_creation(body: Mapping[str, Any], config: Config, *, now_s: float) -> KeyCreation:
    """Return the key that a body asks for. Raises InvalidRequest, which names the member."""
    for member in body:
        if member not in _MEMBERS:
            raise InvalidRequest(f"`{member[:64]}` is no member of a key.", param=member[:64])
    return KeyCreation(
        _name(body.get("name")),
        _scopes(body.get("scopes")),
        _tenant(body.get("tenant")),
        _agents(body.get("agents"), config),
        _limits(body.get("limits")),
        _expiry(body.get("expires_at"), now_s),
    )


def key_object(key: ApiKey) -> ApiKeyObject:
    """Return what is shown of a key."""
    return {
        "id": key.id,
        "object": "api_key",
        "name": key.name,
        "prefix": key.shown,
        "scopes": list(key.scopes),
        "tenant": key.tenant or None,
        "agents": None if key.agents is None else list(key.agents),
        "limits": {name: getattr(key.limits, name) for name in LIMITS},
        "created_at": key.created_ms // 1000,
        "expires_at": key.expires_ms // 1000 if key.expires_ms else None,
        "revoked_at": key.revoked_ms // 1000 if key.revoked_ms else None,
    }


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > MAX_NAME_CHARS:
        raise InvalidRequest(f"`name` must have 1 to {MAX_NAME_CHARS} characters.", param="name")
    if not given.isprintable():
        raise InvalidRequest("`name` must be printable.", param="name")
    return given.strip()


def _scopes(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or any(scope not in SCOPES for scope in given):
        raise InvalidRequest(
            f"`scopes` must be a list of one or more of {', '.join(SCOPES)}.", param="scopes"
        )
    return tuple(scope for scope in SCOPES if scope in given)


def _tenant(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or not is_tenant(given):
        raise InvalidRequest(
            "`tenant` must have 1 to 63 of a-z, 0-9, - and _, and begin with a letter or a digit.",
            param="tenant",
        )
    return given


def _agents(given: Any, config: Config) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not given or not all(isinstance(x, str) for x in given):
        raise InvalidRequest("`agents` must be a list of agents, or null for all.", param="agents")
    found = []
    for named in given:
        agent_id = normalise_agent_id(named)
        if agent_id is None or agent_id not in config.agents.entries:
            raise InvalidRequest(f"Unknown agent '{named[:64]}'.", param="agents")
        found.append(agent_id)
    return tuple(dict.fromkeys(found))


def _limits(given: Any) -> KeyLimits:
    if given is None:
        return KeyLimits()
    if not isinstance(given, dict):
        raise InvalidRequest("`limits` must be an object.", param="limits")
    for name, value in given.items():
        if name not in LIMITS:
            raise InvalidRequest(
                f"`limits` has {', '.join(LIMITS)} and nothing else.", param="limits"
            )
        if value is not None and not 1 <= (integer(value) or 0) <= MAX_LIMIT:
            raise InvalidRequest(
                f"`limits.{name}` must be a whole number from 1, or null for none.",
                param=f"limits.{name}",
            )
    return KeyLimits(**{name: integer(value) for name, value in given.items()})


def _expiry(given: Any, now_s: float) -> int | None:
    if given is None:
        return None
    expiry = integer(given)
    if expiry is None or not now_s < expiry < MAX_SECONDS:
        raise InvalidRequest(
            "`expires_at` must be a time to come, in Unix seconds.", param="expires_at"
        )
    return expiry
