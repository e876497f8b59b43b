"""The body of `POST /v1/runs` (run-api.md §4.2)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openclaw_common.contracts.errors import InvalidRequest

MAX_TIMEOUT_S: Final = 172_800
MetadataName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f=]+$")]
MetadataValue = Annotated[str, Field(max_length=512, pattern=r"^[^\x00-\x1f]*$")]
Thinking = Literal["off", "on", "adaptive", "minimal", "low", "medium", "high", "xhigh", "max"]


class Strict(BaseModel):
    """Members that are not known are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DeliveryTarget(Strict):
    """Where the result is sent: a channel and an address of it, or the channel `last`."""

    channel: str
    to: str | None = None
    account_id: str | None = None
    thread_id: str | None = None
    reply_to: str | None = None


class RunCreate(Strict):
    """What a run is asked; `input` or `messages` is required.

    Tools, sampling and messages are those of chat completions.
    """

    agent_id: str | None = None
    model: str | None = None
    """`openclaw/<agentId>`, or `provider/model` in place of the agent's model."""
    input: str | list[dict[str, Any]] | None = None
    messages: list[dict[str, Any]] | None = None
    instructions: str | None = None
    """Told to the model behind the agent's own instructions."""
    session_key: str | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    temperature: Any = None
    top_p: Any = None
    frequency_penalty: Any = None
    presence_penalty: Any = None
    seed: Any = None
    stop: Any = None
    response_format: Any = None
    stream: bool | None = None
    metadata: Annotated[dict[MetadataName, MetadataValue], Field(max_length=16)] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=MAX_TIMEOUT_S)] | None = None
    thinking: Thinking | None = None
    multitask_strategy: Literal["enqueue", "reject", "interrupt", "collect"] | None = None
    delivery: DeliveryTarget | None = None


def read_run_create(body: dict[str, Any]) -> RunCreate:
    """Return the checked body; raises InvalidRequest with the first fault."""
    try:
        return RunCreate.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise InvalidRequest(f"{path}: {first['msg']}", param=path) from None
