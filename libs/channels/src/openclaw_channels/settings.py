"""What the settings of every channel's accounts share, and how they are read."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from yarl import URL

from openclaw_channels.base import Account, ChannelError
from openclaw_common.runtime.config.base import Positive, Section

MEBIBYTE: Final = 1024 * 1024


def _base_url(text: str) -> str:
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise PydanticCustomError("base_url", "must be an http:// or https:// URL without a query")
    return text.rstrip("/")


def _not_blank(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise PydanticCustomError("secret", "must not be empty")
    return SecretStr(secret.get_secret_value().strip())


BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""An http(s) URL without a slash at its end."""

Secret = Annotated[SecretStr, AfterValidator(_not_blank)]

Rate = Annotated[float, Field(gt=0)]
"""Requests a second."""


class ChannelSettings(Section):
    """Limits that every channel's requests keep to."""

    text_chunk_limit: Positive | None = None
    """Length of one part in the platform's unit; a channel clamps it to what the platform takes."""
    media_max_mb: Annotated[float, Field(gt=0)] | None = None
    """Size of one attachment, in MiB."""
    connect_timeout_ms: Positive = 5000
    """How long connecting to the platform may take, in milliseconds."""
    request_timeout_ms: Positive = 30_000
    """How long one request may take with its upload and answer, in milliseconds."""
    max_answer_bytes: Positive = 1024 * 1024
    """Size of one answer of the platform, in bytes."""
    streaming: Any = None
    """Of this, `chunkMode` counts: `newline` makes a part of each paragraph."""
    lookup_cache_seconds: Positive = 300
    """How long names and direct conversations that were looked up are remembered, in seconds."""
    lookup_cache_entries: Positive = 10_000
    """How many of them one process remembers for one account."""

    @model_validator(mode="after")
    def _connect_within_request(self) -> Self:
        if self.connect_timeout_ms > self.request_timeout_ms:
            raise PydanticCustomError(
                "timeouts", "connectTimeoutMs must not be more than requestTimeoutMs"
            )
        return self

    @property
    def each_paragraph(self) -> bool:
        """Whether each paragraph is a part of its own."""
        return isinstance(self.streaming, dict) and self.streaming.get("chunkMode") == "newline"


SettingsT = TypeVar("SettingsT", bound=Section)


def read_settings(model: type[SettingsT], account: Account) -> SettingsT:
    """Return the account's settings; raises ChannelError, which names keys and never values."""
    try:
        return model.model_validate(dict(account.settings))
    except ValidationError as invalid:
        faults = "; ".join(_fault(error) for error in invalid.errors(include_input=False))
    place = f"channels.{account.channel}"
    raise ChannelError(f"{place} (account {account.account_id}) cannot be used: {faults}")


def _fault(error: Any) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{key} is missing; set it"
    return f"{key}: {error['msg']}" if key else str(error["msg"])
