"""Handing spans on: in batches, bounded, and with one warning where nobody takes them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

import pytest

from openclaw_common.runtime.log_context import log_context, logged_ids
from openclaw_common.runtime.tracing_encoding import Origin
from openclaw_common.runtime.tracing_otlp import OtlpOutlet
from openclaw_common.runtime.tracing_pipeline import Ended, Outlet, OutletError
from tests.fakes.otlp import FakeCollector
from tests.harness.processes import free_port

ORIGIN = Origin.of({"service.name": "x"}, "1")
SPAN = Ended(("run_1",), ORIGIN, b"\x12\x00")


class Taker:
    """An outlet's other side."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Ended]] = []
        self.refuses = False

    async def send(self, batch: Sequence[Ended]) -> None:
        if self.refuses:
            raise OutletError("it is away")
        self.batches.append(batch)


async def test_what_ends_within_a_moment_goes_out_together() -> None:
    taker = Taker()
    outlet = Outlet("test", taker.send, flush_s=0.05, most=100)
    for _ in range(20):
        outlet.put(SPAN)
    await outlet.close(1)
    assert [len(batch) for batch in taker.batches] == [20]


async def test_past_the_bound_spans_are_dropped() -> None:
    taker = Taker()
    outlet = Outlet("test", taker.send, flush_s=0.05, most=10)
    for _ in range(20):
        outlet.put(SPAN)
    await outlet.close(1)
    assert sum(map(len, taker.batches)) == 10


async def test_a_full_batch_waits_for_no_more() -> None:
    taker = Taker()
    outlet = Outlet("test", taker.send, flush_s=3600, most=100)
    for _ in range(50):
        outlet.put(SPAN)
    async with asyncio.timeout(5):
        while not taker.batches:
            await asyncio.sleep(0.001)
    assert len(taker.batches[0]) == 50
    outlet.put(SPAN)
    await outlet.close(1)
    assert [len(batch) for batch in taker.batches] == [50, 1]


async def test_spans_that_come_together_are_not_too_many_for_a_small_bound() -> None:
    taker = Taker()
    outlet = Outlet("test", taker.send, flush_s=3600, most=1)
    outlet.put(SPAN._replace(spans=3))
    outlet.put(SPAN)
    await outlet.close(1)
    assert [ended.spans for batch in taker.batches for ended in batch] == [3]


async def test_an_overflow_is_told_as_such_and_not_every_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    taker = Taker()
    outlet = Outlet("test", taker.send, flush_s=0.001, most=10)
    for batches in (1, 2):
        for _ in range(13):
            outlet.put(SPAN)
        async with asyncio.timeout(5):
            while len(taker.batches) < batches:
                await asyncio.sleep(0.001)
    await outlet.close(1)
    (told,) = caplog.records
    assert (told.message, told.levelname) == ("tracing.overflowed", "WARNING")
    assert told.__dict__["dropped_spans"] == 3


async def test_an_outage_is_one_warning_and_its_end_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    taker = Taker()
    taker.refuses = True
    outlet = Outlet("test", taker.send, flush_s=0.001, most=10)
    for _ in range(5):
        outlet.put(SPAN)
        await asyncio.sleep(0.02)
    taker.refuses = False
    outlet.put(SPAN)
    await outlet.close(1)
    assert [record.message for record in caplog.records] == [
        "tracing.not_exported",
        "tracing.exported_again",
    ]
    assert caplog.records[1].__dict__["dropped_spans"] == 5


async def test_an_outage_is_not_told_with_the_ids_of_who_happened_to_be_traced() -> None:
    told: list[dict[str, object]] = []

    class Ids(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(dict(logged_ids()))

    handler, taker = Ids(), Taker()
    taker.refuses = True
    logging.getLogger().addHandler(handler)
    outlet = Outlet("test", taker.send, flush_s=0.001, most=10)
    try:
        with log_context(run_id="run_1"):
            outlet.put(SPAN)
        await outlet.close(1)
    finally:
        logging.getLogger().removeHandler(handler)
    assert told == [{}]


async def test_an_unreachable_collector_costs_one_warning_and_no_time_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    otlp = OtlpOutlet(f"http://127.0.0.1:{free_port()}/v1/traces")
    outlet = Outlet("otlp", otlp.send, flush_s=0.001, most=10)
    outlet.put(SPAN)
    await asyncio.sleep(0.3)
    outlet.put(SPAN)
    began = time.monotonic()
    await outlet.close(0.2)
    otlp.close()
    assert time.monotonic() - began < 1
    assert [record.levelname for record in caplog.records] in ([], ["WARNING"])


async def test_what_nobody_foresaw_is_told_once_and_spans_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    taken: list[int] = []
    odd = [KeyError("odd"), KeyError("odd")]

    async def send(batch: Sequence[Ended]) -> None:
        if odd:
            raise odd.pop()
        taken.append(len(batch))

    outlet = Outlet("test", send, flush_s=0.001, most=10)
    async with asyncio.timeout(5):
        while not taken:
            outlet.put(SPAN)
            await asyncio.sleep(0.005)
    await outlet.close(1)
    assert caplog.messages == ["tracing.not_exported", "tracing.exported_again"]
    assert caplog.records[0].exc_info is not None


async def test_an_exporter_that_breaks_in_its_thread_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(endpoint: str) -> None:
        raise KeyError(endpoint)

    monkeypatch.setattr("openclaw_common.runtime.tracing_otlp._load", broken)
    async with asyncio.timeout(5):
        with pytest.raises(OutletError, match="KeyError"):
            await OtlpOutlet("http://127.0.0.1:1").send([SPAN])


async def test_a_collector_that_hangs_holds_up_nobody() -> None:
    async with FakeCollector() as collector:
        collector.hangs = True
        otlp = OtlpOutlet(f"{collector.base_url}/v1/traces")
        outlet = Outlet("otlp", otlp.send, flush_s=0.001, most=10)
        outlet.put(SPAN)
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await outlet.close(0.2)
        otlp.close()
        assert time.monotonic() - began < 1


async def test_a_batch_arrives_as_protobuf_with_the_headers_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    async with FakeCollector() as collector:
        otlp = OtlpOutlet(f"{collector.base_url}/v1/traces")
        await otlp.send([SPAN, SPAN])
        otlp.close()
        assert [span.service for span in collector.spans] == ["x", "x"]
        assert collector.headers[0]["x-tenant"] == "blue"
        assert collector.headers[0]["Content-Encoding"] == "gzip"
