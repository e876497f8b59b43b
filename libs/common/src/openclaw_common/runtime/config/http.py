"""`gateway.http`: which endpoints are on, and their limits."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Bounded, Flag, NonNegative, Positive, Section, Words
from openclaw_common.runtime.config.egress import Hosts

_MOVED: Final = {"maxImageParts": "maxParts", "maxTotalImageBytes": "maxTotalBytes"}


def _header_or_false(value: Any) -> Any:
    if value is False or (isinstance(value, str) and value):
        return value
    raise PydanticCustomError("header_or_false", "Input should be false or the header's text")


class Images(Bounded):
    """Image parts of chat messages."""

    bounds = (("max_bytes", "max_total_bytes", 1),)

    allow_url: Flag = False
    """Whether http(s) URLs are fetched; data URIs always work."""
    url_allowlist: Hosts = ()
    """Hosts that may be fetched from; empty for any public one."""
    allowed_mimes: Words = (
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/heic",
        "image/heif",
    )
    max_bytes: Positive = 10_485_760
    """Decoded size of one image, in bytes."""
    max_total_bytes: Positive = 20_971_520
    """Decoded size of all images of one request, in bytes."""
    max_parts: Positive = 8
    """Images in one request."""
    max_redirects: NonNegative = 3
    """Redirects followed while fetching one image."""
    timeout_ms: Positive = 10_000
    """How long fetching one image may take, in milliseconds."""


class ChatCompletions(Section):
    """`POST /v1/chat/completions`."""

    kept_keys = frozenset(_MOVED)

    enabled: Flag = False
    """Whether the endpoint exists."""
    strict_model: Flag = False
    """Whether a `model` that is no OpenClaw form is refused instead of meaning the default."""
    max_body_bytes: Positive = 20_971_520
    """Size of one request body, in bytes."""
    images: Images = Images()

    @model_validator(mode="before")
    @classmethod
    def _image_limits(cls, data: Any) -> Any:
        """Take OpenClaw's `maxImageParts` and `maxTotalImageBytes`, which stand beside `images`."""
        if not isinstance(data, dict) or not isinstance(data.get("images", {}), dict):
            return data
        moved = {new: data[old] for old, new in _MOVED.items() if old in data}
        return {**data, "images": {**moved, **data.get("images", {})}} if moved else data


class ResponseImages(Images):
    """Image parts of the input of responses."""

    allow_url: Flag = True
    """Whether http(s) URLs are fetched; data URIs always work."""


class Pdf(Section):
    """PDF files; their text is read, their pages are not made into images."""

    accepted_keys = openclaw_keys.PDF

    max_pages: Positive = 4
    """Pages whose text is read, from the first."""


class Files(Section):
    """File parts of the input of responses."""

    allow_url: Flag = True
    """Whether http(s) URLs are fetched; data URIs always work."""
    url_allowlist: Hosts = ()
    """Hosts that may be fetched from; empty for any public one."""
    allowed_mimes: Words = (
        "text/plain",
        "text/markdown",
        "text/html",
        "text/csv",
        "application/json",
        "application/pdf",
    )
    max_bytes: Positive = 5_242_880
    """Decoded size of one file, in bytes."""
    max_chars: Positive = 60_000
    """Characters of one file that the model is shown; the rest is cut off."""
    max_parts: Positive = 8
    """Files in one request."""
    max_redirects: NonNegative = 3
    """Redirects followed while fetching one file."""
    timeout_ms: Positive = 10_000
    """How long fetching one file, and reading it, may take each, in milliseconds."""
    pdf: Pdf = Pdf()


class Responses(Section):
    """`POST /v1/responses`."""

    enabled: Flag = False
    """Whether the endpoint exists."""
    max_body_bytes: Positive = 20_971_520
    """Size of one request body, in bytes."""
    max_url_parts: NonNegative = 8
    """Images and files of one request that are named by URL."""
    images: ResponseImages = ResponseImages()
    files: Files = Files()


class Endpoints(Section):
    """Which HTTP endpoints exist."""

    chat_completions: ChatCompletions = ChatCompletions()
    responses: Responses = Responses()


class SecurityHeaders(Section):
    """Headers on every response."""

    strict_transport_security: Annotated[
        Literal[False] | str, BeforeValidator(_header_or_false)
    ] = False
    """The text of `Strict-Transport-Security`, or false for none."""


class Http(Section):
    """HTTP behaviour."""

    compat: Literal["seed", "current"] = "seed"
    """Error wording and shapes: of the seed documents, or of OpenClaw 2026.9."""
    docs: Flag = True
    """Whether `/openapi.json` and `/docs` describe the API, to everybody who can reach it."""
    endpoints: Endpoints = Endpoints()
    security_headers: SecurityHeaders = SecurityHeaders()
