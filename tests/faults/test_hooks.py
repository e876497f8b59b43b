"""Hooks are accepted for good, and once: whatever dies right behind the answer."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

import aiohttp
import pytest

from openclaw_common.contracts.run import RunRequest
from openclaw_common.store.keys import RUN, Keys
from tests.harness.fleet import HOOK_TOKEN, Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEYS = Keys()
SENDERS = 16
PATIENCE_S = 60
BODY = {"deliver": False, "wakeMode": "next-heartbeat"}


class Senders:
    """Posts messages to two replicas in turn, as senders do that try again until it is a 2xx."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self._fleet = fleet
        self._name = name
        self.accepted: dict[str, list[str]] = {}
        """Message → the run ids that it was answered with."""
        self.refused: Counter[object] = Counter()

    async def send(self, numbers: range) -> None:
        """Post one message for each number, `SENDERS` at a time."""
        left = iter(numbers)

        async def sender() -> None:
            for number in left:
                async with asyncio.timeout(PATIENCE_S):
                    await self._until_accepted(number)

        await asyncio.gather(*(sender() for _ in range(SENDERS)))

    async def _until_accepted(self, number: int) -> None:
        message = f"{self._name} {number}"
        answers = self.accepted.setdefault(message, [])
        attempt = number
        while not answers:
            attempt += 1
            try:
                answers.append(await self.post(message, attempt))
            except (aiohttp.ClientError, TimeoutError) as error:
                self.refused[type(error)] += 1
                await asyncio.sleep(0.02)

    async def post(self, message: str, attempt: int) -> str:
        """Post a message once, to one of the replicas, and return the run id."""
        replica = self._fleet.ingresses[attempt % 2]
        async with self._fleet.session.post(
            f"{replica.url}/hooks/agent",
            json={**BODY, "message": message},
            headers={"X-OpenClaw-Token": HOOK_TOKEN, "Idempotency-Key": message},
            timeout=aiohttp.ClientTimeout(total=5),
        ) as answer:
            said = await answer.json()
            assert answer.status == 200, said
            return str(said["runId"])


async def kill_one(fleet: Fleet, chance: random.Random) -> None:
    """kill -9 one of the ingresses at a random moment, and start it again."""
    await asyncio.sleep(chance.uniform(0, 0.15))
    ingress = chance.choice(fleet.ingresses[:2])
    ingress.process.popen.kill()
    await ingress.process.end()
    await fleet.restart_ingress(ingress)


async def messages_of_runs(fleet: Fleet, prefix: str) -> list[tuple[str, str]]:
    """Return (message, run id) of every run record whose message begins so."""
    found = []
    async with fleet.redis() as valkey:
        async for key in valkey.scan_iter(match=KEYS.record(RUN, "run_*"), count=1000):
            run_id = key.decode().rpartition(":")[2]
            if not run_id.startswith("run_"):
                continue
            payload = await valkey.hget(key, "payload")
            text = RunRequest.decode(payload).message.text if payload else ""
            if text.startswith(prefix):
                found.append((text, run_id))
    return found


@pytest.mark.parametrize(
    ("posts", "kills"), [(200, 3), pytest.param(1000, 12, marks=pytest.mark.faults)]
)
@pytest.mark.timeout(240)
async def test_every_accepted_hook_has_its_run_and_none_has_two_while_ingresses_are_killed(
    fleet: Fleet, posts: int, kills: int
) -> None:
    name = f"post-of-{posts}"
    senders = Senders(fleet, name)
    chance, size = random.Random(posts), -(-posts // kills)
    for first in range(0, posts, size):
        numbers = range(first, min(first + size, posts))
        await asyncio.gather(senders.send(numbers), kill_one(fleet, chance))
    answered = {message: ids[0] for message, ids in senders.accepted.items()}
    assert len(answered) == posts
    assert senders.refused, "no post met a dead ingress"
    assert len(set(answered.values())) == len(answered)
    found = await messages_of_runs(fleet, f"{name} ")
    assert sorted(found) == sorted(answered.items())


async def test_a_hundred_equal_hooks_at_once_are_one_run_also_after_a_restart_of_redis(
    fleet: Fleet,
) -> None:
    senders = Senders(fleet, "equal")

    async def hundred() -> set[str]:
        posts = (senders.post("equal", attempt) for attempt in range(100))
        return set(await asyncio.gather(*posts))

    first = await hundred()
    assert len(first) == 1
    await fleet.restart_valkey()

    async def answers_again() -> bool:
        with contextlib.suppress(AssertionError):
            return await senders.post("equal", 0) in first
        return False

    await fleet.until(answers_again, "the ingress has found Redis again")
    assert await hundred() == first
    assert await messages_of_runs(fleet, "equal") == [("equal", first.pop())]
