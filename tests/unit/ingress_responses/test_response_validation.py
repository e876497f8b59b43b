"""Each fault of a responses body gets its text of contract §1.4, and what is no fault gets none."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import RunRequest
from openclaw_ingress.schemas.response_request import PreviousResponse
from tests.unit.ingress_responses.response_requests import PNG, parse, refusal, run_of, saying

TOOL: dict[str, Any] = {"type": "function", "name": "weather"}
USER = {"role": "user", "content": "x"}
OUTPUT = {"type": "function_call_output"}
BAD_TOOLS = "invalid tool configuration"
BAD_MEDIA = "invalid request"
NO_USER = "Missing user message in `input`."
STRING, NUMBER, BOOLEAN, RECORD = (
    f"Invalid input: expected {kind}, received"
    for kind in ("string", "number", "boolean", "object")
)


def image(**part: Any) -> dict[str, Any]:
    return saying({"type": "input_image", **part})


def file(**part: Any) -> dict[str, Any]:
    return saying({"type": "input_file", **part})


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"model": ...}, f"model: {STRING} undefined"),
    ({"model": None}, f"model: {STRING} undefined"),
    ({"model": 5}, f"model: {STRING} number"),
    ({"model": " "}, "Missing `model`."),
    ({"surprise": 1}, 'Unrecognized key: "surprise"'),
    ({"conversation": "c", "prompt": {}}, 'Unrecognized keys: "conversation", "prompt"'),
    ({"messages": []}, 'Unrecognized key: "messages"'),
    ({"instructions": 1}, f"instructions: {STRING} number"),
    ({"user": []}, f"user: {STRING} array"),
    ({"stream": "yes"}, f"stream: {BOOLEAN} string"),
    ({"store": 1}, f"store: {BOOLEAN} number"),
    ({"background": "x"}, f"background: {BOOLEAN} string"),
    ({"max_output_tokens": "9"}, f"max_output_tokens: {NUMBER} string"),
    ({"max_output_tokens": 0}, "max_output_tokens: Too small: expected number to be >0"),
    ({"max_output_tokens": 1.5}, "max_output_tokens: Invalid input: expected int, received number"),
    ({"max_tool_calls": -1}, "max_tool_calls: Too small: expected number to be >0"),
    ({"temperature": 2.1}, "temperature: Too big: expected number to be <=2"),
    ({"temperature": -1}, "temperature: Too small: expected number to be >=0"),
    ({"top_p": True}, f"top_p: {NUMBER} boolean"),
    ({"top_p": 1.01}, "top_p: Too big: expected number to be <=1"),
    ({"metadata": []}, f"metadata: {RECORD} array"),
    ({"metadata": {"k": 1}}, f"metadata.k: {STRING} number"),
    ({"truncation": "x"}, 'truncation: Invalid option: expected one of "auto"|"disabled"'),
    ({"reasoning": "high"}, f"reasoning: {RECORD} string"),
    (
        {"reasoning": {"effort": "huge"}},
        'reasoning.effort: Invalid option: expected one of "none"|"minimal"|"low"|"medium"|"high"'
        '|"xhigh"|"max"',
    ),
    (
        {"reasoning": {"summary": 1}},
        'reasoning.summary: Invalid option: expected one of "auto"|"concise"|"detailed"',
    ),
    ({"text": "x"}, f"text: {RECORD} string"),
    ({"text": {"format": {}}}, "text.format.type: Invalid input"),
    (
        {"text": {"format": {"type": "xml"}}},
        'text.format.type: Invalid option: expected one of "text"|"json_object"|"json_schema"',
    ),
    ({"text": {"format": {"type": "json_schema"}}}, f"text.format.schema: {RECORD} null"),
    (
        {"multitask_strategy": "argue"},
        'multitask_strategy: Invalid option: expected one of "enqueue"|"reject"|"interrupt"'
        '|"collect"',
    ),
    ({"previous_response_id": 7}, f"previous_response_id: {STRING} number"),
    ({"model": "openclaw/nobody"}, "Unknown agent 'nobody'."),
    ({"tools": {}}, "tools: Invalid input: expected array, received object"),
    *(
        ({"tools": [tool]}, BAD_TOOLS)
        for tool in (1, None, {}, {"type": "web_search"}, {"type": "function"}, {**TOOL, "name": 1})
    ),
    ({"tools": [{"type": "function", "function": {"name": "nested"}}]}, BAD_TOOLS),
    *(
        ({"tools": [TOOL], "tool_choice": choice}, BAD_TOOLS)
        for choice in (
            "sometimes",
            1,
            {},
            {"type": "allowed_tools", "tools": []},
            {"type": "function", "name": "other"},
            {"type": "function", "function": {"name": ""}},
        )
    ),
    ({"tool_choice": "required"}, BAD_TOOLS),
    *(({"input": value}, NO_USER) for value in (..., None, [], "", "  ")),
    *(({"input": value}, "input: Invalid input") for value in (1, {}, True)),
    ({"input": ["hi"]}, "input.0: Invalid input"),
    (
        {"input": [{"role": "user", "content": "x"}, {"type": "song"}]},
        "input.1.type: Invalid input",
    ),
    ({"input": [{"content": "x"}]}, "input.0.type: Invalid input"),
    ({"input": [{"type": []}]}, "input.0.type: Invalid input"),
    (
        {"input": [{"role": "poet", "content": "x"}]},
        'input.0.role: Invalid option: expected one of "system"|"developer"|"user"|"assistant"',
    ),
    ({"input": [{"role": "user"}]}, "input.0.content: Invalid input"),
    (saying({"type": "input_audio"}), "input.0.content.0.type: Invalid input"),
    (saying({"type": "input_text", "text": 1}), f"input.0.content.0.text: {STRING} number"),
    (saying({"type": "output_text", "text": "mine"}, role="assistant"), NO_USER),
    (saying({"type": "input_text", "text": "be kind"}, role="system"), NO_USER),
    (
        {"input": [{"type": "reasoning", "summary": []}, {"type": "item_reference", "id": "x"}]},
        NO_USER,
    ),
    ({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, NO_USER),
    ({"input": [{"type": "function_call", "arguments": ""}]}, f"input.0.name: {STRING} undefined"),
    (
        {"input": [{"type": "function_call_output", "output": ""}]},
        f"input.0.call_id: {STRING} undefined",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "c"}]},
        "input.0.output: Invalid input",
    ),
    *(
        (image(**part), BAD_MEDIA)
        for part in (
            {},
            {"source": 1},
            {"source": {"type": "url"}},
            {"source": {"type": "base64", "media_type": "image/png"}},
            {"source": {"type": "base64", "media_type": "image/png", "data": "%%%"}},
            {"image_url": "data:image/png;base64,AAA"},
            {"image_url": "data:text/plain;base64,aGk="},
            {"image_url": "ftp://host.example/x.png"},
            {"image_url": "http://127.0.0.1/x.png"},
            {"source": {"type": "url", "url": "http://[::1]/x.png"}},
        )
    ),
    *(
        (file(**part), BAD_MEDIA)
        for part in (
            {},
            {"file_data": "data:text/plain,hi"},
            {"file_data": "aGk=", "filename": "song.mp3"},
            {"file_data": "aGk="},
            {"file_data": "data:application/pdf;base64,aGk="},
            {"file_data": "data:text/plain;base64,a"},
            {"file_url": "http://localhost/x.txt"},
            {"file_url": "file:///etc/passwd"},
            {"source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        )
    ),
    (
        image(file_id="file-1"),
        "`file_id` is not supported: there is no file store here. Send `image_url`.",
    ),
    (
        file(file_id="file-1"),
        "`file_id` is not supported: there is no file store here. Send `file_data`.",
    ),
    (
        {"background": True, "store": False},
        "`background` needs `store`: a response that is not stored cannot be polled.",
    ),
]


@pytest.mark.parametrize(("body", "text"), FAULTS, ids=[str(body)[:60] for body, _ in FAULTS])
def test_a_fault_is_refused_with_its_text(body: dict[str, Any], text: str) -> None:
    assert refusal(body) == text


def test_null_is_as_good_as_absent() -> None:
    names = "instructions tools tool_choice text stream max_output_tokens max_tool_calls user"
    more = "temperature top_p metadata store previous_response_id reasoning truncation background"
    nothing = dict.fromkeys([*names.split(), *more.split()])
    assert comparable(run_of(nothing)) == comparable(run_of({}))


def test_openais_keys_that_mean_nothing_here_are_accepted() -> None:
    ignored = {"parallel_tool_calls": True, "include": ["x"], "service_tier": "auto"}
    more = {"prompt_cache_key": "k", "safety_identifier": "s", "stream_options": {}}
    assert comparable(run_of({**ignored, **more})) == comparable(run_of({}))


def test_a_previous_response_that_is_not_known_is_told() -> None:
    assert "'resp_x' not found" in refusal({"previous_response_id": "resp_x"})


def test_a_response_goes_on_in_the_session_of_the_previous_one() -> None:
    before = PreviousResponse("beta", "agent:beta:openresponses:1")
    run = run_of({"previous_response_id": "resp_x", "user": "ada"}, previous=before)
    assert (run.agent_id, run.session_key, run.ephemeral) == ("beta", before.session_key, False)


@pytest.mark.parametrize(
    "headers", [{"x-openclaw-session-key": "other"}, {"x-openclaw-agent-id": "beta"}]
)
def test_a_previous_response_of_another_session_or_agent_is_none(headers: dict[str, str]) -> None:
    before = PreviousResponse("main", "agent:main:openresponses:1")
    body = {"previous_response_id": "resp_x"}
    assert "not found" in refusal(body, headers, previous=before)


@pytest.mark.parametrize(
    ("body", "start", "ephemeral"),
    [
        ({}, "agent:main:openresponses:", False),
        ({"store": False}, "agent:main:openresponses:", True),
        ({"user": "Ada"}, "agent:main:openresponses-user:ada", False),
        ({"user": "Ada", "store": False}, "agent:main:openresponses-user:ada", False),
    ],
)
def test_its_session_is_one_that_can_be_continued(
    body: dict[str, Any], start: str, ephemeral: bool
) -> None:
    run = run_of(body)
    assert run.session_key.startswith(start)
    assert run.ephemeral is ephemeral


@pytest.mark.parametrize(("user", "strategy"), [("ada", "reject"), (None, "enqueue")])
def test_a_busy_session_is_treated_as_the_request_asks(user: str | None, strategy: str) -> None:
    body = {"user": user, "multitask_strategy": "reject"}
    assert parse(body).rule.strategy == strategy


def test_a_fingerprint_stands_for_body_agent_and_chosen_session() -> None:
    prints = [
        parse(body, headers, fingerprint=True).fingerprint
        for body, headers in (
            ({}, {}),
            ({"instructions": "x"}, {}),
            ({}, {"x-openclaw-agent-id": "beta"}),
            ({}, {"x-openclaw-session-key": "s"}),
        )
    ]
    assert len(set(prints)) == 4
    assert parse({}, fingerprint=True).fingerprint == prints[0]


MEMBERS = (
    "type role content text name arguments call_id output source url data media_type image_url "
    "file_data file_url filename format effort function"
)
WORDS = (
    "message function_call function_call_output input_text input_image input_file user assistant "
    "base64 function data:a/b;base64,AA=="
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS.split()) | st.text(max_size=3),
            inner | st.sampled_from(WORDS.split()),
            max_size=5,
        )
    ),
    max_leaves=12,
)
FIELDS = (
    "model input instructions tools tool_choice text stream max_output_tokens user temperature "
    "top_p metadata store previous_response_id reasoning truncation background"
)


@given(st.dictionaries(st.sampled_from(FIELDS.split()), JSON, max_size=5))
def test_whatever_is_sent_is_accepted_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidRequest):
        run = run_of(body)
        assert RunRequest.decode(run.encode()) == run


@given(st.lists(JSON, max_size=4))
def test_whatever_items_are_sent_are_accepted_or_refused(items: list[Any]) -> None:
    with contextlib.suppress(InvalidRequest):
        parse({"input": items})


def comparable(run: RunRequest) -> dict[str, Any]:
    return {name: getattr(run, name) for name in RunRequest.__slots__ if name != "session_key"}
