"""What happens to a message whose session is busy, and what collected messages become.

The strategies are LangGraph's (`enqueue`, `reject`, `interrupt`) and OpenClaw's `collect`, whose
caps, drop rules and prompt are those of its `messages.queue` (contract §5.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from openclaw_common.contracts.inbound import Attachment
from openclaw_common.contracts.run import ChannelFiles, Image, RunRequest, Turn

STRATEGIES: Final = ("enqueue", "reject", "interrupt", "collect")
LINE_CHARS: Final = 140
"""Length of a dropped message's line in the summary."""


@dataclass(frozen=True, slots=True)
class Debounce:
    """Messages that one sender writes in a row are one run.

    It begins once nothing came for `quiet_ms`, at the latest `max_ms` after the first of them, and
    holds no more than `cap`. `sender` tells whose they are, and of what album; those of an album
    may have files.
    """

    quiet_ms: int
    max_ms: int
    cap: int
    sender: str
    is_album: bool = False


@dataclass(frozen=True, slots=True)
class MultitaskRule:
    """What is done while the session is busy; `cap` and `drop` are for `collect`.

    `drop` is `old`, `new` or `summarize`. With `debounce` a message may join one that waits for it.
    """

    strategy: str = "enqueue"
    cap: int = 20
    drop: str = "summarize"
    debounce: Debounce | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The messages that a run holds, as JSON, oldest first, and what was dropped of them."""

    messages: Sequence[bytes] = ()
    dropped: int = 0
    lines: Sequence[str] = ()


def can_collect(request: RunRequest) -> bool:
    """Whether the request is a message that may be merged with others."""
    return (
        request.message.role == "user"
        and request.tool is None
        and request.embeddings is None
        and request.files is None
    )


def debounce_of(request: RunRequest, rule: MultitaskRule) -> Debounce | None:
    """Return how the request waits for others to join it, None if it does not."""
    debounce = rule.debounce
    if debounce is None or not can_collect(replace(request, files=None)):
        return None
    return debounce if request.files is None or debounce.is_album else None


def common_of(request: RunRequest, sender: str = "") -> str:
    """Return the digest of what messages must have in common to be merged.

    With a `sender` only that one's are.
    """
    plan = request.delivery
    bare = replace(
        request,
        message=Turn("user", ""),
        images=(),
        files=None,
        history=(),
        model="",
        stream=False,
        include_usage=False,
        delivery=replace(plan, reply_to=None) if plan else None,
    )
    return sha256(bare.encode() + b"\n" + sender.encode("utf-8", "replace")).hexdigest()


def message_of(request: RunRequest) -> bytes:
    """Return a message as it is collected."""
    text = request.message.text
    line = " ".join(text.split())
    if len(line) > LINE_CHARS:
        line = line[: LINE_CHARS - 1].rstrip() + "…"
    clean = text.encode("utf-8", "replace").decode()
    return orjson.dumps(
        {
            "text": clean,
            "images": request.images,
            **({"files": request.files} if request.files else {}),
            "reply_to": request.delivery.reply_to if request.delivery else None,
            "line": line.encode("utf-8", "replace").decode(),
        }
    )


def merged(request: RunRequest, collected: Collected) -> RunRequest:
    """Return the request with the messages that it holds as one turn, which answers the last."""
    messages: list[dict[str, Any]] = [orjson.loads(raw) for raw in collected.messages]
    if not messages or (len(messages) == 1 and not collected.dropped):
        return request
    images = tuple(Image(**image) for message in messages for image in message["images"])
    turn = replace(request.message, text=_text(request, collected, messages))
    plan, last = request.delivery, messages[-1].get("reply_to")
    if plan is not None and last:
        plan = replace(plan, reply_to=last)
    files = _files(request, messages)
    return replace(request, message=turn, images=images, delivery=plan, files=files)


def _files(request: RunRequest, messages: Sequence[dict[str, Any]]) -> ChannelFiles | None:
    """Return the files of all messages; they are of one album, and so of one account."""
    holders = [message["files"] for message in messages if "files" in message]
    if not holders:
        return request.files
    attachments = tuple(Attachment(**file) for held in holders for file in held["attachments"])
    return ChannelFiles(holders[0]["channel"], holders[0]["account_id"], attachments)


def _text(request: RunRequest, collected: Collected, messages: Sequence[dict[str, Any]]) -> str:
    if request.multitask_strategy != "collect":
        return "\n".join(message["text"] for message in messages)
    blocks = ["[Queued messages while agent was busy]"]
    if collected.dropped:
        blocks.append(_overflow(collected))
    blocks += [f"---\nQueued #{n}\n{message['text']}" for n, message in enumerate(messages, 1)]
    return "\n\n".join(blocks)


def _overflow(collected: Collected) -> str:
    count = collected.dropped
    noun = "message" if count == 1 else "messages"
    told = f"[Queue overflow] Dropped {count} {noun} due to cap."
    if not collected.lines:
        return told
    return "\n".join([told, "Summary:", *(f"- {line}" for line in collected.lines)])
