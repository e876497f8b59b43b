"""A session and its messages in the words of run-api.md §4.5.

The transcript is a list of the worker's model messages as JSON; what is read of them here is the
part kinds of pydantic-ai 1.x: `user-prompt`, `system-prompt`, `tool-return`, `text`, `tool-call`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from openclaw_common.contracts.ids import agent_of
from openclaw_common.contracts.tenants import without_tenant
from openclaw_common.store.session_steps import Lane
from openclaw_common.store.sessions import Session
from openclaw_ingress.schemas.session_object import SessionMessage, SessionObject
from openclaw_ingress.tenancy import shown


def session_object(key: str, session: Session | None, lane: Lane) -> SessionObject:
    """Return the `session` object of a record and its open runs."""
    record, key = session or Session(), shown(key)
    return {
        "id": key,
        "object": "session",
        "key": key,
        "agent_id": record.agent_id or agent_of(without_tenant(key)) or "",
        "status": lane.status.value if lane.status else "idle",
        "active_run_id": lane.run_ids[0] if lane.run_ids else None,
        "queued_run_ids": list(lane.run_ids[1:]),
        "epoch": record.epoch,
        "message_count": record.messages,
        "model": record.model,
        "created_at": _seconds(record.created_ms),
        "updated_at": _seconds(record.updated_ms),
        "last_run_at": _seconds(record.updated_ms) if record.last_run_id else None,
        "last_run_id": record.last_run_id or None,
    }


def session_messages(session: Session, transcript: Sequence[bytes]) -> list[SessionMessage]:
    """Return the messages of a transcript, oldest first."""
    return [
        shown
        for number, raw in enumerate(transcript, session.first)
        for shown in _shown(f"msg_{session.epoch}_{number}", orjson.loads(raw))
    ]


def _shown(message_id: str, message: dict[str, Any]) -> Iterator[SessionMessage]:
    parts = message.get("parts") or []
    if message.get("kind") == "response":
        yield _reply(message_id, message, parts)
        return
    for index, part in enumerate(parts):
        part_id = message_id if index == 0 else f"{message_id}_{index}"
        yield _turn(part_id, part)


def _reply(message_id: str, message: dict[str, Any], parts: Sequence[Any]) -> SessionMessage:
    texts = [part["content"] for part in parts if part.get("part_kind") == "text"]
    calls = [
        {
            "id": part.get("tool_call_id"),
            "type": "function",
            "function": {"name": part.get("tool_name"), "arguments": _json(part.get("args"))},
        }
        for part in parts
        if part.get("part_kind") == "tool-call"
    ]
    return _message(
        message_id,
        "assistant",
        "".join(texts) if texts or not calls else None,
        calls=calls or None,
        at=message.get("timestamp"),
    )


def _turn(message_id: str, part: dict[str, Any]) -> SessionMessage:
    kind, content = part.get("part_kind"), part.get("content")
    at = part.get("timestamp")
    if kind in ("tool-return", "retry-prompt"):
        return _message(
            message_id,
            "tool",
            _json(content),
            call_id=part.get("tool_call_id"),
            name=part.get("tool_name"),
            at=at,
        )
    role = "system" if kind == "system-prompt" else "user"
    return _message(message_id, role, _text(content), at=at)


def _message(
    message_id: str,
    role: str,
    content: str | None,
    *,
    calls: list[dict[str, Any]] | None = None,
    call_id: str | None = None,
    name: str | None = None,
    at: str | None = None,
) -> SessionMessage:
    return {
        "id": message_id,
        "object": "session.message",
        "role": role,
        "content": content,
        "tool_calls": calls,
        "tool_call_id": call_id,
        "name": name,
        "created_at": int(datetime.fromisoformat(at).timestamp()) if at else None,
    }


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(piece for piece in content if isinstance(piece, str))
    return content if isinstance(content, str) else _json(content)


def _json(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _seconds(milliseconds: int) -> int | None:
    return milliseconds // 1000 if milliseconds else None
