"""However a stream is cut and resumed, its reader gets the same frames, and never mixed text."""

from itertools import accumulate, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from openclaw_common.contracts.run_event import RunEvent
from tests.unit.ingress_chat.streams import (
    Frame,
    Recorder,
    calls_of,
    content_of,
    last_id,
    parse_sse,
    stream,
    view,
)

TEXT = st.text(
    st.sampled_from('ab"\\\n\té€😀\u2028\x00') | st.characters(exclude_categories=("Cs",)),
    max_size=8,
)
CALL = '{"city":"Köln \\"x\\"","n":[1,2,3]}'


def _pieces(text: str, borders: list[int]) -> list[str]:
    """Cut `text` at `borders`, taken modulo its length."""
    marks = sorted({0, len(text), *(border % (len(text) + 1) for border in borders)})
    return [text[a:b] for a, b in pairwise(marks)] or [""]


@st.composite
def run_streams(draw: st.DrawFn) -> tuple[list[RunEvent], str, bool]:
    """Return a run's events, the text of its last attempt, and whether every attempt repeats.

    Attempts say a growing part of one text, in pieces of their own; some say another.
    """
    text = "".join(draw(st.lists(TEXT, max_size=6)))
    with_call = draw(st.booleans())
    recorder = Recorder()
    faithful = True
    attempts = draw(st.integers(1, 3))
    for attempt in range(attempts):
        recorder.begin()
        said = text
        if attempt > 0 and draw(st.integers(0, 3)) == 0:
            said = draw(TEXT) + text[: draw(st.integers(0, len(text)))]
        borders = st.lists(st.integers(0, 200), max_size=5)
        last = attempt == attempts - 1
        whole = said if last else said[: draw(st.integers(0, len(said)))]
        faithful = faithful and (said == text)
        recorder.say(*_pieces(whole, draw(borders)))
        if draw(st.booleans()):
            recorder.add("reasoning.delta", {"delta": "hm"})
        if with_call and (last or draw(st.booleans())):
            arguments = CALL if last else CALL[: draw(st.integers(0, len(CALL)))]
            recorder.call(0, "c1", "f", *_pieces(arguments, draw(borders)))
    end = draw(st.sampled_from(["complete", "run.failed", "run.cancelled", "run.expired"]))
    if end == "complete":
        recorder.complete("tool_calls" if with_call else "stop")
    else:
        recorder.add(end, {})
    return recorder.events, said, faithful


@given(run_streams(), st.booleans(), st.lists(st.integers(0, 100_000), min_size=1, max_size=6))
def test_cut_at_any_bytes_and_resumed_the_frames_are_those_of_the_uncut_stream(
    run: tuple[list[RunEvent], str, bool], include_usage: bool, cuts: list[int]
) -> None:
    events, _, _ = run
    uncut = parse_sse(stream(events, include_usage=include_usage))
    got: list[Frame] = []
    for cut in cuts:
        rest = stream(events, include_usage=include_usage, starting_after=last_id(got))
        got += parse_sse(rest[: cut % (len(rest) + 1)])
        if got and got[-1].data == "[DONE]":
            break
    else:
        got += parse_sse(stream(events, include_usage=include_usage, starting_after=last_id(got)))
    assert got == uncut


@given(run_streams(), st.booleans())
def test_cut_at_every_byte_in_turn_the_frames_are_those_of_the_uncut_stream(
    run: tuple[list[RunEvent], str, bool], include_usage: bool
) -> None:
    events, _, _ = run
    whole = stream(events, include_usage=include_usage)
    uncut = parse_sse(whole)
    rests: dict[int, list[Frame]] = {}
    for cut in range(len(whole)):
        got = parse_sse(whole[:cut])
        after = last_id(got)
        if after not in rests:
            rests[after] = parse_sse(
                stream(events, include_usage=include_usage, starting_after=after)
            )
        assert got + rests[after] == uncut


@given(run_streams(), st.lists(st.integers(1, 5), min_size=1))
def test_however_events_are_batched_the_bytes_are_the_same(
    run: tuple[list[RunEvent], str, bool], sizes: list[int]
) -> None:
    events, _, _ = run
    chat = view()
    marks = [0, *accumulate(sizes), len(events)]
    batched = b"".join(chat.encode(events[a:b]) for a, b in pairwise(marks))
    assert batched == stream(events)


@given(run_streams())
@example((Recorder().begin().say("ab").begin().say("ac").complete().events, "ac", False))
def test_a_stream_gives_the_last_attempts_answer_or_breaks_off_without_mixing(
    run: tuple[list[RunEvent], str, bool],
) -> None:
    events, text, faithful = run
    frames = parse_sse(stream(events))
    interrupted = '"run_interrupted"' in frames[-2].data
    if not interrupted and events[-1].type == "run.completed":
        assert content_of(frames) == text
        assert all(call == ("c1", "f", CALL) for call in calls_of(frames).values())
    if faithful:
        assert text.startswith(content_of(frames))


@given(run_streams())
def test_an_attempt_that_repeats_the_others_is_never_broken_off(
    run: tuple[list[RunEvent], str, bool],
) -> None:
    events, _, faithful = run
    if faithful:
        assert '"run_interrupted"' not in stream(events).decode()


@given(run_streams(), st.booleans())
def test_every_frame_but_the_last_has_an_id_of_its_own(
    run: tuple[list[RunEvent], str, bool], include_usage: bool
) -> None:
    frames = parse_sse(stream(run[0], include_usage=include_usage))
    ids = [frame.id for frame in frames if frame.id is not None]
    assert ids == sorted(set(ids))
    assert [f for f in frames if f.id is None] in ([], frames[-1:])
    assert frames[-1].data == "[DONE]"
