"""What is handed back, put back, asked again or sent on: its spans, and what they link to."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fakes.channels.faults import Fault
from tests.fakes.otlp import CollectedSpan, orphans
from tests.harness.fleet import HOOK_TOKEN
from tests.system.tracing.conftest import Traced, gateway
from tests.system.tracing.test_one_trace import tree


def named(spans: Sequence[CollectedSpan], name: str) -> list[CollectedSpan]:
    """The spans of one name, in their order."""
    return sorted((s for s in spans if s.name == name), key=lambda span: span.start_ns)


def until(*names: str) -> Callable[[Sequence[CollectedSpan]], bool]:
    """Whether spans of these names are there, as many as named, and all that is above them."""
    wanted = Counter(names)
    return lambda spans: wanted <= Counter(span.name for span in spans) and not orphans(spans)


async def speaks(traced: Traced, run_id: str) -> None:
    """Return once a run is in the middle of its answer."""

    async def begun() -> bool:
        return bool((await traced.get(f"/v1/runs/{run_id}"))["last_sequence_number"] >= 4)

    await traced.fleet.until(begun, "the run speaks")


async def delivery_is(traced: Traced, run_id: str, status: str) -> str:
    """Return the delivery of a run once it has this status."""
    run = await traced.get(f"/v1/runs/{run_id}?wait=20")
    (delivery_id,) = run["delivery"]["ids"]

    async def reached() -> bool:
        return bool((await traced.get(f"/v1/deliveries/{delivery_id}"))["status"] == status)

    await traced.fleet.until(reached, f"the delivery is {status}")
    return str(delivery_id)


async def test_a_worker_that_drains_leaves_an_ended_attempt_that_is_no_error(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path, config={"worker": {"drainSeconds": 0}}) as traced:
        body, headers = await traced.hook("/fake text tokens=40 delay_ms=50")
        await speaks(traced, body["runId"])
        draining = traced.fleet.workers[0]
        traced.fleet.start_worker(environ=draining.environ)
        draining.process.send(signal.SIGTERM)
        spans = await traced.collector.trace(headers["x-trace-id"], until("send telegram"))
        first, second = named(spans, "process runs")
        outcomes = [span.attributes["openclaw.outcome"] for span in (first, second)]
        assert outcomes == ["handedback", "succeeded"]
        assert not [span for span in spans if span.failed]
        assert second.links == ((first.trace_id, first.span_id),)
        assert len(named(spans, "invoke_agent main")) == len(named(spans, "chat fake")) == 2


async def test_a_replayed_delivery_links_to_its_very_first_attempt_each_time(
    traced: Traced,
) -> None:
    traced.telegram.plan(Fault.permanent("chat"), Fault.permanent("chat"))
    body, headers = await traced.hook("/fake say hello")
    delivery_id = await delivery_is(traced, body["runId"], "failed")
    spans = await traced.collector.trace(headers["x-trace-id"], until("process deliveries"))
    (first,) = named(spans, "process deliveries")
    assert (first.failed, first.attributes["error.type"]) == (True, "delivery_failed")
    for ends_as in ("failed", "delivered"):
        _, replayed = await traced.ask("POST", f"/v1/deliveries/{delivery_id}/replay")
        await delivery_is(traced, body["runId"], ends_as)
        again = await traced.collector.trace(replayed["x-trace-id"], until("send telegram"))
        (sent,) = named(again, "send telegram")
        tried = named(again, "process deliveries")
        assert {span.links for span in tried} == {((first.trace_id, first.span_id),)}
        assert tried[-1].span_id == sent.parent_id
        assert tried[-1].failed is (ends_as == "failed")


async def test_a_dead_run_that_is_put_back_links_to_what_it_repeats(traced: Traced) -> None:
    body, headers = await traced.hook("/fake status code=400")
    await delivery_is(traced, body["runId"], "delivered")
    notified = until("process runs", "process deliveries")
    spans = await traced.collector.trace(headers["x-trace-id"], notified)
    (died,) = named(spans, "process runs")
    for path in (f"/v1/dead-letters/{body['runId']}/replay", f"/v1/runs/{body['runId']}/retry"):
        _, asked = await traced.ask("POST", path)
        notified = until("process runs", "send telegram")
        again = await traced.collector.trace(asked["x-trace-id"], notified)
        (repeated,) = named(again, "process runs")
        assert repeated.links == ((died.trace_id, died.span_id),)


async def test_what_an_agent_sends_on_is_below_the_tool_that_sent_it(tmp_path: Path) -> None:
    tools = {"profile": "full", "sessions": {"visibility": "all"}}
    async with gateway(tmp_path, config={"tools": tools}) as traced:
        args = {"sessionKey": "agent:main:other", "message": "hello", "timeoutSeconds": 5}
        asked = {"input": f"/fake tool name=sessions_send args={compact(args)}"}
        run, headers = await traced.ask("POST", "/v1/runs", asked)
        spans = await traced.collector.trace(
            headers["x-trace-id"],
            until("process runs", "process runs", "execute_tool sessions_send"),
        )
        assert ("send runs", "execute_tool sessions_send") in tree(spans)
        (other,) = (await traced.get("/v1/runs?session_key=agent:main:other"))["data"]
        assert other["trace_id"] == headers["x-trace-id"]

        async def is_kept() -> bool:
            kept = await shown(traced, other["id"])
            return {"send runs", "process runs", "invoke_agent main", "chat fake"} == set(kept)

        await traced.fleet.until(is_kept, "the other run is shown from its acceptance on")
        whole = await shown(traced, run["id"])
        assert whole.count("send runs") == 2
        assert whole.count("process runs") == 1


async def test_each_run_of_a_webhook_with_many_items_is_shown_by_itself(tmp_path: Path) -> None:
    mapping = {
        "match": {"path": "many"},
        "action": "agent",
        "forEach": "items",
        "messageTemplate": "/fake say {{items[0].text}}",
        "deliver": False,
    }
    hooks = {"enabled": True, "token": HOOK_TOKEN, "mappings": [mapping]}
    async with gateway(tmp_path, config={"hooks": hooks}) as traced:
        async with traced.fleet.session.post(
            f"{traced.fleet.ingresses[0].url}/hooks/many",
            json={"items": [{"text": "a"}, {"text": "b"}, {"text": "c"}]},
            headers={"X-OpenClaw-Token": HOOK_TOKEN},
        ) as answer:
            run_ids = (await answer.json())["runIds"]
            trace_id = answer.headers["x-trace-id"]
        spans = await traced.collector.trace(trace_id, until(*["process runs"] * 3))
        assert len(named(spans, "send runs")) == 3
        for run_id in run_ids:

            async def is_kept(run_id: str = run_id) -> bool:
                return len(await shown(traced, run_id)) >= 5

            await traced.fleet.until(is_kept, "the run's spans are kept")
            assert sorted(await shown(traced, run_id)) == [
                "POST /hooks/{name}",
                "chat fake",
                "invoke_agent main",
                "process runs",
                "send runs",
            ]


def compact(value: dict[str, object]) -> str:
    """JSON without spaces, as the fake provider's commands take it."""
    return json.dumps(value, separators=(",", ":"))


