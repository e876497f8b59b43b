"""One process receives for an account; who takes over goes on where it left off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from openclaw_channels.inbound import Accept, Receiver, ReceiverFailure
from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.inbound.intake import Intake
from openclaw_common.inbound.rules import AccountRules
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.inbound import Inbound
from openclaw_common.store.receivers import Receivers
from openclaw_common.store.store import Store
from openclaw_delivery.receivers.accounts import ReceivingAccount
from openclaw_delivery.receivers.connection import Connection, ReceivingContext
from openclaw_delivery.worker import DeliveryService
from tests.fakes.channels.parrot import FakeParrot, Written
from tests.fakes.parrot_plug import PLUGIN
from tests.harness.chats import parrot_config
from tests.unit.inbound.support import direct

FAST = {"receiverLeaseMs": 1000, "receiverRenewMs": 100, "receiverBackoffMs": 50}
ACCOUNTS = ("parrot:a", "parrot:b", "parrot:c", "parrot:d")
NOTHING: dict[str, int] = {}


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    config = Config.model_validate({"redis": {"url": valkey_url}})
    store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
    yield store
    await store.close()


@pytest.fixture
def leases(store: Store) -> Receivers:
    return store.receivers


async def test_an_account_is_given_to_one_process_until_its_lease_runs_out(
    leases: Receivers,
) -> None:
    first = await leases.keep("p1", ACCOUNTS[:1], NOTHING, 0.2)
    assert first.taken["parrot:a"].fence == 1
    assert (await leases.keep("p2", ACCOUNTS[:1], NOTHING, 5)).taken == {}
    async with asyncio.timeout(5):
        while not (kept := await leases.keep("p2", ACCOUNTS[:1], NOTHING, 5)).taken:
            await asyncio.sleep(0.02)
    assert kept.taken["parrot:a"].fence == 2
    assert (await leases.keep("p1", ACCOUNTS[:1], {"parrot:a": 1}, 5)).lost == {"parrot:a"}


async def test_only_the_holder_moves_the_cursor_and_who_follows_reads_it(
    leases: Receivers,
) -> None:
    await leases.keep("p1", ACCOUNTS[:1], NOTHING, 5)
    assert await leases.move_cursor("p1", "parrot:a", 1, "17")
    await leases.give("p1", {"parrot:a": 1})
    taken = (await leases.keep("p2", ACCOUNTS[:1], NOTHING, 5)).taken["parrot:a"]
    assert (taken.fence, taken.cursor) == (2, "17")
    assert not await leases.move_cursor("p1", "parrot:a", 1, "18")
    assert await leases.move_cursor("p2", "parrot:a", 2, "19")


async def test_accounts_are_spread_over_the_processes(leases: Receivers) -> None:
    await leases.keep("p2", (), NOTHING, 5)
    one = await leases.keep("p1", ACCOUNTS, NOTHING, 5)
    two = await leases.keep("p2", ACCOUNTS, NOTHING, 5)
    assert (one.share, two.share) == (2, 2)
    assert sorted([*one.taken, *two.taken]) == sorted(ACCOUNTS)


async def test_what_a_dead_process_held_is_given_back_by_its_name(leases: Receivers) -> None:
    await leases.keep("p1", ACCOUNTS, NOTHING, 60)
    assert await leases.give_all("p1") == 4
    assert len((await leases.keep("p2", ACCOUNTS, NOTHING, 5)).taken) == 4


@asynccontextmanager
async def process(
    valkey_url: str, channels: dict[str, Any], name: str
) -> AsyncIterator[DeliveryService]:
    """A delivery process's worth of receivers."""
    config = Config.model_validate(
        {"redis": {"url": valkey_url}, "channels": channels, "inbound": FAST}
    )
    store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
    service = DeliveryService(
        config, store, worker_id=name, environ={}, channels={"parrot": PLUGIN}
    )
    await service.start()
    try:
        yield service
    finally:
        await service.stop()
        await store.close()


async def runs(store: Store, count: int) -> list[str]:
    """The runs, once there are so many."""
    key = store.keys.index("run")
    async with asyncio.timeout(5):
        while len(found := await store.client.execute("ZRANGE", key, 0, -1)) < count:
            await asyncio.sleep(0.02)
    return [run.decode() for run in found]


async def test_an_account_is_left_to_another_process_at_once_by_one_that_drains(
    valkey_url: str, store: Store
) -> None:
    async with FakeParrot() as parrot, AsyncExitStack() as stack:
        channels = parrot_config(parrot.base_url, mode="poll")
        first = await stack.enter_async_context(process(valkey_url, channels, "one"))
        async with asyncio.timeout(5):
            await parrot.connected()
        await stack.enter_async_context(process(valkey_url, channels, "two"))
        await parrot.write(Written("one"))
        await runs(store, 1)
        await first.drain(1)
        await parrot.write(Written("two"))
        assert len(await runs(store, 2)) == 2
        assert set((await store.receivers.holders()).values()) == {"two"}


