"""`hooks`: inbound webhooks (contract §3). Mappings are kept as written."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import (
    Flag,
    Keys,
    Positive,
    Section,
    Words,
    Written,
    seal,
)


def _path(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    path = "/" + value.strip().strip("/")
    if path == "/":
        raise PydanticCustomError("hooks_path", "may not be '/'; give hooks a path of their own")
    return path


def _mapping(value: Any) -> Any:
    """Check what both forms share: the seed's `{path, action: {kind, …}}` and OpenClaw's."""
    if not isinstance(value, dict):
        return value
    action = value.get("action", "agent")
    kind = action.get("kind", "agent") if isinstance(action, dict) else action
    if kind not in ("agent", "wake"):
        raise PydanticCustomError("hook_action", 'the action must be "agent" or "wake"')
    if not isinstance(value.get("match", {}), dict):
        raise PydanticCustomError("hook_match", "`match` must be an object { path, source }")
    return value


Mapping = Annotated[
    dict[str, Any],
    BeforeValidator(_mapping),
    AfterValidator(seal),
    Keys(openclaw_keys.HOOK_MAPPING),
]


class Hooks(Section):
    """The webhook endpoints."""

    accepted_keys = openclaw_keys.HOOKS

    enabled: Flag = False
    token: SecretStr | None = None
    """What senders authenticate with; never the gateway's own token."""
    path: Annotated[str, BeforeValidator(_path)] = "/hooks"
    max_body_bytes: Positive = 262_144
    """Size of one request body, in bytes."""
    allowed_agent_ids: Words | None = None
    """Agents that hooks may start; None or `*` for all, empty for none."""
    default_session_key: str | None = None
    allow_request_session_key: Flag | None = None
    """None: keys from requests may start with `hook:` only."""
    allowed_session_key_prefixes: Words = ()
    presets: Words = ()
    transforms_dir: str | None = None
    mappings: tuple[Mapping, ...] = Field(default=(), repr=False)
    gmail: Written = Field(default_factory=dict, repr=False)
    idempotency_ttl_seconds: Positive = 86_400
    """How long a hook's idempotency key replays its run, in seconds."""
