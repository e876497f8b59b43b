"""Spans: what stands in them, what never does, and how many there may be."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace as api

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.runtime import tracing, tracing_context
from openclaw_common.runtime.propagation import TraceContext
from openclaw_common.runtime.tracing import Kind, Tracer
from openclaw_common.runtime.tracing_encoding import Shared
from openclaw_common.runtime.tracing_fit import MAX_SPAN_BYTES
from openclaw_common.runtime.tracing_sampling import SamplerError, sampler_of
from tests.unit.tracing.recorded import Recorded, attributes

SECRET = "123456:AAbot-token"


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def test_a_span_is_read_back_as_it_was(recorded: Recorded) -> None:
    parent = TraceContext(b"t" * 16, b"p" * 8, True, "vendor=1")
    tracer = Tracer(recorded)
    span = tracer.start("process runs", Kind.CONSUMER, {"text": "ä", "no": -3}, parent=parent)
    span.put({"yes": True, "half": 0.5, "left_out": None, "many": ["a", "b"]})
    span.add_event("seen", {"what": "it"})
    span.links += (TraceContext(b"l" * 16, b"m" * 8),)
    span.end()
    span.put({"late": 1})
    span.end()
    (found,) = recorded.spans
    assert (found.trace_id, found.parent_span_id) == (b"t" * 16, b"p" * 8)
    assert (found.name, found.kind, found.trace_state) == ("process runs", 5, "vendor=1")
    assert attributes(found) == {"text": "ä", "no": -3, "yes": True, "half": 0.5}
    (many,) = [pair.value.array_value for pair in found.attributes if pair.key == "many"]
    assert [item.string_value for item in many.values] == ["a", "b"]
    assert [event.name for event in found.events] == ["seen"]
    assert [link.span_id for link in found.links] == [b"m" * 8]
    assert found.start_time_unix_nano <= found.end_time_unix_nano


def test_of_an_exception_only_its_type_is_kept(recorded: Recorded) -> None:
    tracer = Tracer(recorded)
    with (
        pytest.raises(RuntimeError),
        tracing.within(tracer.start("outer", Kind.SERVER)),
        tracing.inside("inner"),
    ):
        raise RuntimeError(f"https://api.telegram.org/bot{SECRET}/sendMessage")
    assert SECRET.encode() not in b"".join(recorded.bodies)
    assert [attributes(span)["error.type"] for span in recorded.spans] == ["RuntimeError"] * 2
    assert [span.status.code for span in recorded.spans] == [2, 2]


def test_a_failure_of_ours_is_named_by_its_code() -> None:
    assert tracing.error_type(InvalidRequest("no", code="too_long")) == "too_long"


def test_a_known_secret_leaves_in_no_name_attribute_or_event(recorded: Recorded) -> None:
    tracer = Tracer(recorded, secrets=[SECRET, SECRET[:8]])
    span = tracer.start(f"POST /bot{SECRET}", Kind.CLIENT, {"url.full": f"https://x/bot{SECRET}/y"})
    span.set_attribute("list", [SECRET])
    span.put({"many": [SECRET, "other"]})
    span.add_event("said", {"text": SECRET})
    span.end()
    assert SECRET[:8].encode() not in recorded.bodies[0]
    assert attributes(recorded.spans[0])["url.full"] == "https://x/bot[redacted]/y"


def test_past_the_bound_spans_are_left_out_and_nothing_hangs_in_the_air(
    recorded: Recorded,
) -> None:
    tracer = Tracer(recorded, max_spans=2)
    with tracing.within(tracer.start("root", Kind.SERVER)):
        for _ in range(3):
            with tracing.inside("a"), tracing.inside("b"):
                pass
    known = {span.span_id for span in recorded.spans}
    assert [span.name for span in recorded.spans] == ["b", "a", "root"]
    assert all(not s.parent_span_id or s.parent_span_id in known for s in recorded.spans)


def test_a_trace_that_is_not_recorded_is_handed_on_as_such(recorded: Recorded) -> None:
    tracer = Tracer(recorded, sampler=sampler_of({"OTEL_TRACES_SAMPLER": "always_off"}))
    with tracing.within(tracer.start("root", Kind.SERVER)), tracing.inside("below"):
        handed = tracing.handed_on()
    assert handed is not None
    assert handed.traceparent.endswith("-00")
    assert recorded.bodies == []


@pytest.mark.parametrize(
    ("sampler", "trace_id", "flag", "kept"),
    [
        ("parentbased_traceidratio", b"\xff" * 16, True, True),
        ("parentbased_traceidratio", bytes(15) + b"1", False, False),
        ("traceidratio", b"\xff" * 16, True, False),
        ("traceidratio", bytes(15) + b"1", False, True),
        ("always_on", b"\xff" * 16, False, True),
        ("always_off", b"\xff" * 16, True, False),
    ],
)
def test_a_trace_that_is_joined_later_is_sampled_as_one_that_is_begun_below_it(
    recorded: Recorded, sampler: str, trace_id: bytes, flag: bool, kept: bool
) -> None:
    environ = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": "0.5"}
    tracer = Tracer(recorded, sampler=sampler_of(environ))
    parent = TraceContext(trace_id, b"p" * 8, flag)
    for _ in range(8):
        # Of its own it would be sampled at times.
        span = tracer.start("POST /v1/runs", Kind.SERVER)
        span.join(parent)
        with tracing.within(span):
            handed = tracing.handed_on()
        assert handed is not None
        assert handed.sampled is kept
        tracer.start("process runs", Kind.CONSUMER, parent=handed).end()
    assert len(recorded.bodies) == (16 if kept else 0)


def test_samplers_decide_as_the_specification_says() -> None:
    ratio = sampler_of({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"})
    low, high = bytes(16), b"\xff" * 16
    assert [ratio(low, None), ratio(high, None), ratio(high, True)] == [True, False, False]
    by_parent = sampler_of({"OTEL_TRACES_SAMPLER": "parentbased_always_off"})
    assert [by_parent(low, None), by_parent(low, True)] == [False, True]
    for environ in (
        {"OTEL_TRACES_SAMPLER": "jaeger_remote"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
    ):
        with pytest.raises(SamplerError):
            sampler_of(environ)


async def test_tasks_are_below_the_span_they_were_started_in(recorded: Recorded) -> None:
    async def work() -> None:
        with tracing.inside("task"):
            await asyncio.sleep(0)

    with tracing.within(Tracer(recorded).start("root", Kind.SERVER)):
        await asyncio.gather(work(), work())
    root = next(span for span in recorded.spans if span.name == "root")
    assert [s.parent_span_id for s in recorded.spans if s.name == "task"] == [root.span_id] * 2


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's API shows our spans, and does no more once the test has ended."""
    monkeypatch.setattr(otel_context, "_RUNTIME_CONTEXT", otel_context._RUNTIME_CONTEXT)
    tracing_context.show(tracing.current)


