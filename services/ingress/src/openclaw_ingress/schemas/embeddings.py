"""The body of `/v1/embeddings` (contract §1.3)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import EmbeddingsInvocation, RunRequest, Turn
from openclaw_common.runtime.config import Agent, Config
from openclaw_ingress.agents import choose_agent, require_openclaw_form
from openclaw_ingress.schemas.chat_completion import RoutingHeaders
from openclaw_ingress.schemas.js import integer

SOURCE: Final = "embeddings"
MAX_TEXTS: Final = 128
MAX_TEXT_CHARS: Final = 8_192
MAX_ALL_CHARS: Final = 65_536

Encoding = Literal["float", "base64"]


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """A request as a run, and how its vectors are written."""

    run: RunRequest
    encoding: Encoding


def parse_embeddings(
    body: Mapping[str, Any], headers: RoutingHeaders, config: Config
) -> EmbeddingsRequest:
    """Return the request that a body makes. Raises InvalidRequest."""
    model = body.get("model")
    if not isinstance(model, str) or not model.strip():
        raise InvalidRequest("Missing `model`.", param="model")
    model = model.strip()
    require_openclaw_form(model)
    agent = choose_agent(config, model, agent_header=headers.agent)
    texts = _texts(body.get("input"))
    invocation = EmbeddingsInvocation(
        texts=texts,
        model=_embedding_model(agent, headers.backend_model),
        dimensions=_dimensions(body.get("dimensions")),
    )
    run = RunRequest(
        agent_id=agent.id,
        # No turn of any conversation, so it waits for none.
        session_key=f"agent:{agent.id}:embeddings:{uuid.uuid4()}",
        source=SOURCE,
        model=model,
        message=Turn("user", ""),
        embeddings=invocation,
    )
    return EmbeddingsRequest(run, _encoding(body.get("encoding_format")))


def _texts(given: Any) -> tuple[str, ...]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidRequest("`input` must be a string or an array of strings.", param="input")
    if not any(text.strip() for text in texts):
        raise InvalidRequest("`input` must contain at least one non-empty string.", param="input")
    if len(texts) > MAX_TEXTS:
        raise InvalidRequest(f"Too many inputs (max {MAX_TEXTS}).", param="input")
    if any(len(text) > MAX_TEXT_CHARS for text in texts):
        raise InvalidRequest(f"Input too long (max {MAX_TEXT_CHARS} chars).", param="input")
    if sum(map(len, texts)) > MAX_ALL_CHARS:
        raise InvalidRequest(f"Total input too large (max {MAX_ALL_CHARS} chars).", param="input")
    return tuple(texts)


def _embedding_model(agent: Agent, header: str) -> str | None:
    """Return the `provider/model` that the header picks of the agent's own provider."""
    if not header:
        return None
    own = agent.memory_search.provider or (agent.model.primary or "").partition("/")[0]
    provider, slash, model = header.partition("/")
    if not slash:
        provider, model = own, header
    if not model:
        raise InvalidRequest("Invalid `x-openclaw-model`.")
    if provider != own:
        raise InvalidRequest(
            "This agent does not allow that embedding provider on `/v1/embeddings`."
        )
    return f"{provider}/{model}"


def _dimensions(value: Any) -> int | None:
    if value is None:
        return None
    dimensions = integer(value)
    if dimensions is None or dimensions < 1:
        raise InvalidRequest("`dimensions` must be a positive integer.", param="dimensions")
    return dimensions


def _encoding(value: Any) -> Encoding:
    if value is None or value == "float":
        return "float"
    if value == "base64":
        return "base64"
    raise InvalidRequest("`encoding_format` must be float or base64.", param="encoding_format")
