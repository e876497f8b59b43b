"""`hooks`: inbound webhooks (contract §3)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, Positive, Section, Words, Written
from openclaw_common.runtime.config.hook_mappings import HookMapping

GMAIL: Final = "gmail"
GENERATED_KEY_PREFIX: Final = "hook:"
"""What the session keys that hooks make up start with."""


def _path(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    path = "/" + value.strip().strip("/")
    if path == "/":
        raise PydanticCustomError("hooks_path", "may not be '/'; give hooks a path of their own")
    return path


class HookRateLimit(Section):
    """The limiter of hooks' failed authentications, per client address, for all replicas."""

    max_attempts: Positive = 20
    """Missing or wrong tokens and signatures within the window before an address is locked out."""
    window_ms: Positive = 60_000
    """Length of the sliding window, in milliseconds."""
    lockout_ms: Positive = 60_000
    """Length of a lockout, in milliseconds; a valid token ends it."""


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
    """The session of runs that name none; without it each has its own."""
    allow_request_session_key: Flag | None = None
    """None: keys from requests may start with `hook:` only."""
    allowed_session_key_prefixes: Words = ()
    """What session keys have to start with; empty for no restriction."""
    presets: Words = ()
    """Built-in mappings to add behind one's own; there is `gmail`."""
    transforms_dir: str | None = None
    """Folder of the Python files that `transform.module` may name."""
    mappings: tuple[HookMapping, ...] = Field(default=(), repr=False)
    gmail: Written = Field(default_factory=dict, repr=False)
    """OpenClaw's; read are `model`, `thinking`, `allowUnsafeExternalContent`, `maxBytes`."""
    idempotency_ttl_seconds: Positive = 86_400
    """How long after its end a hook's idempotency key replays its run, in seconds."""
    rate_limit: HookRateLimit = HookRateLimit()
    signature_tolerance_seconds: Positive = 300
    """How far the time in a signature may be from ours, in seconds."""
    template_max_bytes: Positive = 1_048_576
    """What one template may become, in bytes of UTF-8."""
    for_each_max_items: Positive = 200
    """Items of one request that `forEach` starts runs for; more are left out."""
    fan_out_timeout_ms: Positive = 8_000
    """How long accepting all items of one request may take, in milliseconds."""
    transform_timeout_ms: Positive = 5_000
    """How long one call of a transform may take, in milliseconds."""

    @property
    def session_key_prefixes(self) -> tuple[str, ...]:
        """`allowed_session_key_prefixes` without blanks, in lower case."""
        given = (prefix.strip().lower() for prefix in self.allowed_session_key_prefixes)
        return tuple(prefix for prefix in given if prefix)
