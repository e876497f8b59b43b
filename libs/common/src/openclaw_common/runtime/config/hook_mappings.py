"""`hooks.mappings`: what a webhook becomes, in both forms that the key has (contract §3.5)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config.base import Flag, Positive, Section, WholeNumber

WakeMode = Literal["now", "next-heartbeat"]
SignatureProvider = Literal["github", "gitlab", "stripe", "slack", "standard-webhooks", "hmac"]

_TEMPLATES: Final = {"message": "messageTemplate", "text": "textTemplate"}


class HookMatch(Section):
    """Which webhooks a mapping is for; without either, all that are no others'."""

    path: str | None = None
    """What follows `hooks.path`, exactly, slashes around it aside."""
    source: str | None = None
    """The payload's `source`."""

    @property
    def sub_path(self) -> str | None:
        """The path without slashes around it."""
        return None if self.path is None else self.path.strip().strip("/")


class HookTransform(Section):
    """A trusted Python callable that sees the webhook before its run is made."""

    module: str
    """A file in `hooks.transformsDir`, or an importable module."""
    export: str = "transform"
    """The callable's name in it."""


class HookSignature(Section):
    """How the sender proves itself; it then needs no hook token."""

    provider: SignatureProvider
    secret: SecretStr
    """The secret shared with the sender, as it is shown there."""
    previous_secret: SecretStr | None = None
    """One that is still accepted while secrets are exchanged."""
    header: str = "X-Signature"
    """For `hmac`: the header with the signature."""
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    """For `hmac`: the hash function."""
    encoding: Literal["hex", "base64"] = "hex"
    """For `hmac`: how the signature is written."""
    prefix: str = ""
    """For `hmac`: what stands before the signature in its header."""
    timestamp_header: str | None = None
    """For `hmac`: the header with Unix seconds; then `<seconds>.<body>` is what was signed."""
    id_header: str | None = None
    """For `hmac`: the header with the delivery's id."""


def _transform(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    module, colon, export = value.partition(":")
    return {"module": module, **({"export": export} if colon else {})}


class HookMapping(Section):
    """One mapping; the fields with templates are marked."""

    kept_keys = frozenset({"path", *_TEMPLATES})

    id: str | None = None
    """Its name in logs; `mapping-<n>` without."""
    match: HookMatch = HookMatch()
    action: Literal["agent", "wake"] = "agent"
    """`agent` starts a run, `wake` tells the agent's session a system event."""
    name: str | None = None
    """Who is speaking (template)."""
    message_template: str | None = None
    """The run's message (template)."""
    text_template: str | None = None
    """The system event's text (template)."""
    agent_id: str | None = None
    session_key: str | None = None
    """(template)"""
    session_mode: Literal["isolated", "persistent"] | None = None
    """None: `persistent` with a session key, else `isolated`."""
    wake_mode: WakeMode = "now"
    deliver: Flag = True
    """Whether the result is sent to somebody."""
    channel: str = "last"
    to: str | None = None
    """(template)"""
    account_id: str | None = None
    model: str | None = None
    """(template)"""
    thinking: str | None = None
    """(template)"""
    timeout_seconds: Annotated[WholeNumber, Field(ge=0)] | None = None
    """How long one attempt may take, in seconds; the agent's time without."""
    for_each: str | None = None
    """A key of the payload whose array's items become a run each."""
    allow_unsafe_external_content: Flag = False
    """Whether the message is shown to the model without the marks of a stranger's."""
    transform: Annotated[HookTransform, BeforeValidator(_transform)] | None = None
    signature: HookSignature | None = None
    max_body_bytes: Positive | None = None
    """Size of its request bodies, in bytes; `hooks.maxBodyBytes` without."""

    @model_validator(mode="before")
    @classmethod
    def _one_form(cls, data: Any) -> Any:
        """Turn the seed's `{path, action: {kind, message, channel, to}}` into the current form."""
        if not isinstance(data, dict):
            return data
        mapping = dict(data)
        action = mapping.get("action", "agent")
        if isinstance(action, dict):
            given = dict(action)
            action = given.pop("kind", "agent")
            mapping = {**given, **mapping}
        if action not in ("agent", "wake"):
            raise PydanticCustomError("hook_action", 'the action must be "agent" or "wake"')
        mapping["action"] = action
        match = mapping.get("match", {})
        if not isinstance(match, dict | HookMatch):
            raise PydanticCustomError("hook_match", "`match` must be an object { path, source }")
        if "path" in mapping and isinstance(match, dict):
            mapping["match"] = {"path": mapping.pop("path"), **match}
        for short, field in _TEMPLATES.items():
            if short in mapping:
                mapping.setdefault(field, mapping.pop(short))
        return mapping
