"""Sessions, and the two endpoints for them that are OpenClaw's own."""

from __future__ import annotations

from typing import Final

from openclaw_ingress.openapi.model import (
    EVENTS,
    JSON,
    Answer,
    Operation,
    Operations,
    Page,
    Parameter,
    answers,
)
from openclaw_ingress.openapi.operations.chat import STREAMED
from openclaw_ingress.openapi.parameters import (
    AGENT_ID,
    CANCEL,
    LAST_EVENT_ID,
    ORDERED,
    SESSION_AGENT,
    STARTING_AFTER,
    TIME,
)
from openclaw_ingress.openapi.shapes.runs import SessionHistory, SessionKilled
from openclaw_ingress.schemas.session_object import DeletedSession, SessionMessage, SessionObject

_TAG: Final = "Sessions"
_PLACE: Final = {"type": "string", "description": "`<run_id>:<number>`."}
_PLACES: Final = (
    Parameter(STARTING_AFTER.name, "The event behind which to go on.", _PLACE),
    Parameter(LAST_EVENT_ID.name, LAST_EVENT_ID.description, _PLACE, "header"),
)
_COUNT: Final = {"type": "integer", "minimum": 1, "maximum": 999_999_999}

SESSIONS: Final[Operations] = {
    ("GET", "/v1/sessions"): Operation(
        "listSessions",
        _TAG,
        "List sessions, the last used first",
        answers(Page(SessionObject)),
        parameters=(
            AGENT_ID,
            Parameter("prefix", "What the keys begin with.", {"type": "string"}),
            Parameter("updated_after", "Unix seconds.", TIME),
            *ORDERED,
        ),
    ),
    ("GET", "/v1/sessions/{key}"): Operation(
        "readSession",
        _TAG,
        "Read a session",
        answers(SessionObject),
        parameters=(SESSION_AGENT,),
        errors=(404,),
    ),
    ("DELETE", "/v1/sessions/{key}"): Operation(
        "deleteSession",
        _TAG,
        "Take away a session and its ended runs",
        answers(DeletedSession),
        parameters=(SESSION_AGENT, CANCEL),
        errors=(404, 409),
    ),
    ("GET", "/v1/sessions/{key}/messages"): Operation(
        "listSessionMessages",
        _TAG,
        "List a session's messages",
        answers(Page(SessionMessage)),
        parameters=(SESSION_AGENT, *ORDERED),
        errors=(404,),
    ),
    ("GET", "/v1/sessions/{key}/events"): Operation(
        "followSessionEvents",
        _TAG,
        "Follow the events of all of a session's runs",
        {200: Answer("The events, as they come.", {EVENTS: STREAMED})},
        parameters=(SESSION_AGENT, *_PLACES),
        errors=(404,),
    ),
    ("POST", "/v1/sessions/{key}/reset"): Operation(
        "resetSession",
        _TAG,
        "Begin a new conversation",
        answers(SessionObject),
        parameters=(SESSION_AGENT, CANCEL),
        errors=(404, 409),
    ),
    ("GET", "/sessions/{key}/history"): Operation(
        "readSessionHistory",
        _TAG,
        "Read a session's newest messages, or follow them",
        {200: Answer("The messages.", {JSON: SessionHistory, EVENTS: STREAMED})},
        parameters=(
            SESSION_AGENT,
            Parameter("limit", "How many messages at most.", _COUNT),
            Parameter("cursor", "The number before which they end.", _COUNT),
        ),
        errors=(404,),
    ),
    ("POST", "/sessions/{key}/kill"): Operation(
        "killSession",
        _TAG,
        "Cancel a session's runs",
        answers(SessionKilled),
        parameters=(SESSION_AGENT,),
        errors=(404,),
    ),
}
