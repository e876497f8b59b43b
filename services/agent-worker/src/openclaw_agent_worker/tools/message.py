"""`message`: sends to a person or a group through the delivery queue."""

from __future__ import annotations

from typing import Any, Final

from openclaw_agent_worker.tools.services import Outgoing, ToolServices
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult

MAX_MEDIA: Final = 10
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 256}


def message(services: ToolServices) -> Tool:
    """Return the tool."""

    async def call(caller: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        text, media = arguments.get("message", ""), tuple(arguments.get("media", ()))
        if not text.strip() and not media:
            raise ToolError("There is nothing to send: give a message or media.")
        sent = await services.outbox.send(
            Outgoing(
                text=text,
                media_urls=media,
                channel=arguments.get("channel"),
                to=arguments.get("to"),
                account_id=arguments.get("accountId"),
                thread_id=arguments.get("threadId"),
                reply_to=arguments.get("replyTo"),
            ),
            caller,
        )
        return {"deliveryId": sent.delivery_id, "status": "pending", "destination": sent.to_wire()}

    return Tool(
        name="message",
        description=(
            "Sends a message to a person, group or channel on a chat platform. Without channel and "
            "to it goes where this session was heard from last. The platform may take it later "
            "than this call returns."
        ),
        parameters={
            "type": "object",
            "properties": {
                "message": {"type": "string", "maxLength": 100_000, "description": "Markdown."},
                "channel": {**_TEXT, "description": "telegram, discord, signal, slack, …"},
                "to": {**_TEXT, "description": "The address in the channel's own form."},
                "media": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": 2048},
                    "maxItems": MAX_MEDIA,
                    "description": "https URLs of files to attach.",
                },
                "accountId": _TEXT,
                "threadId": _TEXT,
                "replyTo": {**_TEXT, "description": "Id of the message that is answered."},
            },
            "additionalProperties": False,
        },
        call=call,
        # The delivery queue knows the call's id: the same call is the same delivery.
        idempotent=True,
    )
