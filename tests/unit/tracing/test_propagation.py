"""Trace context from headers and jobs: what is understood, and that the rest starts a new trace."""

from __future__ import annotations

import pytest

from openclaw_common.queue.job_queue import EXECUTE_RUN, arq_job, unpack
from openclaw_common.queue.job_trace import JobTrace, first_attempt
from openclaw_common.runtime.propagation import TraceContext, attempt_span_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True)]
)
def test_only_the_lowest_flag_says_that_a_trace_is_recorded(flags: str, sampled: bool) -> None:
    found = TraceContext.parse(f"00-{TRACE}-{SPAN}-{flags}")
    assert found == TraceContext(bytes.fromhex(TRACE), bytes.fromhex(SPAN), sampled)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "rubbish",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0",
    ],
)
def test_a_malformed_header_is_no_context(header: str) -> None:
    assert TraceContext.parse(header) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    found = TraceContext.parse(f"cc-{TRACE}-{SPAN}-01-what-will-be")
    assert found is not None
    assert found.traceparent == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("state", ["x" * 513, "a=\n", "a=\u00e4"])
def test_a_tracestate_that_is_too_long_or_no_ascii_is_dropped_alone(state: str) -> None:
    found = TraceContext.parse(f"00-{TRACE}-{SPAN}-01", state)
    assert found is not None
    assert found.state == ""


def test_what_a_job_carries_is_read_back() -> None:
    parent = TraceContext(bytes.fromhex(TRACE), bytes.fromhex(SPAN), True, "vendor=1")
    trace = JobTrace(parent, "run_1", TraceContext(bytes.fromhex(TRACE), b"12345678"))
    assert JobTrace.of(unpack(arq_job(EXECUTE_RUN, "run_1", trace))) == trace


def test_a_job_without_a_trace_is_arqs_own_and_one_with_it_has_no_argument_more() -> None:
    assert JobTrace.of(unpack(arq_job(EXECUTE_RUN, "run_1"))) == JobTrace()
    parent = TraceContext(bytes.fromhex(TRACE), bytes.fromhex(SPAN))
    plain = unpack(arq_job(EXECUTE_RUN, "run_1"))
    traced = unpack(arq_job(EXECUTE_RUN, "run_1", JobTrace(parent)))
    assert set(traced) - set(plain) == {"trace"}
    assert (traced["a"], traced["k"]) == (plain["a"], plain["k"])


@pytest.mark.parametrize(
    "carried",
    [
        None,
        [],
        {"parent": b"short", "run": b"x", "link": [1]},
        {"parent": "x" * 29},
        {"parent": b"\0" * 29},
    ],
)
def test_a_trace_that_makes_no_sense_is_none(carried: object) -> None:
    assert JobTrace.of({"trace": carried}) == JobTrace()


def test_the_first_attempts_span_follows_from_the_record() -> None:
    trace = bytes.fromhex(TRACE)
    assert first_attempt(None, "run_1") is None
    assert first_attempt(TRACE, "run_1") == TraceContext(trace, attempt_span_id(trace, "run_1", 1))
    assert attempt_span_id(trace, "run_1", 1) != attempt_span_id(trace, "run_1", 2)
    assert attempt_span_id(trace, "run_1", 1) != attempt_span_id(trace, "run_2", 1)
