"""`openclaw-gateway send`: one message to an agent, the answer as it comes."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typer

from openclaw_cli.errors import CommandFailed
from openclaw_cli.event_stream import ServerSentEvent
from openclaw_cli.gateway_client import GatewayClient, StreamRequest
from openclaw_cli.surroundings import Json, Surroundings, Token, Url, run
from openclaw_cli.target import Target

DONE: Final = "[DONE]"
CHAT_COMPLETION_PREFIX: Final = "chatcmpl_"
RUN_PREFIX: Final = "run_"


def send(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What to tell the agent.")],
    agent: Annotated[str | None, typer.Option(help="The agent's id; default: main.")] = None,
    session: Annotated[
        str | None, typer.Option(help="Session key; the agent remembers what was said in it.")
    ] = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Send a message to an agent and print its answer as it comes."""
    headers = {
        # A lost connection is taken up again by sending the same request, which joins its run.
        "Idempotency-Key": f"cli-{uuid.uuid4()}",
        **({"x-openclaw-agent-id": agent} if agent else {}),
        **({"x-openclaw-session-key": session} if session else {}),
    }
    body = {
        "model": "openclaw",
        "messages": [{"role": "user", "content": text}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    request = StreamRequest("POST", "/v1/chat/completions", body, headers)

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        return await _send(target, request, as_json=as_json)

    run(command())


async def _send(target: Target, request: StreamRequest, *, as_json: bool) -> int:
    answer = Answer()
    async with GatewayClient(target) as gateway:
        async for event in gateway.events(request, is_last=lambda event: event.data == DONE):
            text = answer.add(event)
            if not as_json:
                typer.echo(text, nl=False)
    if as_json:
        typer.echo(json.dumps(answer.as_object()))
    elif answer.text:
        typer.echo("")
    if answer.error is not None:
        raise CommandFailed(f"the run failed: {answer.error.get('message', 'no reason given')}")
    return 0


@dataclass(slots=True)
class Answer:
    """The answer so far, put together from the chunks of a chat-completions stream."""

    run_id: str | None = None
    text: str = ""
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = field(default=None)

    def add(self, event: ServerSentEvent) -> str:
        """Take one event and return the text that it adds."""
        if event.data == DONE:
            return ""
        chunk = json.loads(event.data)
        self.error = chunk.get("error") or self.error
        self.usage = chunk.get("usage") or self.usage
        if str(chunk.get("id", "")).startswith(CHAT_COMPLETION_PREFIX):
            self.run_id = RUN_PREFIX + chunk["id"].removeprefix(CHAT_COMPLETION_PREFIX)
        added = ""
        for choice in chunk.get("choices", ()):
            added += choice.get("delta", {}).get("content") or ""
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
        self.text += added
        return added

    def as_object(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "run_id": self.run_id,
            "text": self.text,
            "finish_reason": self.finish_reason,
            "usage": self.usage,
            "error": self.error,
        }
