"""Run events as a responses client sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openclaw_common.contracts.run_event import RunEvent
from openclaw_ingress.responses_object import ResponseHead
from openclaw_ingress.responses_view import ResponsesView
from tests.unit.ingress_chat.streams import CREATED_S, RUN_ID, Frame, parse_sse


def view(*, background: bool = False, starting_after: int = 0) -> ResponsesView:
    head = ResponseHead(RUN_ID, "openclaw", CREATED_S, {"background": background})
    return ResponsesView(head, starting_after=starting_after)


def stream(events: Sequence[RunEvent], **how: Any) -> bytes:
    """Return the whole stream of one client."""
    return view(**how).encode(events)


def events_in(frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """Return the response events of some frames; each frame says the same thing three times."""
    events = [frame.json() for frame in frames if frame.data != "[DONE]"]
    named = [frame for frame in frames if frame.data != "[DONE]"]
    for frame, event in zip(named, events, strict=True):
        assert (frame.event, frame.id) == (event["type"], event["sequence_number"])
    return events


def kinds(raw: bytes) -> list[str]:
    """Return the types of a stream's events, without `response.`."""
    return [event["type"].removeprefix("response.") for event in events_in(parse_sse(raw))]


@dataclass
class Client:
    """What a client puts together from the events, as OpenAI's SDKs do."""

    output: list[dict[str, Any]]
    response: dict[str, Any] | None

    @property
    def text(self) -> str:
        return "".join(item.get("text", "") for item in self.output)

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        return [
            (item["call_id"], item["name"], item["arguments"])
            for item in self.output
            if item["type"] == "function_call"
        ]


def put_together(events: Sequence[dict[str, Any]]) -> Client:
    """Apply deltas to items, and hold each `done` and the last response against the result."""
    client = Client([], None)
    done: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert event["output_index"] == len(client.output)
            client.output.append({**event["item"]})
        elif kind == "output_text.delta":
            item = client.output[event["output_index"]]
            assert (item["id"], event["output_index"] in done) == (event["item_id"], False)
            item["text"] = item.get("text", "") + event["delta"]
        elif kind == "output_text.done":
            assert event["text"] == client.output[event["output_index"]]["text"]
        elif kind == "function_call_arguments.delta":
            item = client.output[event["output_index"]]
            assert (item["id"], event["output_index"] in done) == (event["item_id"], False)
            item["arguments"] += event["delta"]
        elif kind == "function_call_arguments.done":
            assert event["arguments"] == client.output[event["output_index"]]["arguments"]
        elif kind == "output_item.done":
            done[event["output_index"]] = event["item"]
        elif kind in ("completed", "incomplete", "failed"):
            client.response = event["response"]
    if client.response and client.response["status"] in ("completed", "incomplete"):
        assert client.response["output"] == [done[place] for place in range(len(client.output))]
    return client
