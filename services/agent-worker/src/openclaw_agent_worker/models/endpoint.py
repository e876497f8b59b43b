"""Where and as whom the HTTP APIs of providers are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from openclaw_agent_worker.models.errors import Redaction
from openclaw_agent_worker.models.target import USER_AGENT, Target

ANTHROPIC_VERSION: Final = "2023-06-01"
"""The version of Anthropic's API that is spoken here:
https://docs.anthropic.com/en/api/versioning."""

GOOGLE_VERSIONS: Final = ("v1beta", "v1alpha", "v1")
"""What the base URL of Gemini may end with."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a provider; `headers` hold its credentials."""

    provider: str
    url: str
    headers: dict[str, str] = field(repr=False)
    redact: Redaction = field(repr=False)


def openai_endpoint(target: Target, path: str) -> Endpoint:
    """Return `path` behind the base URL, with the key as OpenAI takes it."""
    return _endpoint(target, target.base_url + path, _bearer(target))


def ollama_endpoint(target: Target, path: str) -> Endpoint:
    """Return `path` of an Ollama server, whose base URL may end with its `/v1`."""
    return _endpoint(target, target.base_url.removesuffix("/v1") + path, _bearer(target))


def anthropic_endpoint(target: Target, path: str) -> Endpoint:
    """Return `path` of Anthropic's API, whose base URL may end with its `/v1`."""
    key = {"X-Api-Key": target.key} if target.key else {}
    headers = {"anthropic-version": ANTHROPIC_VERSION, **key}
    return _endpoint(target, target.base_url.removesuffix("/v1") + path, headers)


def google_endpoint(target: Target, path: str) -> Endpoint:
    """Return `path` behind Gemini's base URL, which may leave out its `/v1beta`."""
    version = target.base_url.rpartition("/")[2]
    base = target.base_url if version in GOOGLE_VERSIONS else f"{target.base_url}/v1beta"
    key = {"x-goog-api-key": target.key} if target.key else {}
    return _endpoint(target, base + path, key)


def _bearer(target: Target) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.key}"} if target.key else {}


def _endpoint(target: Target, url: str, credentials: Mapping[str, str]) -> Endpoint:
    headers = {
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        # A compressed stream would be held back until the compressor's block is full.
        "Accept-Encoding": "identity",
        **credentials,
    }
    headers = {name: value for name, value in headers.items() if not target.has_header(name)}
    return Endpoint(target.provider, url, {**headers, **target.headers}, target.redact)
