"""Which messages of a session are kept word for word, and which a summary or nothing replaces.

Only whole exchanges go: a tool call and its result are kept or left out together. All sizes are
tokens as `tokens` estimates them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from openclaw_agent_worker.agent.tokens import (
    BYTES_A_TOKEN,
    message_tokens,
    messages_tokens,
    text_tokens,
)

SUMMARY_HEADER: Final = "[Summary of the conversation before the messages below]"
LEFT_OUT: Final = "[Older messages were left out here, because they did not fit.]"
_KIND: Final = "openclaw"
_SUMMARY: Final = "summary"

M = TypeVar("M", bound=ModelMessage)


def summary_message(text: str) -> ModelRequest:
    """Return the message that stands first in a transcript and says what was before."""
    part = UserPromptPart(f"{SUMMARY_HEADER}\n{text}")
    return ModelRequest(parts=[part], metadata={_KIND: _SUMMARY})


def is_summary(message: ModelMessage) -> bool:
    """Whether a message is such a one; no text that somebody writes makes it one."""
    return isinstance(message, ModelRequest) and (message.metadata or {}).get(_KIND) == _SUMMARY


def summary_text(message: ModelMessage) -> str:
    """Return the text of such a message."""
    texts = (part.content for part in message.parts if isinstance(part, UserPromptPart))
    text = next((text for text in texts if isinstance(text, str)), "")
    return text.removeprefix(SUMMARY_HEADER).lstrip("\n")


def with_summary(messages: Sequence[ModelMessage]) -> tuple[ModelMessage | None, int]:
    """Return the summary that stands first, if one does, and where the messages begin."""
    if messages and is_summary(messages[0]):
        return messages[0], 1
    return None, 0


def cuts(messages: Sequence[ModelMessage]) -> list[bool]:
    """Return for each message whether it may come first: it answers no call of one before it.

    A client answers a call in a later turn, so that other messages may stand between the two.
    """
    allowed = [True] * len(messages)
    asked: set[str] = set()
    since = 0
    for index, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            asked = {p.tool_call_id for p in message.parts if isinstance(p, ToolCallPart)}
            since = index
        elif any(isinstance(p, ToolReturnPart) and p.tool_call_id in asked for p in message.parts):
            allowed[since + 1 : index + 1] = [False] * (index - since)
    return allowed


def recent(messages: Sequence[ModelMessage], tokens: int) -> int:
    """Return where the longest end of at most `tokens` begins, with a user's turn if one fits.

    That is `len(messages)` when not even the last exchange fits.
    """
    allowed = cuts(messages)
    turn = exchange = len(messages)
    size = 0
    for index in range(len(messages) - 1, -1, -1):
        size += message_tokens(messages[index])
        if size > tokens:
            break
        if allowed[index]:
            exchange = index
            if _is_turn(messages[index]):
                turn = index
    return turn if turn < len(messages) else exchange


def trimmed(messages: Sequence[ModelMessage], most: int) -> int:
    """Return how many of the oldest messages go so that at most `most` stay, pairs unsplit.

    A summary that stands first is not counted among those that go, but takes a place.
    """
    _, start = with_summary(messages)
    excess = len(messages) - most
    if excess <= 0:
        return 0
    allowed = cuts(messages)
    possible = [i for i in range(start + excess, len(messages)) if allowed[i]]
    turns = (index for index in possible if _is_turn(messages[index]))
    return next(turns, possible[0] if possible else len(messages)) - start


def fitted(messages: Sequence[ModelMessage], tokens: int) -> list[ModelMessage]:
    """Return the summary and the end of `messages` that fit into `tokens`, with a note between."""
    if messages_tokens(messages) <= tokens:
        return list(messages)
    summary, start = with_summary(messages)
    note = ModelRequest(parts=[UserPromptPart(LEFT_OUT)])
    head = [summary, note] if summary else [note]
    room = tokens - messages_tokens(head)
    if room < 0:
        return [note] if message_tokens(note) <= tokens else []
    return [*head, *messages[start + recent(messages[start:], room) :]]


def shortened(text: str, tokens: int) -> str:
    """Return `text` with its middle left out, where it is larger than `tokens`."""
    if text_tokens(text) <= tokens:
        return text
    most = tokens * BYTES_A_TOKEN if text.isascii() else tokens
    first, last = most * 2 // 3, most // 3
    out = len(text) - first - last
    return f"{text[:first]}\n[… {out} characters left out …]\n{text[len(text) - last :]}"


def with_short_parts(messages: Iterable[M], tokens: int) -> Iterator[M]:
    """Yield the messages, the texts and tool results in them shortened to `tokens` each."""
    for message in messages:
        if message_tokens(message) <= tokens:
            yield message
        elif isinstance(message, ModelResponse):
            parts = [
                replace(part, content=shortened(part.content, tokens))
                if isinstance(part, TextPart)
                else part
                for part in message.parts
            ]
            yield replace(message, parts=parts)
        else:
            short = [_shortened_part(part, tokens) for part in message.parts]
            yield replace(message, parts=short)


def with_short_results(messages: Iterable[M], tokens: int) -> Iterator[M]:
    """Yield the messages, the tool results in them shortened to `tokens` each."""
    for message in messages:
        if any(isinstance(part, ToolReturnPart) for part in message.parts):
            yield from with_short_parts((message,), tokens)
        else:
            yield message


def _shortened_part(part: ModelRequestPart, tokens: int) -> ModelRequestPart:
    if isinstance(part, ToolReturnPart):
        text = shortened(part.model_response_str(), tokens)
        return ToolReturnPart(part.tool_name, text, part.tool_call_id)
    if isinstance(part, UserPromptPart):
        if isinstance(part.content, str):
            return replace(part, content=shortened(part.content, tokens))
        items = [shortened(i, tokens) if isinstance(i, str) else i for i in part.content]
        return replace(part, content=items)
    return part


def _is_turn(message: ModelMessage) -> bool:
    return any(isinstance(part, UserPromptPart) for part in message.parts)
