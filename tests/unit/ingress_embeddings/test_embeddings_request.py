"""Reading the body of /v1/embeddings (contract §1.3)."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import EmbeddingsInvocation, RunRequest
from openclaw_common.runtime.config import Config
from openclaw_ingress.schemas.chat_completion import RoutingHeaders
from openclaw_ingress.schemas.embeddings import EmbeddingsRequest, parse_embeddings

CONFIG = Config.model_validate(
    {
        "agents": {
            "defaults": {"model": "chat/m"},
            "entries": {
                "main": {"default": True},
                "ops": {"memorySearch": {"provider": "vectors", "model": "small"}},
            },
        }
    }
)
WORDS = "`input` must be a string or an array of strings."


def parse(header: str = "", **body: Any) -> EmbeddingsRequest:
    headers = RoutingHeaders(backend_model=header)
    return parse_embeddings({"model": "openclaw", "input": "hi", **body}, headers, CONFIG)


def invocation_of(request: EmbeddingsRequest) -> EmbeddingsInvocation:
    run = RunRequest.decode(request.run.encode())
    assert run.embeddings is not None
    return run.embeddings


@pytest.mark.parametrize(
    ("given", "texts"), [("hi", ("hi",)), (["a", "b"], ("a", "b")), (["", "b"], ("", "b"))]
)
def test_texts_come_alone_or_as_a_list(given: Any, texts: tuple[str, ...]) -> None:
    assert invocation_of(parse(input=given)) == EmbeddingsInvocation(texts)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"model": None}, "Missing `model`."),
        ({"model": " "}, "Missing `model`."),
        ({"model": "gpt-4"}, "Invalid `model`. Use `openclaw` or `openclaw/<agentId>`."),
        ({"model": "openclaw/nobody"}, "Unknown agent 'nobody'."),
        ({"input": None}, WORDS),
        ({"input": 5}, WORDS),
        ({"input": ["a", 5]}, WORDS),
        ({"input": []}, "`input` must contain at least one non-empty string."),
        ({"input": ["", " "]}, "`input` must contain at least one non-empty string."),
        ({"input": ["a"] * 129}, "Too many inputs (max 128)."),
        ({"input": "a" * 8193}, "Input too long (max 8192 chars)."),
        ({"input": ["a" * 8192] * 9}, "Total input too large (max 65536 chars)."),
        ({"dimensions": 0}, "`dimensions` must be a positive integer."),
        ({"dimensions": True}, "`dimensions` must be a positive integer."),
        ({"encoding_format": "int8"}, "`encoding_format` must be float or base64."),
    ],
)
def test_what_is_wrong_is_told_in_the_contracts_words(body: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(**body)
    assert caught.value.body.message == message


@pytest.mark.parametrize(
    ("agent", "header", "model"),
    [
        ("main", "", None),
        ("main", "large", "chat/large"),
        ("main", "chat/large", "chat/large"),
        ("ops", "vectors/org/large", "vectors/org/large"),
    ],
)
def test_the_header_picks_another_model_of_the_same_provider(
    agent: str, header: str, model: str | None
) -> None:
    assert invocation_of(parse(header, model=f"openclaw/{agent}")).model == model


def test_the_header_picks_no_other_provider() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse("elsewhere/large")
    assert caught.value.body.message == (
        "This agent does not allow that embedding provider on `/v1/embeddings`."
    )
