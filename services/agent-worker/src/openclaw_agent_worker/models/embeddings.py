"""Texts as vectors, from the providers that have an API for it.

`/embeddings`            https://platform.openai.com/docs/api-reference/embeddings
`:batchEmbedContents`    https://ai.google.dev/api/embeddings
`/api/embed`             https://docs.ollama.com/api/embed
"""

from __future__ import annotations

import asyncio
import struct
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import aiohttp
import orjson

from openclaw_agent_worker.models.answer import count_of
from openclaw_agent_worker.models.endpoint import (
    Endpoint,
    google_endpoint,
    ollama_endpoint,
    openai_endpoint,
)
from openclaw_agent_worker.models.errors import (
    disconnected,
    from_answer,
    malformed,
    timed_out,
)
from openclaw_agent_worker.models.http_model import CONNECT_TIMEOUT_S
from openclaw_agent_worker.models.target import Target

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors in the order of their texts: base64 of little-endian float32 each."""

    vectors: tuple[str, ...]
    prompt_tokens: int = 0


class EmbeddingModel(ABC):
    """One embedding model of one provider."""

    most_texts: ClassVar[int]
    """Texts that one request may have."""

    def __init__(self, target: Target, http: aiohttp.ClientSession) -> None:
        self._target = target
        self._http = http

    @abstractmethod
    def endpoint(self, target: Target) -> Endpoint:
        """Return where and as whom it is asked."""

    @abstractmethod
    def body(self, texts: Sequence[str], dimensions: int | None) -> dict[str, Any]:
        """Return the request for `texts`."""

    @abstractmethod
    def vectors(self, answer: dict[str, Any]) -> list[Any]:
        """Return the vectors of an answer. Raises KeyError, TypeError for one that is none."""

    @abstractmethod
    def tokens(self, answer: dict[str, Any]) -> int:
        """Return how many tokens the texts had, 0 where the provider does not say."""

    async def embed(
        self, texts: Sequence[str], dimensions: int | None, *, timeout_s: float
    ) -> Embedded:
        """Return the vectors of at most `most_texts` texts. Raises UpstreamFailure.

        `timeout_s` bounds the provider's silence, in seconds.
        """
        endpoint = self.endpoint(self._target)
        answer = await self._post(endpoint, orjson.dumps(self.body(texts, dimensions)), timeout_s)
        try:
            vectors = tuple(map(_packed, self.vectors(answer)))
        except (KeyError, TypeError, AttributeError, struct.error, OverflowError):
            raise malformed() from None
        if len(vectors) != len(texts):
            raise malformed()
        return Embedded(vectors, self.tokens(answer))

    async def _post(self, endpoint: Endpoint, body: bytes, timeout_s: float) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=timeout_s
        )
        headers = {**endpoint.headers, "Accept": "application/json"}
        try:
            async with self._http.post(
                endpoint.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                raw = await _read(response)
        except aiohttp.ConnectionTimeoutError:
            raise disconnected() from None
        except TimeoutError:
            raise timed_out() from None
        except (aiohttp.ClientError, OSError):
            raise disconnected() from None
        if response.status != 200:
            raise from_answer(response.status, raw, response.headers, endpoint.redact)
        # As large as megabytes, and other runs go on meanwhile.
        return await asyncio.to_thread(_object, raw)


class OpenAIEmbeddings(EmbeddingModel):
    """OpenAI's embeddings API."""

    most_texts = 2048

    def endpoint(self, target: Target) -> Endpoint:
        """See EmbeddingModel.endpoint."""
        return openai_endpoint(target, "/embeddings")

    def body(self, texts: Sequence[str], dimensions: int | None) -> dict[str, Any]:
        """See EmbeddingModel.body."""
        length = {} if dimensions is None else {"dimensions": dimensions}
        model = self._target.model_id
        return {"model": model, "input": list(texts), "encoding_format": "float", **length}

    def vectors(self, answer: dict[str, Any]) -> list[Any]:
        """See EmbeddingModel.vectors."""
        data = sorted(answer["data"], key=lambda item: item["index"])
        return [item["embedding"] for item in data]

    def tokens(self, answer: dict[str, Any]) -> int:
        """See EmbeddingModel.tokens."""
        return count_of(answer.get("usage"), "prompt_tokens")


class GoogleEmbeddings(EmbeddingModel):
    """Gemini's embeddings API."""

    most_texts = 100

    def endpoint(self, target: Target) -> Endpoint:
        """See EmbeddingModel.endpoint."""
        return google_endpoint(target, f"/{self._name}:batchEmbedContents")

    def body(self, texts: Sequence[str], dimensions: int | None) -> dict[str, Any]:
        """See EmbeddingModel.body."""
        length = {} if dimensions is None else {"outputDimensionality": dimensions}
        requests = (
            {"model": self._name, "content": {"parts": [{"text": text}]}, **length}
            for text in texts
        )
        return {"requests": list(requests)}

    def vectors(self, answer: dict[str, Any]) -> list[Any]:
        """See EmbeddingModel.vectors."""
        return [item["values"] for item in answer["embeddings"]]

    def tokens(self, answer: dict[str, Any]) -> int:
        """See EmbeddingModel.tokens."""
        return count_of(answer.get("usageMetadata"), "promptTokenCount")

    @property
    def _name(self) -> str:
        return "models/" + self._target.model_id.removeprefix("models/")


class OllamaEmbeddings(EmbeddingModel):
    """Ollama's own embeddings API."""

    most_texts = 2048

    def endpoint(self, target: Target) -> Endpoint:
        """See EmbeddingModel.endpoint."""
        return ollama_endpoint(target, "/api/embed")

    def body(self, texts: Sequence[str], dimensions: int | None) -> dict[str, Any]:
        """See EmbeddingModel.body."""
        length = {} if dimensions is None else {"dimensions": dimensions}
        return {"model": self._target.model_id, "input": list(texts), **length}

    def vectors(self, answer: dict[str, Any]) -> list[Any]:
        """See EmbeddingModel.vectors."""
        return list(answer["embeddings"])

    def tokens(self, answer: dict[str, Any]) -> int:
        """See EmbeddingModel.tokens."""
        return count_of(answer, "prompt_eval_count")


FAMILIES: Final[Mapping[str, type[EmbeddingModel]]] = {
    "openai-completions": OpenAIEmbeddings,
    "openai-responses": OpenAIEmbeddings,
    "google-generative-ai": GoogleEmbeddings,
    "ollama": OllamaEmbeddings,
}


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for data in response.content.iter_any():
        body += data
        if len(body) > MAX_ANSWER_BYTES:
            raise malformed()
    return bytes(body)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise malformed() from None
    if not isinstance(value, dict):
        raise malformed()
    return value


def _packed(vector: Any) -> str:
    if not isinstance(vector, list) or not vector:
        raise TypeError("a vector is a list of numbers")
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