@pytest.mark.usefixtures("shown")
def test_opentelemetrys_api_sees_the_current_span(recorded: Recorded) -> None:
    with tracing.within(Tracer(recorded).start("root", Kind.SERVER)):
        api.get_current_span().set_attribute("by", "somebody else")
        context = api.get_current_span().get_span_context()
    assert attributes(recorded.spans[0]) == {"by": "somebody else"}
    assert context.trace_id.to_bytes(16, "big") == recorded.spans[0].trace_id
    assert api.get_current_span() is api.INVALID_SPAN


def test_a_span_has_all_that_opentelemetrys_api_promises(recorded: Recorded) -> None:
    promised = {name for name in vars(api.Span) if not name.startswith("_")}
    with Tracer(recorded).start("root", Kind.SERVER) as span:
        assert isinstance(span, api.Span)
        assert {name for name in promised if not callable(getattr(span, name, None))} == set()
    assert len(recorded.spans) == 1


@pytest.mark.usefixtures("shown")
def test_a_span_of_somebody_else_is_theirs_until_ours_is_another(recorded: Recorded) -> None:
    theirs = api.NonRecordingSpan(api.SpanContext(1, 2, is_remote=False))
    key = otel_context.create_key("theirs")
    with tracing.within(Tracer(recorded).start("root", Kind.SERVER)) as root:
        token = otel_context.attach(otel_context.set_value(key, "kept"))
        with api.use_span(theirs):
            assert api.get_current_span() is theirs
            with tracing.inside("child") as child:
                assert api.get_current_span() is child
                assert otel_context.get_value(key) == "kept"
            assert api.get_current_span() is theirs
        assert api.get_current_span() is root
        otel_context.detach(token)
    assert api.get_current_span() is api.INVALID_SPAN


def test_attributes_that_are_told_later_are_those_of_the_span(recorded: Recorded) -> None:
    span = Tracer(recorded).start("root", Kind.SERVER, {"a": 1})
    span.later(lambda: {"b": 2, "none": None})
    span.end()
    span.later(lambda: {"c": 3})
    assert attributes(recorded.spans[0]) == {"a": 1, "b": 2}


def test_nothing_is_traced_where_nothing_traces() -> None:
    with tracing.inside("alone") as span:
        assert span is None
    assert tracing.handed_on() is None
    assert tracing.child_or_root("alone", Kind.PRODUCER, {}) is None


def test_what_may_begin_traces_does_and_what_did_not_happen_is_forgotten(
    recorded: Recorded,
) -> None:
    with tracing.beginning_traces(Tracer(recorded)):
        span = tracing.child_or_root("send runs", Kind.PRODUCER, {})
    assert span is not None
    span.settle(False)
    assert (recorded.bodies, recorded.forgot) == ([], [span])


@pytest.mark.parametrize(
    "texts", [["plain", SECRET, "plain"], ["plain", "x" * MAX_SPAN_BYTES], ["plain", "plain"]]
)
def test_spans_encoded_together_are_those_encoded_alone(
    recorded: Recorded, texts: list[str]
) -> None:
    tracer = Tracer(recorded, secrets=[SECRET])
    spans = [tracer.start("call", Kind.CLIENT, {"text": text}) for text in texts]
    for span in spans:
        span.end()
    together = tracer.messages(spans)
    assert together == recorded.bodies
    assert SECRET.encode() not in b"".join(together)
    assert max(map(len, together)) <= MAX_SPAN_BYTES


def test_what_many_spans_share_stands_in_each_and_without_secrets(recorded: Recorded) -> None:
    tracer = Tracer(recorded, secrets=[SECRET])
    shared = Shared({"gen_ai.request.model": "m", "url.full": f"https://x/{SECRET}"})
    span = tracer.start("call", Kind.CLIENT, {"own": 1}, shared=Shared({"kind": "LLM"}))
    with tracing.within(span), tracing.inside("chat m", Kind.CLIENT, {"own": 2}, shared):
        pass
    below, above = recorded.spans
    assert attributes(above) == {"kind": "LLM", "own": 1}
    assert attributes(below) == {
        "gen_ai.request.model": "m",
        "url.full": "https://x/[redacted]",
        "own": 2,
    }
