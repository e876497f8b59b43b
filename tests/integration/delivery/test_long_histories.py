"""A delivery of very many parts goes on at the first that was not sent."""

from __future__ import annotations

import json

from openclaw_common.store.keys import DELIVERY
from tests.integration.delivery.support import Office

PARTS = 10_500


async def test_every_receipt_counts_however_many_there_are(office: Office) -> None:
    delivery_id = await office.submit()
    key = office.store.keys.events(DELIVERY, delivery_id)
    writing = office.redis.pipeline(transaction=False)
    for part in range(PARTS):
        started = json.dumps({"part": part, "parts": PARTS, "cut": "c", "at_ms": 1})
        sent = json.dumps({"part": part, "at_ms": 1, "message_id": "m", "http_status": 200})
        writing.xadd(key, {"delivery.part_started": started}, id=f"1-{2 * part + 2}")
        writing.xadd(key, {"delivery.part_sent": sent}, id=f"1-{2 * part + 3}")
    await writing.execute()
    assert (await office.record(delivery_id)).history.next_part == PARTS
