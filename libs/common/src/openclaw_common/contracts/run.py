"""A run: what was asked (`RunRequest`), where it stands (`RunStatus`), how it ended (`RunResult`).

`RunRequest` and `RunResult` travel as JSON inside the run record; `schema` lets a newer worker read
what an older ingress wrote, and an older worker hand back what it does not understand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from openclaw_common.contracts.inbound import Attachment
from openclaw_common.contracts.json_text import dumps
from openclaw_common.contracts.tenants import tenant_of

SCHEMA: Final = 1


class RunStatus(StrEnum):
    """The states of a run; `TRANSITIONS` is the whole table."""

    QUEUED = "queued"
    """Accepted and waiting for its lane, a worker or a delay."""
    IN_PROGRESS = "in_progress"
    """A worker holds its lease."""
    COMPLETED = "completed"
    """Ended with a result."""
    FAILED = "failed"
    """Ended with an error."""
    CANCELLED = "cancelled"
    """Ended because a user asked, or because its last reader went away."""
    EXPIRED = "expired"
    """Never started within its queue time limit."""

    @property
    def terminal(self) -> bool:
        """Whether the run can change no more."""
        return not TRANSITIONS[self]


TRANSITIONS: Final[dict[RunStatus, frozenset[RunStatus]]] = {
    RunStatus.QUEUED: frozenset(
        {RunStatus.IN_PROGRESS, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.EXPIRED}
    ),
    RunStatus.IN_PROGRESS: frozenset(
        {RunStatus.QUEUED, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}
    ),
    RunStatus.COMPLETED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
    RunStatus.EXPIRED: frozenset(),
}


class SchemaNotSupported(ValueError):
    """The run record was written with a schema this process does not know."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made of one of the client's tools; `arguments` is a JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A function tool that the client executes itself; `parameters` is a JSON Schema object."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation as the client sent it.

    `role` is `user`, `assistant` or `tool`. `tool_calls` belongs to assistant turns,
    `tool_call_id` and `name` to tool turns.
    """

    role: str
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the current message: its media type, and base64 `data` or an https `url`.

    `detail` is how closely to look, for models that can: `auto`, `low`, `high` or `original`.
    """

    mime: str
    data: str | None = None
    url: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file beside the current message: its media type, and base64 `data` or an http(s) `url`.

    `text` is what was read from it, None before. The media type of a URL may be empty.
    """

    name: str
    mime: str
    data: str | None = None
    url: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling fields of contract §1.1 that go to the provider; None means not sent."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    response_format: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolInvocation:
    """One call of one of the gateway's tools, without a model; the run's output is its result.

    `arguments` is the JSON text of an object. `session_key` is the session on whose behalf it is
    called, not the run's own lane. `call_id` is the tool's idempotency key. `action` is added to
    the arguments of a tool that knows one. `by_owner` says that the caller may do everything.
    """

    name: str
    arguments: str
    session_key: str
    call_id: str
    action: str | None = None
    by_owner: bool = False


@dataclass(frozen=True, slots=True)
class EmbeddingsInvocation:
    """Texts to embed, without an agent's turn; the run's output is the JSON of their embeddings.

    That is `{"vectors": […]}`, one for each text in order: base64 of little-endian float32.
    `model` is the `provider/model` that embeds them, `dimensions` the vectors' length, None for
    the model's own.
    """

    texts: tuple[str, ...]
    model: str | None = None
    dimensions: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """Where the result of a run goes: `channel` is a channel's id or `last`.

    `last` is wherever the session, or else the agent's main session, was heard from. `to` and
    `thread_id` are in the channel's own form (`contracts.delivery.Destination`); without a `to`
    the channel's `defaultTo` holds. `reply_to` is the platform's id of the message answered.
    """

    channel: str
    to: str | None = None
    account_id: str | None = None
    thread_id: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """The system event that tells another session how a run ended that was delivered nowhere.

    `label` begins it (`Hook GitHub`); `wake` says that the session's agent is to look at it now;
    `only_failures` leaves out what went well.
    """

    session_key: str
    label: str
    wake: bool = True
    only_failures: bool = False


@dataclass(frozen=True, slots=True)
class Untrusted:
    """Says that the message comes from outside and must be wrapped (contract §3.4).

    `source` and `label` are its `Source:` and `Task:` lines.
    """

    source: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelFiles:
    """Files beside a message of a channel, which nobody has read yet; the account can get them."""

    channel: str
    account_id: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One request to an agent, as the ingress accepted it and a worker executes it.

    `model` is the client's own word and is echoed; `model_override` is a backend
    `provider/model` that replaces the agent's primary model. `tool_choice` is `auto`, `none`,
    `required` or a tool's name behind `function:`. `ephemeral` sessions keep no transcript.
    `stream` says that a reader wants tokens as they come, `include_usage` that its last chunk has
    the usage. `timeout_s` bounds one attempt, in seconds (None: the worker's default). A run with a
    `tool` calls that and no model, one with `embeddings` embeds texts. `depth` counts the runs that
    led to this one by `sessions_send`.
    `thinking` says how hard the model is to think, in OpenClaw's words (`off` to `max`).
    `delivery` says where the result goes, `announce` who hears of it otherwise. A run with
    `reads_events` shows the model the session's system events. `multitask_strategy` says what was
    to be done while the session was busy; a run with `collect` may hold more messages than this
    one, and so may a `debounced` one. `documents` are shown to the model with the message, and so
    are the images among `files`. A run with `reads_history` shows the model what was written in its
    group since the last one. Only one that `may_command` can begin its session anew by its words:
    in a group they stand behind a name that its owner has chosen.
    """

    agent_id: str
    session_key: str
    source: str
    model: str
    message: Turn
    history: tuple[Turn, ...] = ()
    system: str | None = None
    images: tuple[Image, ...] = ()
    tools: tuple[ClientTool, ...] = ()
    tool_choice: str = "auto"
    sampling: Sampling = field(default_factory=Sampling)
    model_override: str | None = None
    ephemeral: bool = True
    stream: bool = False
    timeout_s: float | None = None
    message_channel: str = "webchat"
    include_usage: bool = False
    tool: ToolInvocation | None = None
    depth: int = 0
    thinking: str | None = None
    delivery: DeliveryPlan | None = None
    announce: Announcement | None = None
    untrusted: Untrusted | None = None
    reads_events: bool = False
    multitask_strategy: str = "enqueue"
    documents: tuple[Document, ...] = ()
    embeddings: EmbeddingsInvocation | None = None
    files: ChannelFiles | None = None
    debounced: bool = False
    reads_history: bool = False
    may_command: bool = True

    @property
    def holds_several(self) -> bool:
        """Whether its record may hold further messages."""
        return self.debounced or self.multitask_strategy == "collect"

    @property
    def tenant(self) -> str:
        """Whose the run is, as its session says; empty for nobody's."""
        return tenant_of(self.session_key)

    def encode(self) -> bytes:
        """Return the JSON form with its schema number; lone surrogates become U+FFFD."""
        return b'{"schema":%d,' % SCHEMA + dumps(self)[1:]

    @classmethod
    def decode(cls, raw: bytes) -> RunRequest:
        """Rebuild a request from `encode`'s JSON; raises SchemaNotSupported for a newer schema."""
        data: dict[str, Any] = orjson.loads(raw)
        schema = data.pop("schema", None)
        if schema != SCHEMA:
            raise SchemaNotSupported(f"run request schema {schema!r} is not supported")
        data["message"] = _turn(data["message"])
        data["history"] = tuple(_turn(turn) for turn in data["history"])
        data["images"] = tuple(Image(**image) for image in data["images"])
        data["documents"] = tuple(Document(**item) for item in data.get("documents", ()))
        data["tools"] = tuple(ClientTool(**tool) for tool in data["tools"])
        sampling = data["sampling"]
        data["sampling"] = Sampling(**{**sampling, "stop": tuple(sampling["stop"])})
        for name, kind in _OPTIONAL_PARTS.items():
            if data.get(name) is not None:
                data[name] = kind(**data[name])
        return cls(**data)


