"""What the API shows of a session (run-api.md §4.5). Times are Unix seconds."""

from __future__ import annotations

from typing import Any

# pydantic reads no TypedDict of `typing` before Python 3.12.
from typing_extensions import TypedDict


class SessionObject(TypedDict):
    """A session; `id` and `key` are the key as the caller calls it.

    `status` is `idle`, or that of the active run.
    """

    id: str
    object: str
    key: str
    agent_id: str
    status: str
    active_run_id: str | None
    queued_run_ids: list[str]
    epoch: int
    message_count: int
    model: str | None
    created_at: int | None
    updated_at: int | None
    last_run_at: int | None
    last_run_id: str | None


class SessionMessage(TypedDict):
    """One message, in the form of chat completions.

    `id` is `msg_<epoch>_<number>`; several tool results of one turn have a part behind it.
    """

    id: str
    object: str
    role: str
    content: str | None
    tool_calls: list[dict[str, Any]] | None
    tool_call_id: str | None
    name: str | None
    created_at: int | None


class DeletedSession(TypedDict):
    """A session that is no more."""

    id: str
    object: str
    deleted: bool
