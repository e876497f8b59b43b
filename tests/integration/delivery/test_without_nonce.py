"""Where Discord has no nonce, what was on its way when its process died is left to `onUnknown`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from openclaw_channels.base import OutboundChannel
from openclaw_channels.discord import PLUGIN
from openclaw_common.contracts.delivery import Destination
from openclaw_delivery.dispatch import dispatch
from tests.fakes.channels.discord import TOKEN, FakeDiscord
from tests.fakes.channels.platform import Fault
from tests.fakes.scripted_channel import OneChannel
from tests.integration.channels.trials import account, channel_context
from tests.integration.delivery.support import WORKER, Office

PLAIN, FORUM, HOOK = "channel:100", "channel:200", "interaction:7:token-of-interaction"
LONG = "word " * 900


@pytest.fixture
async def discord(office: Office) -> AsyncIterator[FakeDiscord]:
    """Discord behind the office's only account, with a new process's memory in each attempt."""
    async with FakeDiscord() as discord, channel_context() as context:
        fast = {"channelMessages": 20, "channelBurst": 10, "botBurst": 10}
        settings = {"token": TOKEN, "apiRoot": discord.base_url, **fast}

        class NewProcess(OneChannel):
            def outbound(self, destination: Destination) -> OutboundChannel:
                return PLUGIN.outbound(account("discord", **settings), context)

        office.accounts = NewProcess(office.channel)
        yield discord


async def die_in_mid_send(office: Office, discord: FakeDiscord, *, after: int) -> None:
    """Make an attempt that loses its process while the platform is asked for part `after`."""
    discord.plan(*[None] * after, Fault.hang())
    (lease,) = await office.claim()
    attempt = asyncio.create_task(dispatch(office.context, lease))
    async with asyncio.timeout(5):
        await discord.attempted(after + 1)
        await office.store.delivery_jobs.leases.release(WORKER, lease.job_id, lease.attempt)
        lease.lost = True
        attempt.cancel()
        await asyncio.wait([attempt])


@pytest.mark.parametrize(
    ("to", "after", "outcome"),
    [
        (PLAIN, 0, "delivered"),
        (FORUM, 0, "unknown"),
        (FORUM, 1, "delivered"),
        (HOOK, 0, "delivered"),
        (HOOK, 1, "unknown"),
    ],
)
async def test_a_part_in_doubt_is_sent_again_only_where_it_cannot_double(
    office: Office, discord: FakeDiscord, to: str, after: int, outcome: str
) -> None:
    await office.submit(LONG, to=to, channel="discord")
    await die_in_mid_send(office, discord, after=after)
    assert await office.attempt() == outcome


async def test_with_resend_it_is_sent_again_and_counted(
    office: Office, discord: FakeDiscord
) -> None:
    office.accounts.resend = True
    delivery_id = await office.submit("an idea", to=FORUM, channel="discord")
    await die_in_mid_send(office, discord, after=0)
    assert await office.attempt() == "delivered"
    assert (await office.record(delivery_id)).history.duplicates_possible == 1
