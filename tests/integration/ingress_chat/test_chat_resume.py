"""A stream goes on where its client lost it, on any replica; nothing is lost, doubled or mixed."""

import asyncio
import contextlib
import random

import aiohttp
import pytest

from openclaw_common.contracts.run import RunStatus
from tests.integration.ingress_chat.gateway import CHAT, Execution, Gateway, Replica
from tests.unit.ingress_chat.streams import Frame, content_of, last_id, parse_sse

WORDS = [f"wörd-{n} " for n in range(40)]
TEXT = "".join(WORDS)


async def _long_answer(run: Execution) -> None:
    for word in WORDS:
        await run.say(word)
    await run.complete()


async def _read_some(replica: Replica, path: str, size: int, **options: object) -> bytes:
    """Return about `size` bytes of a stream, then leave it."""
    raw = b""
    async with replica.get(path, **options) as response:
        assert response.status == 200, await response.text()
        while len(raw) < size and (more := await response.content.read(size - len(raw))):
            raw += more
    return raw


@pytest.mark.parametrize("usage", ["", "&include_usage=true"])
async def test_cut_at_random_bytes_and_resumed_elsewhere_the_frames_are_the_same(
    gateway: Gateway, usage: str
) -> None:
    gateway.script = _long_answer
    dice = random.Random(7)
    body = {"stream": True, "stream_options": {"include_usage": bool(usage)}}
    async with asyncio.timeout(20), gateway.one.post(body) as response:
        path = f"{CHAT}/{response.headers['x-run-id'].replace('run_', 'chatcmpl_')}?stream=true"
        raw = await response.content.read(dice.randrange(1, 400))
    got = parse_sse(raw)
    while not got or got[-1].data != "[DONE]":
        resumed = f"{path}&starting_after={last_id(got)}{usage}"
        replica = dice.choice(gateway.replicas)
        got += parse_sse(await _read_some(replica, resumed, dice.randrange(1, 3000)))
    async with gateway.other.get(path + usage) as response:
        uncut = parse_sse(await response.read())
    assert got == uncut
    assert content_of(got) == TEXT


async def test_the_last_event_id_header_resumes_too_and_wins(gateway: Gateway) -> None:
    response, raw = await gateway.one.stream()
    path = f"{CHAT}/{response.headers['x-run-id']}?stream=1&starting_after=1"
    async with gateway.other.get(path, headers={"Last-Event-ID": "3"}) as resumed:
        frames = parse_sse(await resumed.read())
        assert resumed.headers["x-run-id"] == response.headers["x-run-id"]
    assert frames == [f for f in parse_sse(raw) if f.id is None or f.id > 3]


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "0x1", "9" * 16, "1 2"])
async def test_an_id_that_is_no_number_is_refused(gateway: Gateway, given: str) -> None:
    response, _ = await gateway.one.ask()
    path = f"{CHAT}/{response.headers['x-run-id']}?stream=true"
    response, body = await gateway.one.read(path, headers={"Last-Event-ID": given})
    assert (response.status, body["error"]["code"]) == (400, "invalid_last_event_id")


async def test_an_id_that_a_running_run_has_not_reached_is_refused(gateway: Gateway) -> None:
    async def wait(run: Execution) -> None:
        await asyncio.Event().wait()

    gateway.script = wait
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await response.content.readuntil(b"\n\n")
        path = f"{CHAT}/{response.headers['x-run-id']}?stream=true&starting_after=99"
        refused, body = await gateway.other.read(path)
        assert (refused.status, body["error"]["code"]) == (400, "invalid_last_event_id")


async def test_a_stream_whose_events_are_gone_is_told_from_the_record(gateway: Gateway) -> None:
    response, raw = await gateway.one.stream()
    run_id = response.headers["x-run-id"]
    await _forget_events(gateway, run_id)
    path = f"{CHAT}/{run_id}?stream=true"
    async with gateway.other.get(path) as again:
        assert content_of(parse_sse(await again.read())) == content_of(parse_sse(raw))
    async with gateway.other.get(path + f"&starting_after={last_id(parse_sse(raw))}") as end:
        assert await end.read() == b"data: [DONE]\n\n"
    gone, body = await gateway.other.read(path + "&starting_after=2")
    assert (gone.status, body["error"]["code"]) == (410, "stream_expired")


