"""`diagnostics` and `secrets`: the smaller sections of an OpenClaw file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, Section, Words, Written


class Diagnostics(Section):
    """Traces, metrics and targeted logs."""

    accepted_keys = openclaw_keys.DIAGNOSTICS

    enabled: Flag = True
    flags: Words = ()
    otel: Written = Field(default_factory=dict, repr=False)


class SecretProvider(Section):
    """Where SecretRefs of this name are looked up."""

    accepted_keys = openclaw_keys.SECRET_PROVIDER

    source: Literal["env", "file", "exec", "store"]
    path: str | None = None
    """The file of a `file` provider."""
    mode: Literal["json", "singleValue"] = "json"
    """Whether that file is a JSON object, read by JSON pointer, or one value."""


class Secrets(Section):
    """Providers of SecretRefs."""

    accepted_keys = openclaw_keys.SECRETS

    providers: dict[str, SecretProvider] = Field(default_factory=dict)
    defaults: dict[str, str] = Field(default_factory=dict)
    """Name of the provider that a reference without one means, by source."""
