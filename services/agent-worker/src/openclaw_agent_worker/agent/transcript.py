"""A session's transcript: pydantic-ai messages, one JSON object each.

It holds what was said, not how it was sent: the user's own text without the rendered context, and
a placeholder where an image was. A run that fails or is cancelled adds nothing, the user's turn
included, so that asking again does not show the model the same question twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from openclaw_agent_worker.agent.compaction import is_summary
from openclaw_agent_worker.agent.prompt import Known, render_reply, render_result
from openclaw_common.contracts.replies import NO_RESPONSE
from openclaw_common.contracts.run import Image, ToolCall, Turn

logger = logging.getLogger(__name__)


def decode_messages(transcript: Sequence[bytes]) -> list[ModelMessage]:
    """Return the messages; one that this version cannot read is left out with a warning."""
    try:
        return ModelMessagesTypeAdapter.validate_json(b"[" + b",".join(transcript) + b"]")
    except ValidationError:
        return [message for raw in transcript for message in _readable(raw)]


def paired(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """Return the messages with every tool call that lacks its result, and the reverse, as text.

    Providers refuse such messages. They come about because the client executes the calls: it may
    never answer, or answer when the beginning of the transcript is gone.
    """
    out: list[ModelMessage] = []
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            calls = {p.tool_call_id for p in message.parts if isinstance(p, ToolCallPart)}
            open_calls = calls if calls <= _results_after(messages, index) else set()
            out.append(message if open_calls == calls else _calls_as_text(message))
        else:
            parts = [_result_as_text(part, open_calls) for part in message.parts]
            out.append(ModelRequest(parts=parts))
    return out


def _results_after(messages: Sequence[ModelMessage], index: int) -> set[str]:
    found: set[str] = set()
    for message in messages[index + 1 :]:
        if isinstance(message, ModelResponse):
            break
        found |= {p.tool_call_id for p in message.parts if isinstance(p, ToolReturnPart)}
    return found


def _calls_as_text(message: ModelResponse) -> ModelResponse:
    text = "".join(part.content for part in message.parts if isinstance(part, TextPart))
    calls = [call_of(part) for part in message.parts if isinstance(part, ToolCallPart)]
    return ModelResponse(parts=[TextPart(render_reply(text, calls))])


def _result_as_text(part: ModelRequestPart, open_calls: set[str]) -> ModelRequestPart:
    if isinstance(part, ToolReturnPart) and part.tool_call_id not in open_calls:
        return UserPromptPart(render_result(part.tool_call_id, part.model_response_str()))
    return part


def call_of(part: ToolCallPart) -> ToolCall:
    """Return a tool call in the form of a run's result."""
    return ToolCall(part.tool_call_id, part.tool_name, part.args_as_json_str())


def _readable(raw: bytes) -> list[ModelMessage]:
    try:
        return ModelMessagesTypeAdapter.validate_json(b"[" + raw + b"]")
    except ValidationError:
        logger.warning("transcript_message_unreadable", extra={"bytes": len(raw)})
        return []


def encode_messages(messages: Sequence[ModelMessage]) -> tuple[bytes, ...]:
    """Return the messages as JSON, one text each."""
    return tuple(
        ModelMessagesTypeAdapter.dump_json([message], exclude_none=True)[1:-1]
        for message in messages
    )


def known_turns(messages: Sequence[ModelMessage]) -> list[Known]:
    """Return role and text of what the messages hold, as a client would send it."""
    out: list[Known] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            out.append(("assistant", _reply_text(message)))
            continue
        if is_summary(message):
            continue
        for part in message.parts:
            if isinstance(part, UserPromptPart):
                out.append(("user", own_text(part)))
            elif isinstance(part, ToolReturnPart):
                out.append(("tool", part.model_response_str()))
    return out


def _reply_text(message: ModelResponse) -> str:
    text = "".join(part.content for part in message.parts if isinstance(part, TextPart))
    called = any(isinstance(part, ToolCallPart) for part in message.parts)
    return text if text or called else NO_RESPONSE


def own_text(part: UserPromptPart) -> str:
    """Return what the user wrote, without the placeholders of images."""
    if isinstance(part.content, str):
        return part.content
    first = part.content[0] if part.content else ""
    return first if isinstance(first, str) else ""


def turn_message(turn: Turn, images: Sequence[Image] = ()) -> ModelMessage:
    """Return a client's turn as a transcript message."""
    if turn.role == "assistant":
        text = [TextPart(turn.text)] if turn.text else []
        calls = [ToolCallPart(call.name, call.arguments, call.id) for call in turn.tool_calls]
        return ModelResponse(parts=[*text, *calls])
    if turn.role == "tool" and turn.tool_call_id:
        name = turn.name or "tool"
        return ModelRequest(parts=[ToolReturnPart(name, turn.text, turn.tool_call_id)])
    placeholders = [f"[image: {image.mime}]" for image in images]
    content = [turn.text, *placeholders] if placeholders else turn.text
    return ModelRequest(parts=[UserPromptPart(content)])