async def test_without_streaming_a_finished_completion_is_read_by_its_id(gateway: Gateway) -> None:
    _, body = await gateway.one.ask()
    for any_id in (body["id"], body["id"].replace("chatcmpl_", "run_")):
        response, again = await gateway.other.read(f"{CHAT}/{any_id}")
        assert (response.status, again) == (200, body)


async def test_without_streaming_an_unfinished_completion_does_not_exist_yet(
    gateway: Gateway,
) -> None:
    async def wait(run: Execution) -> None:
        await asyncio.Event().wait()

    gateway.script = wait
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        refused, body = await gateway.one.read(f"{CHAT}/{response.headers['x-run-id']}")
    assert (refused.status, body["error"]["code"]) == (404, "run_in_progress")


@pytest.mark.parametrize(
    "any_id",
    ["chatcmpl_123e4567-e89b-42d3-a456-426614174000", "run_x", "chatcmpl-1", "..%2f..", "%00", "ü"],
)
async def test_an_unknown_id_is_not_found(gateway: Gateway, any_id: str) -> None:
    for path in (f"{CHAT}/{any_id}", f"{CHAT}/{any_id}?stream=true", f"/v1/runs/{any_id}"):
        response, body = await gateway.one.read(path)
        assert (response.status, body["error"]["code"]) == (404, "run_not_found")


async def test_an_attempt_that_repeats_the_one_before_it_cannot_be_seen(gateway: Gateway) -> None:
    async def twice(run: Execution) -> None:
        if run.lease.attempt == 1:
            await run.say("Hel", "lo wo")
            await run.lease.release()
        else:
            await run.say("Hello", " world")
            await run.complete()

    gateway.script = twice
    _, raw = await gateway.one.stream()
    frames = parse_sse(raw)
    assert content_of(frames) == "Hello world"
    assert frames[-1].data == "[DONE]"
    assert not [frame for frame in frames if "error" in frame.data]


async def test_an_attempt_that_says_something_else_ends_the_stream_and_then_the_run(
    gateway: Gateway,
) -> None:
    async def differently(run: Execution) -> None:
        if run.lease.attempt == 1:
            await run.say("Hello")
            await run.lease.release()
        else:
            await run.say("Help")
            await asyncio.Event().wait()

    gateway.script = differently
    response, raw = await gateway.one.stream()
    frames = parse_sse(raw)
    assert content_of(frames) == "Hello"
    assert frames[-2].json()["error"]["code"] == "run_interrupted"
    await gateway.reach(response.headers["x-run-id"], RunStatus.CANCELLED)


@pytest.mark.parametrize("limits", [{"ingress": {"stream_buffer_bytes": 20_000}}])
async def test_a_client_that_reads_too_slowly_is_cut_and_can_resume(gateway: Gateway) -> None:
    blob = "x" * 10_000
    sent = asyncio.Event()

    async def flood(run: Execution) -> None:
        for _ in range(300):
            await run.say(blob)
        sent.set()
        await run.complete()

    gateway.script = flood
    async with asyncio.timeout(20):
        async with gateway.one.post(
            {"stream": True}, headers={"x-openclaw-on-disconnect": "continue"}
        ) as response:
            run_id = response.headers["x-run-id"]
            await sent.wait()
            got = parse_sse(await _read_until_broken_off(response))
        assert len(content_of(got)) < 300 * len(blob)
        got += await _rest(gateway.other, run_id, got)
    assert content_of(got) == blob * 300
    assert [f.id for f in got][:-1] == [1, *range(3, 304)]


async def _read_until_broken_off(response: aiohttp.ClientResponse) -> bytes:
    raw = b""
    with contextlib.suppress(aiohttp.ClientPayloadError):
        while True:
            more = await response.content.readany()
            assert more, "the stream ended as if it were whole"
            raw += more
    return raw


async def _rest(replica: Replica, run_id: str, got: list[Frame]) -> list[Frame]:
    path = f"{CHAT}/{run_id}?stream=true&starting_after={last_id(got)}"
    async with replica.get(path) as response:
        return parse_sse(await response.read())


async def _forget_events(gateway: Gateway, run_id: str) -> None:
    store = gateway.store
    await store.client.execute("DEL", store.keys.events(store.streams.kind, run_id))
