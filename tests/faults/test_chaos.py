"""All promises at once: many sessions while processes, links and Valkey fail at random."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.fakes.provider import expected_text
from tests.faults.chaos import Chaos
from tests.faults.conftest import RUNS
from tests.faults.history import (
    check_nothing_left,
    check_session_order,
    check_stream,
    check_transcript,
    entries,
    lasting_keys,
    text_of_last_attempt,
)
from tests.harness.fleet import Fleet
from tests.harness.proxy import Proxy
from tests.harness.stream_client import ResumingClient, Transcript

# So many faults hit the innocent too; what quarantine makes of that is test_poison's.
TOLERANT = {"maxCrashes": 1000, "quarantineAfterCrashes": 1000}
TOKENS = 24
LASTING = {
    "openclaw:{c0}:run:wake",
    "openclaw:{c0}:run:index",
    "openclaw:{c0}:run:aging",
    "openclaw:{c0}:schedule",
    "openclaw:{c0}:schedule:wake",
    "openclaw:{c0}:scheduled:heartbeat:main",
}
"""Keys without a life time: tokens, bounded in number, what is due some time, and what is cleared
by the runs that come after."""
RUN_LISTS = "openclaw:{c0}:run:by:"


async def _converse(
    fleet: Fleet, client: ResumingClient, session: int, messages: int
) -> list[Transcript]:
    """Send the messages of a session one behind the other's acceptance; read every answer."""
    tasks = []
    for message in range(messages):
        text = f"/fake text tokens={TOKENS} delay_ms=40 seed=c{session}_{message}_"
        body = {
            "model": "openclaw",
            "user": f"chaos-{session}",
            "messages": [{"role": "user", "content": text}],
        }
        urls = [ingress.url for ingress in fleet.ingresses]
        seen = Transcript()
        reading = client.read(
            urls[:: -1 if session % 2 else 1],
            body,
            headers={"Idempotency-Key": f"chaos-{session}-{message}"},
            seen=seen,
        )
        tasks.append(asyncio.create_task(reading))
        await seen.accepted.wait()
    return await asyncio.gather(*tasks)


async def _check(fleet: Fleet, histories: list[list[Transcript]]) -> Counter[int]:
    attempts: Counter[int] = Counter()
    run_ids = [seen.run_id for history in histories for seen in history]
    assert len(set(run_ids)) == len(run_ids)
    async with fleet.redis() as valkey:
        for session, history in enumerate(histories):
            for message, seen in enumerate(history):
                seen.check()
                assert not seen.errors, (seen.run_id, seen.errors)
                assert seen.text == expected_text(TOKENS, f"c{session}_{message}_"), seen.run_id
                stream = await entries(valkey, seen.run_id)
                check_stream(stream)
                assert text_of_last_attempt(stream) == seen.text, seen.run_id
                attempts[stream[-1].attempt] += 1
            await check_session_order(valkey, [seen.run_id for seen in history])
            await check_transcript(
                valkey,
                f"agent:main:openai-user:chaos-{session}",
                [f"seed=c{session}_{message}_" for message in range(len(history))],
                [seen.text for seen in history],
            )
        await check_nothing_left(valkey)
        lists = await lasting_keys(valkey) - LASTING
        for key in lists:
            # They live as long as the records of the runs in them.
            assert key.startswith(RUN_LISTS), key
            assert {run_id.decode() for run_id in await valkey.zrange(key, 0, -1)} <= set(run_ids)
    return attempts


@pytest.mark.parametrize(
    ("seconds", "sessions", "messages", "seed", "fsync"),
    [
        pytest.param(60, 150, 4, 1, "everysec", marks=pytest.mark.faults),
        pytest.param(60, 150, 4, 2, "always", marks=pytest.mark.faults),
    ],
)
@pytest.mark.timeout(300)
async def test_no_promise_is_broken_while_everything_fails_at_random(
    tmp_path: Path, seconds: float, sessions: int, messages: int, seed: int, fsync: str
) -> None:
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(
            Fleet(
                tmp_path,
                ingresses=2,
                workers=1,
                runs={**RUNS, **TOLERANT, "disconnectGraceSeconds": 60},
                ingress={"drainSeconds": 1},
                worker={"drainSeconds": 2, "concurrency": 24},
                valkey={"appendfsync": fsync},
            )
        )
        links = [await stack.enter_async_context(Proxy(fleet.valkey_port)) for _ in range(3)]
        for index, link in enumerate(links):
            environ = {"OPENCLAW_REDIS_URL": f"redis://127.0.0.1:{link.port}/0"}
            fleet.start_worker(supervised=index > 0, environ=environ)
        await fleet.workers_ready()
        client = ResumingClient(fleet.session, fleet.headers)
        chaos = Chaos(fleet, links, seed)
        conversations = [
            asyncio.create_task(_later(seconds * i / sessions, fleet, client, i, messages))
            for i in range(sessions)
        ]
        await chaos.run(seconds)
        async with asyncio.timeout(120):
            histories = await asyncio.gather(*conversations)
        attempts = await _check(fleet, histories)
        print(f"faults {dict(chaos.faults)}, attempts {dict(sorted(attempts.items()))}")
        assert not chaos.unexpected, "\n".join(chaos.unexpected)


async def _later(
    delay_s: float, fleet: Fleet, client: ResumingClient, session: int, messages: int
) -> list[Transcript]:
    # Sessions begin all along, so that every fault hits some that are new.
    await asyncio.sleep(delay_s)
    return await _converse(fleet, client, session, messages)
