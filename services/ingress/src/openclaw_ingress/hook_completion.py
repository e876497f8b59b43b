"""How a hook's run ended, and what became of its result (contract §3.4); never what it said.

The wait is one: for the run, and then for the delivery that it caused. When the time is over
while the delivery is under way, what is known of it is told, and `delivered` is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.contracts.replies import Reply, reply_of
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.deliveries import DeliveryRecord
from openclaw_common.store.keys import DELIVERY
from openclaw_common.store.run_reader import ReaderOverflow, RunStreamReader
from openclaw_common.store.runs import RunRecord
from openclaw_common.store.store import Store

OF_THE_RESULT: Final = "run"
"""The source of the delivery of a result; others of the run are its tools' and notices."""
DELIVERY_FAILED: Final = "delivery-failed"
_STATUS: Final = {RunStatus.COMPLETED: "ok", RunStatus.CANCELLED: "skipped"}
_NOT_DELIVERED: Final = frozenset(
    {DeliveryStatus.FAILED, DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN}
)


async def result_delivery(store: Store, run_id: str) -> DeliveryRecord | None:
    """Return the delivery of a run's result as it stands, None if there is none.

    Raises StoreUnavailable.
    """
    (known,) = await store.run_deliveries.of_runs([run_id])
    records = await store.deliveries.get_all([delivery_id for delivery_id, _ in known])
    found = (record for record in records if record is not None)
    return next((record for record in found if record.request.source == OF_THE_RESULT), None)


async def wait_for_delivery(store: Store, reader: RunStreamReader, run_id: str) -> None:
    """Return once the delivery of an ended run's result has ended. Raises StoreUnavailable."""
    record = await result_delivery(store, run_id)
    while record is not None and not record.status.terminal:
        try:
            async with reader.follow(record.id, kind=DELIVERY) as follower:
                async for _ in follower:
                    record = await store.deliveries.get(record.id)
                    if record is None or record.status.terminal:
                        return
        except ReaderOverflow:
            record = await result_delivery(store, run_id)


def completion(run: RunRecord, delivery: DeliveryRecord | None) -> dict[str, Any]:
    """Return the `completion` object of an ended run and the delivery of its result."""
    # A hook's reply is no heartbeat's, so nothing of it counts as an acknowledgement.
    reply = reply_of(run.result.output if run.result else "", run.source, 0)
    told: dict[str, Any] = {
        "status": _STATUS.get(run.status, "error"),
        "replyDisposition": _disposition(reply),
    }
    if run.delivers:
        told.update(_delivered(run, reply, delivery))
    return told


def _disposition(reply: Reply) -> str:
    if reply.suppressed is None:
        return "visible"
    return "empty" if reply.suppressed == "empty" else "silent"


def _delivered(run: RunRecord, reply: Reply, delivery: DeliveryRecord | None) -> Mapping[str, Any]:
    if delivery is None or delivery.status is DeliveryStatus.SUPPRESSED:
        told: dict[str, Any] = {"delivered": False, "deliveryAttempted": False}
        reason = delivery.request.suppress if delivery else reply.suppressed
        if reason is not None and run.status is RunStatus.COMPLETED:
            told["deliverySuppressionReason"] = reason
        return told
    status = delivery.status
    told = {"deliveryAttempted": bool(delivery.history.tries)}
    # Of a part without an answer nobody knows whether it arrived.
    if status.terminal and status is not DeliveryStatus.UNKNOWN:
        told["delivered"] = status is DeliveryStatus.DELIVERED
    if status in _NOT_DELIVERED:
        told["deliveryError"] = DELIVERY_FAILED
    return told