_OPTIONAL_PARTS: Final[dict[str, Callable[..., object]]] = {
    "tool": ToolInvocation,
    "delivery": DeliveryPlan,
    "announce": Announcement,
    "untrusted": Untrusted,
    "embeddings": lambda texts, **rest: EmbeddingsInvocation(tuple(texts), **rest),
    "files": lambda attachments, **rest: ChannelFiles(
        **rest, attachments=tuple(Attachment(**item) for item in attachments)
    ),
}


def _turn(data: dict[str, Any]) -> Turn:
    calls = tuple(ToolCall(**call) for call in data["tool_calls"])
    return Turn(**{**data, "tool_calls": calls})


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the provider reported them; zeros when it reported none.

    `cost_usd` is what they cost by the prices of the configuration, None where there are none.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the `usage` object of contract §1.1; details only where there are any."""
        body: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.total_tokens,
        }
        if self.cached_tokens:
            body["prompt_tokens_details"] = {"cached_tokens": self.cached_tokens}
        if self.reasoning_tokens:
            body["completion_tokens_details"] = {"reasoning_tokens": self.reasoning_tokens}
        if self.cost_usd is not None:
            body["cost_usd"] = self.cost_usd
        return body

    @classmethod
    def from_wire(cls, body: dict[str, Any]) -> Usage:
        """Rebuild from `to_wire`'s object."""
        return cls(
            prompt_tokens=body.get("prompt_tokens", 0),
            completion_tokens=body.get("completion_tokens", 0),
            total_tokens=body.get("total_tokens", 0),
            cached_tokens=(body.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
            reasoning_tokens=(body.get("completion_tokens_details") or {}).get(
                "reasoning_tokens", 0
            ),
            cost_usd=body.get("cost_usd"),
        )


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a completed run gave: its text, why it stopped and what it used.

    `finish_reason` is `stop`, `length` or `tool_calls`. `incomplete_reason` names the limit that
    ended the run before its end, None where none did. `first_text_ms` is the time from the start of
    its attempt to its first text, None where that is not known.
    """

    output: str
    finish_reason: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    incomplete_reason: str | None = None
    first_text_ms: int | None = None

    def encode(self) -> bytes:
        """Return the JSON form kept in the run record; lone surrogates become U+FFFD."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return dumps({**fields, "usage": self.usage.to_wire()})

    @classmethod
    def decode(cls, raw: bytes) -> RunResult:
        """Rebuild a result from `encode`'s JSON."""
        data: dict[str, Any] = orjson.loads(raw)
        data["tool_calls"] = tuple(ToolCall(**call) for call in data["tool_calls"])
        data["usage"] = Usage.from_wire(data["usage"])
        return cls(**data)
