"""Promise 4, exact text: readers that are cut anywhere and resume on any replica."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.fakes.provider import expected_text
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient, parse_frames

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEED = 20261121
TOKENS = 60
CUTS = 6


@pytest.mark.parametrize("streams", [40, pytest.param(200, marks=pytest.mark.faults)])
async def test_streams_cut_at_random_bytes_and_resumed_on_the_other_replica_are_byte_equal(
    fleet: Fleet, client: ResumingClient, streams: int
) -> None:
    urls = [ingress.url for ingress in fleet.ingresses]
    random_source = random.Random(SEED)

    async def one(index: int) -> None:
        source = random.Random(random_source.random())
        body = {
            "model": "openclaw",
            "stream_options": {"include_usage": True},
            "messages": [
                {
                    "role": "user",
                    "content": f"/fake text tokens={TOKENS} delay_ms=20 seed=s{index}_",
                }
            ],
        }
        order = urls if index % 2 else urls[::-1]
        seen = await client.read(
            order, body, cut_after=lambda n: source.randint(1, 4000) if n < CUTS else None
        )
        seen.check()
        assert not seen.errors
        assert seen.text == expected_text(TOKENS, f"s{index}_")
        path = f"/v1/chat/completions/{seen.run_id}?stream=true&starting_after=0"
        async with fleet.session.get(order[0] + path, headers=fleet.headers) as whole:
            uncut = await whole.read()
        resumed = b"".join(f"{frame.id}{frame.data}".encode() for frame in seen.frames)
        assert resumed == b"".join(f"{f.id}{f.data}".encode() for f in parse_frames(uncut))

    async with asyncio.timeout(100):
        await asyncio.gather(*(one(index) for index in range(streams)))
