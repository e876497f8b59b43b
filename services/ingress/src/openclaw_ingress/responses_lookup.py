"""What a request about an existing response names, and who may name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from openclaw_common.contracts.errors import NotFound
from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.queue.accounts import current_account
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CALLER, STORE
from openclaw_ingress.responses_object import ResponseHead, response_object
from openclaw_ingress.responses_view import ResponsesView
from openclaw_ingress.schemas.response_request import PreviousResponse
from openclaw_ingress.tenancy import shown


@dataclass(frozen=True, slots=True)
class FoundResponse:
    """A response: its run, and what it repeats of its request."""

    record: RunRecord
    echo: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """Return the `response` object as it stands."""
        return response_object(self.record, self.echo)

    def view(self, starting_after: int) -> ResponsesView:
        """Return its stream for one client."""
        record = self.record
        head = ResponseHead(record.id, record.model, record.created_ms // 1000, self.echo)
        return ResponsesView(head, starting_after=starting_after)


async def find_response(
    request: web.Request, response_id: str, *, unstored: bool = False
) -> FoundResponse:
    """Return the response of an id. Raises NotFound, StoreUnavailable.

    One with `store: false` is found only with `unstored`, for whoever asks for it again by its
    `Idempotency-Key`. Another user's does not exist.
    """
    store = request.app[STORE]
    run_id = parse_run_id(response_id)
    facts = await store.responses.get(run_id) if run_id else None
    if run_id is None or facts is None or facts.owner != owner_of(request):
        raise _not_found(response_id)
    record = await store.runs.get(run_id)
    if record is None or not (facts.stored or unstored) or not _seen(record):
        raise _not_found(response_id)
    return FoundResponse(record, facts.echo)


async def find_previous(request: web.Request, response_id: str) -> PreviousResponse | None:
    """Return what `previous_response_id` names, None where that is not known (any more)."""
    try:
        record = (await find_response(request, response_id)).record
    except NotFound:
        return None
    return PreviousResponse(record.agent_id, shown(record.session_key))


def _seen(record: RunRecord) -> bool:
    return current_account().sees(record.tenant)


def owner_of(request: web.Request) -> str:
    """Return the name under which the caller's responses are kept."""
    return request[CALLER].identity or ""


def _not_found(response_id: str) -> NotFound:
    return NotFound(f"Response with id '{response_id}' not found.", code="response_not_found")
