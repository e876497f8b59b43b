"""The sampling fields of contract §1.1, and how hard the model is to think."""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import Sampling
from openclaw_ingress.schemas import js

MAX_STOP_SEQUENCES: Final = 4
SEEDS: Final = range(-(2**63), 2**63)
"""What OpenAI takes for a seed; clients draw theirs from all of it."""
EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh")
"""OpenAI's words for how hard to think."""
_RANGES: Final = (
    ("temperature", 0, 2, "0 and 2"),
    ("top_p", 0, 1, "0 and 1"),
    ("frequency_penalty", -2, 2, "-2.0 and 2.0"),
    ("presence_penalty", -2, 2, "-2.0 and 2.0"),
)
_FORMATS: Final = frozenset({"text", "json_object", "json_schema"})


def parse_sampling(body: dict[str, Any]) -> Sampling:
    """Return the sampling fields of a chat body; raises InvalidRequest."""
    newer = _token_cap(body, "max_completion_tokens")
    older = _token_cap(body, "max_tokens")
    response_format = _response_format(body.get("response_format"))
    stop = _stop(body.get("stop"))
    ranged = {name: _ranged(body, name, low, high, text) for name, low, high, text in _RANGES}
    return Sampling(
        max_tokens=older if newer is None else newer,
        response_format=response_format,
        stop=stop,
        seed=_seed(body.get("seed")),
        **ranged,
    )


def parse_thinking(body: dict[str, Any]) -> str | None:
    """Return the `thinking` of a run that `reasoning_effort` asks for; raises InvalidRequest.

    Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-reasoning_effort
    """
    value = body.get("reasoning_effort")
    if value is None:
        return None
    if not isinstance(value, str) or value not in EFFORTS:
        words = ", ".join(EFFORTS)
        raise InvalidRequest(
            f"`reasoning_effort` must be one of {words}.", param="reasoning_effort"
        )
    return "off" if value == "none" else value


def _token_cap(body: dict[str, Any], field: str) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    tokens = js.safe_integer(value)
    if tokens is None or tokens < 1:
        raise InvalidRequest(f"{field} must be a positive safe integer", param=field)
    return tokens


def _ranged(body: dict[str, Any], field: str, low: int, high: int, text: str) -> float | None:
    value = body.get(field)
    if value is None:
        return None
    found = js.number(value)
    if found is None or not low <= found <= high:
        raise InvalidRequest(f"`{field}` must be between {text}.", param=field)
    return found


def _seed(value: Any) -> int | None:
    if value is None:
        return None
    seed = js.integer(value)
    if seed is None or seed not in SEEDS:
        raise InvalidRequest("`seed` must be an integer.", param="seed")
    return seed


def _stop(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise _invalid_stop("stop must be a string or array of strings")
    if len(value) > MAX_STOP_SEQUENCES:
        raise _invalid_stop(f"stop supports at most {MAX_STOP_SEQUENCES} sequences")
    if not all(isinstance(entry, str) and entry for entry in value):
        raise _invalid_stop("stop entries must be non-empty strings")
    return tuple(value)


def _invalid_stop(reason: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid stop: {reason}", param="stop")


def _response_format(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _invalid_format("response_format must be an object")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _FORMATS:
        raise _invalid_format("response_format.type must be text, json_object, or json_schema")
    return value


def _invalid_format(reason: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid response_format: {reason}", param="response_format")
