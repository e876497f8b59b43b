"""Deliveries and dead letters in the words of run-api.md §4.4; times are Unix seconds."""

from __future__ import annotations

from typing import Any

from openclaw_common.contracts.delivery import shown
from openclaw_common.contracts.delivery_history import DeliveryHistory, Failure, Outcome, Try
from openclaw_common.store.dead_letters import DeadLetter
from openclaw_common.store.deliveries import DeliveryRecord
from openclaw_common.store.keys import DELIVERY
from openclaw_ingress.tenancy import shown as shown_name


def delivery_object(record: DeliveryRecord, *, with_text: bool = False) -> dict[str, Any]:
    """Return the `delivery` object; what is not known yet is null.

    The text is left out of lists, which it would make large.
    """
    request, history = record.request, record.history
    waits = not record.status.terminal
    body: dict[str, Any] = {
        "id": record.id,
        "object": "delivery",
        "status": record.status.value,
        "destination": request.destination.to_wire(),
        "run_id": request.run_id,
        "session_key": request.session_key and shown_name(request.session_key),
        "agent_id": request.agent_id,
        "source": request.source,
        "created_at": record.created_ms // 1000,
        "started_at": _seconds(record.started_ms),
        "completed_at": _seconds(record.ended_ms),
        "next_attempt_at": _seconds(history.retry_at_ms) if waits else None,
        "attempt": record.attempt,
        "attempts": [_attempt(made) for made in history.tries],
        "parts": _parts(history, ended=not waits),
        "last_error": _error(history.last_failure),
        "duplicates_possible": history.duplicates_possible,
        "replays": history.replays,
        "trace_id": record.trace_id,
    }
    if request.suppress is not None:
        body["suppressed"] = request.suppress
    if with_text:
        body["text"] = request.text
        body["attachments"] = [
            {"mime": media.mime, "url": media.url, "filename": media.filename}
            for media in request.media
        ]
    return body


def _attempt(made: Try) -> dict[str, Any]:
    return {
        "n": made.number,
        "at": _seconds(made.at_ms),
        "part": made.part,
        "outcome": made.outcome.value if made.outcome else None,
        "http_status": made.http_status,
        "provider_message_id": made.message_id,
        "retry_after": made.retry_after_s,
        "error": made.error,
        "code": made.code,
        "trace_id": made.trace_id,
    }


def _parts(history: DeliveryHistory, *, ended: bool) -> list[dict[str, Any]]:
    """Return where each part stands: `sent`, `sending`, `unknown` or `pending`."""
    parts = []
    for index in range(history.parts or 0):
        receipt = history.receipts.get(index)
        state = Outcome.SENT.value if receipt else "pending"
        if receipt is None and index == history.doubtful:
            state = "unknown"
        elif receipt is None and index == history.in_flight and not ended:
            state = "sending"
        parts.append(
            {
                "index": index,
                "status": state,
                "provider_message_id": receipt.message_id if receipt else None,
                "sent_at": _seconds(receipt.at_ms) if receipt else None,
            }
        )
    return parts


def _error(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "message": failure.message,
        "code": failure.code,
        "http_status": failure.http_status,
        "at": _seconds(failure.at_ms),
    }


def dead_letter_object(letter: DeadLetter) -> dict[str, Any]:
    """Return the `dead_letter` object, which points at its run or delivery."""
    is_delivery = letter.kind == DELIVERY
    body: dict[str, Any] = {
        "id": letter.id,
        "object": "dead_letter",
        "kind": letter.kind,
        "run_id": letter.run_id,
        "delivery_id": letter.id if is_delivery else None,
        "status": letter.status,
        "source": letter.source,
        "attempt": letter.attempt,
        "created_at": letter.created_ms // 1000,
        "died_at": letter.died_ms // 1000,
        "error": letter.error.to_wire() if letter.error else None,
    }
    if is_delivery:
        body["channel"], body["to"] = letter.channel, letter.to and shown(letter.to)
    return body


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000
