"""What a request about deliveries names, and the errors that say what is wrong with it."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.contracts.errors import INVALID_REQUEST, ErrorBody, GatewayError, NotFound
from openclaw_common.contracts.ids import parse_delivery_id
from openclaw_common.queue.accounts import current_account
from openclaw_common.store.dead_letters import DeadLetter
from openclaw_common.store.deliveries import DeliveryFilter, DeliveryRecord
from openclaw_ingress.app_keys import STORE
from openclaw_ingress.cursor_list import list_object, parse_cursor, place_behind
from openclaw_ingress.delivery_view import delivery_object
from openclaw_ingress.tenancy import visible_tenant


class NotReplayable(GatewayError):
    """A delivery is replayed only after it failed."""

    def __init__(self, status: DeliveryStatus) -> None:
        message = (
            f"The delivery is {status.value}; only one that is failed, dead or unknown can be "
            "replayed."
        )
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "delivery_not_replayable"))


class AlreadyTerminal(GatewayError):
    """A delivery that has ended cannot be cancelled."""

    def __init__(self) -> None:
        message = "The delivery has ended; there is nothing to cancel."
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "delivery_already_terminal"))


def no_such_delivery() -> NotFound:
    """Return the error for an id that leads to no delivery."""
    return NotFound("There is no such delivery.", code="delivery_not_found")


def no_such_dead_letter() -> NotFound:
    """Return the error for an id that leads to no dead letter."""
    return NotFound("There is no such dead letter.", code="dead_letter_not_found")


async def find_delivery(app: web.Application, delivery_id: str) -> DeliveryRecord:
    """Return the delivery of an id; another tenant's does not exist.

    Raises NotFound, StoreUnavailable.
    """
    known = parse_delivery_id(delivery_id)
    record = await app[STORE].deliveries.get(known) if known else None
    if record is None or not current_account().sees(record.request.tenant):
        raise no_such_delivery()
    return record


async def find_dead_letter(app: web.Application, letter_id: str) -> DeadLetter:
    """Return the dead letter of an id; another tenant's does not exist.

    Raises NotFound, StoreUnavailable.
    """
    letter = await app[STORE].all_dead_letters.get(letter_id)
    if letter is None or not current_account().sees(letter.tenant):
        raise no_such_dead_letter()
    return letter


async def delivery_page(request: web.Request, wanted: DeliveryFilter) -> dict[str, object]:
    """Return the page of deliveries that a request's cursor names.

    Raises InvalidRequest, StoreUnavailable.
    """
    wanted = replace(wanted, tenant=visible_tenant())
    cursor = parse_cursor(request.query)
    deliveries = request.app[STORE].deliveries
    place = await place_behind(cursor, lambda item: deliveries.place_of(item, wanted.run_id))
    page = await deliveries.page(wanted, cursor.limit, place=place, newer=cursor.newer)
    records = await deliveries.get_all([found.id for found in page.places])
    items = [delivery_object(record) for record in records if record is not None]
    return list_object(items, cursor, more=page.more, last=page.last)
