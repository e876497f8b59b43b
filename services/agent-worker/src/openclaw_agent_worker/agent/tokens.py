"""How many tokens a model is likely to count, without its tokenizer: rather too many than too few.

A text counts one token for three bytes of UTF-8: less than English prose has a token, about what
code and JSON have, and one character of Chinese or Japanese. A provider that counts more says so
with an overflow error, which is answered by sending less.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
from pydantic_ai.messages import (
    ModelMessage,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

BYTES_A_TOKEN: Final = 3
MESSAGE_TOKENS: Final = 8
"""What surrounds a message or a tool definition."""
IMAGE_TOKENS: Final = 2000
"""One image, whatever its size."""


def text_tokens(text: str) -> int:
    """Return the estimate for a text."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // BYTES_A_TOKEN)


def json_tokens(value: Any) -> int:
    """Return the estimate for what is sent as JSON."""
    return -(-len(orjson.dumps(value)) // BYTES_A_TOKEN)


def message_tokens(message: ModelMessage) -> int:
    """Return the estimate for a message."""
    return MESSAGE_TOKENS + sum(map(_part_tokens, message.parts))


def messages_tokens(messages: Iterable[ModelMessage]) -> int:
    """Return the estimate for all messages."""
    return sum(map(message_tokens, messages))


def _part_tokens(part: object) -> int:
    match part:
        case TextPart(content=text) | ThinkingPart(content=text):
            return text_tokens(text)
        case UserPromptPart(content=str(text)):
            return text_tokens(text)
        case UserPromptPart(content=items):
            return sum(text_tokens(i) if isinstance(i, str) else IMAGE_TOKENS for i in items)
        case ToolCallPart():
            return MESSAGE_TOKENS + text_tokens(part.tool_name + part.args_as_json_str())
        case ToolReturnPart():
            return MESSAGE_TOKENS + text_tokens(part.model_response_str())
        case _:
            return 0
