"""The embedding APIs of OpenAI, Gemini and Ollama, as the fake provider answers them.

Shapes: https://platform.openai.com/docs/api-reference/embeddings,
https://ai.google.dev/api/embeddings and https://docs.ollama.com/api/embed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.provider_wire import ChatWire, OllamaWire
from tests.fakes.wire import Wire
from tests.fakes.wire_gemini import GeminiWire

DIMENSIONS: Final = 4


def vector_of(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Return the vector of a text: its length, then eighths that float32 holds exactly."""
    return [float(len(text)), *(index / 8 for index in range(1, dimensions))]


@dataclass(frozen=True)
class Dialect:
    """One API."""

    wire: Wire
    answer: Callable[[dict[str, Any]], dict[str, Any]]


def _openai(body: dict[str, Any]) -> dict[str, Any]:
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": vector_of(text, body.get("dimensions", DIMENSIONS)),
        }
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    # The order is what `index` says.
    return {"object": "list", "data": data[::-1], "model": body["model"], "usage": usage}


def _gemini(body: dict[str, Any]) -> dict[str, Any]:
    values = [
        vector_of(item["content"]["parts"][0]["text"], item.get("outputDimensionality", DIMENSIONS))
        for item in body["requests"]
    ]
    return {"embeddings": [{"values": value} for value in values]}


def _ollama(body: dict[str, Any]) -> dict[str, Any]:
    vectors = [vector_of(text, body.get("dimensions", DIMENSIONS)) for text in body["input"]]
    return {
        "model": body["model"],
        "embeddings": vectors,
        "total_duration": 1,
        "load_duration": 1,
        "prompt_eval_count": len(vectors),
    }


EMBEDDINGS: Final = {
    "/v1/embeddings": Dialect(ChatWire(), _openai),
    "/v1beta/models/{model}:batchEmbedContents": Dialect(GeminiWire(), _gemini),
    "/api/embed": Dialect(OllamaWire(), _ollama),
}
