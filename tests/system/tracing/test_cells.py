"""Over several cells a run and its message are one trace, and the run shows all of it."""

from __future__ import annotations

from pathlib import Path

from openclaw_common.contracts.ids import cell_of
from tests.system.tracing.conftest import gateway
from tests.system.tracing.test_repeated import shown, until

CROSSED = 2
"""Messages in another cell than their run that are looked at; chance says which are."""
SPANS = [
    "POST /hooks/agent",
    "chat fake",
    "invoke_agent main",
    "process deliveries",
    "process runs",
    "send deliveries",
    "send runs",
    "send telegram",
]


async def test_what_goes_to_another_cell_stays_in_its_trace(tmp_path: Path) -> None:
    async with gateway(tmp_path, cells=2) as traced:
        crossed = number = 0
        while crossed < CROSSED:
            number += 1
            body, headers = await traced.hook("/fake say hello", to=f"4{number}")
            spans = await traced.collector.trace(headers["x-trace-id"], until(*SPANS))
            run_id = body["runId"]

            async def is_whole(run_id: str = run_id) -> bool:
                return set(SPANS) <= set(await shown(traced, run_id))

            await traced.fleet.until(is_whole, "the run shows its message, wherever that is")
            (sent,) = (span for span in spans if span.name == "send deliveries")
            crossed += cell_of(sent.attributes["messaging.message.id"]) != cell_of(run_id)
