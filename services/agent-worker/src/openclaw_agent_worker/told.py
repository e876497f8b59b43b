"""What the model is told beside the message: that it comes from outside, and system events.

A message from outside is wrapped under a mark that its writer cannot know and that every attempt
makes again, so that a later attempt asks the model the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from openclaw_agent_worker.agent.prompt import CURRENT_HEADER, HISTORY_HEADER
from openclaw_agent_worker.agent.untrusted import neutralise, wrap_untrusted
from openclaw_common.contracts.run import RunRequest
from openclaw_common.store.inbound import HistoryLine
from openclaw_common.store.system_events import SystemEvent


def with_surroundings(
    request: RunRequest,
    run_id: str,
    events: Sequence[SystemEvent],
    history: Sequence[HistoryLine] = (),
) -> RunRequest:
    """Return the request with its message as the model is to see it.

    `history` is what was written in the group since the agent was addressed last.
    """
    text = request.message.text
    if (outside := request.untrusted) is not None:
        mark = sha256(run_id.encode()).hexdigest()[:16]
        text = wrap_untrusted(text, source=outside.source, task=outside.label, mark=mark)
    if history:
        lines = "\n".join(line.text for line in history)
        text = f"{HISTORY_HEADER}\n{lines}\n\n{CURRENT_HEADER}\n{text}"
    if events:
        text = "\n\n".join(("\n".join(map(_line, events)), text))
    if text == request.message.text:
        return request
    return replace(request, message=replace(request.message, text=text))


def _line(event: SystemEvent) -> str:
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    # Part of it may be what a webhook or a model wrote.
    return f"System: [{at:%Y-%m-%d %H:%M:%S} UTC] {neutralise(event.text)}"
