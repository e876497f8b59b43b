"""A run as the `response` object of contract §1.4, with OpenAI's further members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.ids import response_id, response_item_id
from openclaw_common.contracts.run import RunResult, RunStatus, Usage
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.chat_view import FAILED

_STATUSES: Final = {
    RunStatus.QUEUED: "queued",
    RunStatus.IN_PROGRESS: "in_progress",
    RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
    RunStatus.EXPIRED: "failed",
}
_MAX_OUTPUT_TOKENS: Final = "max_output_tokens"
"""The one reason of contract §1.4; `/v1/runs/{id}` names the limit that it was."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """What a response shows whatever becomes of its run; `echo` repeats its request."""

    run_id: str
    model: str
    created_s: int
    echo: dict[str, Any]

    @property
    def background(self) -> bool:
        """Whether nobody waits for it."""
        return self.echo.get("background") is True

    def body(
        self,
        status: str,
        output: Sequence[dict[str, Any]] = (),
        *,
        usage: dict[str, Any] | None = None,
        error: ErrorBody | None = None,
        ended_s: int | None = None,
    ) -> dict[str, Any]:
        """Return the object, for orjson."""
        told = status == "failed" and error is not None
        return {
            "id": response_id(self.run_id),
            "object": "response",
            "created_at": self.created_s,
            "status": status,
            "completed_at": ended_s,
            "error": _error(error) if told and error else None,
            "incomplete_details": (
                {"reason": _MAX_OUTPUT_TOKENS} if status == "incomplete" else None
            ),
            "model": self.model,
            "output": list(output),
            "usage": usage,
            **self.echo,
        }


def response_object(record: RunRecord, echo: dict[str, Any]) -> dict[str, Any]:
    """Return the `response` object of a run as it stands."""
    head = ResponseHead(record.id, record.model, record.created_ms // 1000, echo)
    status = _STATUSES[record.status]
    result = record.result
    if record.status is not RunStatus.COMPLETED or result is None:
        return head.body(status, error=record.error or FAILED)
    return head.body(
        "incomplete" if result.finish_reason == "length" else status,
        output_of(record.id, result),
        usage=response_usage(result.usage),
        ended_s=None if record.ended_ms is None else record.ended_ms // 1000,
    )


def output_of(run_id: str, result: RunResult) -> list[dict[str, Any]]:
    """Return the output items of a completed run, the message first."""
    status = "incomplete" if result.finish_reason == "length" else "completed"
    items: list[dict[str, Any]] = []
    if result.output:
        items.append(
            message_item(
                message_item_id(run_id, 0),
                result.output,
                status=status,
                commentary=bool(result.tool_calls),
            )
        )
    for index, call in enumerate(result.tool_calls):
        item_id = call_item_id(run_id, index)
        items.append(call_item(item_id, call.id, call.name, call.arguments, status=status))
    return items


def message_item_id(run_id: str, number: int) -> str:
    """Return the id of a response's message number `number`, from 0."""
    return response_item_id(run_id, "msg", f"output:{number}")


def call_item_id(run_id: str, index: int) -> str:
    """Return the item id of a response's function call `index`, from 0."""
    return response_item_id(run_id, "call", f"call:{index}")


def message_item(
    item_id: str, text: str | orjson.Fragment, *, status: str, commentary: bool
) -> dict[str, Any]:
    """Return a whole message; `commentary` says that calls come with it."""
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "content": [part],
        "phase": "commentary" if commentary else "final_answer",
        "status": status,
    }


def call_item(
    item_id: str, call_id: str, name: str, arguments: str, *, status: str
) -> dict[str, Any]:
    """Return a function call as an item."""
    return {
        "id": item_id,
        "type": "function_call",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        "status": status,
    }


def response_usage(usage: Usage) -> dict[str, Any]:
    """Return the `usage` of a response; what is not known is 0."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _error(error: ErrorBody) -> dict[str, Any]:
    return {"code": error.code or error.type, "message": error.message}
