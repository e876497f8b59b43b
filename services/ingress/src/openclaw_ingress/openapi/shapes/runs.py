"""Bodies of runs and sessions that `schemas/` has no types for."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.shapes.common import Count
from openclaw_ingress.openapi.shapes.generation import Messages, Sampling, Strategy
from openclaw_ingress.schemas.run_create import MAX_TIMEOUT_S, DeliveryTarget, Thinking
from openclaw_ingress.session_keys import MAX_KEY_CHARS

Metadata = Annotated[
    dict[str, Annotated[str, Where({"maxLength": 512, "pattern": r"^[^\x00-\x1f]*$"})]],
    Where(
        {
            "maxProperties": 16,
            "propertyNames": {"minLength": 1, "maxLength": 64, "pattern": r"^[^\x00-\x1f=]+$"},
        }
    ),
]

Seconds = Annotated[float, Where({"exclusiveMinimum": 0, "maximum": MAX_TIMEOUT_S})]


class RunCreation(Sampling, total=False):
    """What a run is asked: `input` or `messages`, not both."""

    agent_id: str | None
    model: str | None
    input: str | Messages | None
    messages: Messages | None
    instructions: str | None
    session_key: Annotated[str, Where({"maxLength": MAX_KEY_CHARS})] | None
    stream: bool | None
    metadata: Metadata | None
    timeout_seconds: (
        Annotated[float, Where({"exclusiveMinimum": 0, "maximum": MAX_TIMEOUT_S})] | None
    )
    thinking: Thinking | None
    multitask_strategy: Strategy | None
    delivery: DeliveryTarget | None


class RunEventObject(TypedDict):
    """A fact of a run; further members depend on `type`."""

    type: str
    sequence_number: Count
    run_id: str
    attempt: Count


class SessionHistory(TypedDict):
    """The newest messages of a session; `messages` and `items` are the same."""

    sessionKey: str
    items: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    hasMore: bool
    nextCursor: NotRequired[int]


class SessionKilled(TypedDict):
    """Whether there was a run to cancel."""

    ok: Literal[True]
    killed: bool
