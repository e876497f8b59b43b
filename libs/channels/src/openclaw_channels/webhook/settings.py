"""`channels.webhook`: who may be told, and what the messages are signed with."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_channels.settings import Rate
from openclaw_common.runtime.config.base import Flag, Positive, Section
from openclaw_common.runtime.egress.errors import UrlRefused
from openclaw_common.runtime.egress.urls import parse_target as parse_url

SECRET_PREFIX: Final = "whsec_"
_MIN_KEY: Final = 24
_MAX_KEY: Final = 64


def signing_key(secret: SecretStr) -> bytes:
    """Return the key of a `whsec_` secret; raises ValueError."""
    text = secret.get_secret_value()
    if not text.startswith(SECRET_PREFIX):
        raise ValueError("no whsec_ secret")
    return base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)


def _secret(secret: SecretStr) -> SecretStr:
    try:
        size = len(signing_key(secret))
    except (ValueError, binascii.Error):
        size = 0
    if not _MIN_KEY <= size <= _MAX_KEY:
        raise PydanticCustomError(
            "secret", "must be whsec_ and then 24 to 64 random bytes in base64"
        )
    return secret


def _url(text: str) -> str:
    try:
        parse_url(text)
    except UrlRefused as refused:
        raise PydanticCustomError("url", "{reason}", {"reason": str(refused)}) from None
    return text


WebhookSecret = Annotated[SecretStr, AfterValidator(_secret)]


class Endpoint(Section):
    """One receiver. Where `url` leads to a private address, `egress.allowPrivateHosts` must say so.

    What is None here holds as in `channels.webhook`.
    """

    url: Annotated[str, Field(repr=False), AfterValidator(_url)]
    secret: WebhookSecret | None = None
    previous_secret: WebhookSecret | None = None
    timeout_ms: Positive | None = None
    per_second: Rate | None = None


class WebhookSettings(Section):
    """All receivers."""

    endpoints: dict[str, Endpoint] = Field(default_factory=dict)
    """Receivers by name: what a destination is called."""
    allow_urls: Flag = False
    """Whether a destination may be an https URL; it is signed with `secret`."""
    secret: WebhookSecret | None = None
    """Signs for receivers that have no secret of their own."""
    previous_secret: WebhookSecret | None = None
    """Signs too, while receivers change over to a new secret."""
    timeout_ms: Positive = 15_000
    """How long one receiver may take to answer, in milliseconds."""
    per_second: Rate = 10
    """Messages to one receiver a second."""
    burst: Positive = 10
    """Messages to one receiver at once."""
    default_retry_after_seconds: Annotated[float, Field(gt=0)] = 30
    """How long to wait after a 429 that does not say, in seconds."""
    max_retry_after_seconds: Annotated[float, Field(gt=0)] = 3600
    """The longest wait that a receiver may ask for, in seconds."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        unsigned = [name for name, end in self.endpoints.items() if not (end.secret or self.secret)]
        if unsigned:
            raise PydanticCustomError(
                "unsigned",
                "endpoints.{name} has no secret; set endpoints.{name}.secret or secret",
                {"name": unsigned[0]},
            )
        if self.allow_urls and self.secret is None:
            raise PydanticCustomError("unsigned", "allowUrls needs secret to sign with")
        if not self.endpoints and not self.allow_urls:
            raise PydanticCustomError("nobody", "has no receiver; set endpoints or allowUrls")
        return self