async def shown(traced: Traced, run_id: str) -> list[str]:
    """The names of the spans that a run is shown with."""
    kept = await traced.get(f"/v1/runs/{run_id}/trace")
    parts = kept["otlp"]["resourceSpans"] if "otlp" in kept else []
    return [span["name"] for part in parts for span in part["scopeSpans"][0]["spans"]]


async def test_refused_requests_leave_no_trace_in_redis(tmp_path: Path) -> None:
    async with gateway(tmp_path, config={"runs": {"maxQueued": 1}}) as traced:
        slow = {"input": "/fake text tokens=40 delay_ms=50"}
        run, headers = await traced.ask("POST", "/v1/runs", slow)
        refused = [await traced.ask("POST", "/v1/runs", slow) for _ in range(3)]
        assert all("error" in body for body, _ in refused)
        for _, told in refused:
            await traced.collector.trace(told["x-trace-id"], until("send runs", "POST /v1/runs"))
        await traced.get(f"/v1/runs/{run['id']}?wait=20")
        await traced.collector.trace(headers["x-trace-id"], until("process runs"))

        async def is_kept() -> bool:
            return len(await shown(traced, run["id"])) == 5

        await traced.fleet.until(is_kept, "the run's spans are kept")
        async with traced.fleet.redis() as client:
            kept = [key async for key in client.scan_iter("*:trace:*")]
        assert len(kept) == 1