async def test_two_processes_share_the_accounts_of_a_channel(valkey_url: str, store: Store) -> None:
    async with FakeParrot() as parrot, AsyncExitStack() as stack:
        channels = parrot_config(parrot.base_url, mode="poll", accounts={"a": {}, "b": {}})
        await stack.enter_async_context(process(valkey_url, channels, "one"))
        async with asyncio.timeout(5):
            await parrot.connected("a")
            await parrot.connected("b")
            await stack.enter_async_context(process(valkey_url, channels, "two"))
            while set((await store.receivers.holders()).values()) != {"one", "two"}:
                await asyncio.sleep(0.02)
            await parrot.connected("a", polls=1)
        for account in ("a", "b"):
            await parrot.write(Written(chat=account), account)
        assert len(await runs(store, 2)) == 2


async def test_accounts_are_kept_again_after_what_nobody_foresaw(
    valkey_url: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    processes = store.keys.receiver_processes
    await store.client.execute("SET", processes, "of another type")
    async with FakeParrot() as parrot:
        channels = parrot_config(parrot.base_url, mode="poll")
        async with process(valkey_url, channels, "one"), asyncio.timeout(5):
            while "accounts_not_kept" not in caplog.messages:
                await asyncio.sleep(0.02)
            await store.client.execute("DEL", processes)
            await parrot.connected()


class Scripted:
    """A receiver that does what a test says; None is a message."""

    def __init__(self, *steps: BaseException | None) -> None:
        self.steps = list(steps)
        self.cursors: list[str | None] = []

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        self.cursors.append(cursor)
        number = len(self.cursors)
        step = self.steps.pop(0)
        if step is not None:
            raise step
        messages: Sequence[InboundMessage] = [direct(channel="parrot", event_id=str(number))]
        await accept(messages, str(number))


class Done(BaseException):
    """Ends a connection's task."""


def connection(
    store: Store,
    receiver: Receiver,
    waits: list[float],
    fence: int,
    now: Callable[[], float] = lambda: 0.0,
) -> Connection:
    async def wait(seconds: float) -> None:
        waits.append(seconds)

    config = Config.model_validate({"channels": {"parrot": {}}})
    context = ReceivingContext(
        "p1",
        Inbound(),
        Intake(config, store),
        store.receivers,
        sleep=wait,
        random=lambda: 0.5,
        now=now,
    )
    rules = AccountRules("parrot", "a", {"dmPolicy": "open", "allowFrom": ["*"]}, {})
    return Connection(context, ReceivingAccount(receiver, rules), fence, None)


async def test_a_connection_that_fails_is_tried_again_later_and_later(
    store: Store, leases: Receivers
) -> None:
    await leases.keep("p1", ACCOUNTS[:1], NOTHING, 60)
    waits: list[float] = []
    receiver = Scripted(
        ReceiverFailure("no"),
        ReceiverFailure("no"),
        ReceiverFailure("wait", retry_after_s=7),
        None,
        ReceiverFailure("revoked", permanent=True),
        Done(),
    )
    with pytest.raises(Done):
        await connection(store, receiver, waits, fence=1).run()
    assert waits == [1, 2, 7, 1, 300]
    assert receiver.cursors == [None, None, None, None, "4", "4"]


class Held:
    """A connection without a cursor, whose Nth lasts `lasts[N]` seconds and brings a message or
    none."""

    def __init__(self, *lasts: tuple[float, bool]) -> None:
        self.now = 0.0
        self._lasts = iter(lasts)

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        for seconds, brings in self._lasts:
            self.now += seconds
            if brings:
                await accept([direct(channel="parrot", event_id=str(self.now))], None)
            raise ReceiverFailure("broke")
        raise Done


async def test_a_connection_that_held_is_had_again_soon_though_it_has_no_cursor(
    store: Store, leases: Receivers
) -> None:
    await leases.keep("p1", ACCOUNTS[:1], NOTHING, 60)
    waits: list[float] = []
    held = Held((1, False), (1, False), (3600, False), (1, False), (1, True), (1, False))
    with pytest.raises(Done):
        await connection(store, held, waits, fence=1, now=lambda: held.now).run()
    assert waits == [1, 2, 1, 2, 1, 2]


async def test_a_holder_that_was_superseded_admits_nothing_twice_and_leaves_off(
    store: Store, leases: Receivers
) -> None:
    await leases.keep("p1", ACCOUNTS[:1], NOTHING, 60)
    await leases.give("p1", {"parrot:a": 1})
    await leases.keep("p2", ACCOUNTS[:1], NOTHING, 60)
    async with asyncio.timeout(5):
        await connection(store, Scripted(None), [], fence=1).run()
    assert (await leases.keep("p2", ACCOUNTS[:1], {"parrot:a": 2}, 5)).lost == frozenset()
    assert len(await runs(store, 1)) == 1
