"""Each fault of a chat body gets its text of contract §1.1, and what is no fault gets none."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import ClientTool, RunRequest
from tests.unit.ingress_chat.chat_requests import parse, refusal, run_of

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "weather"}}
BAD_TOOLS = "Invalid tools/tool_choice: "
SAFE = 2**53 - 1

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"model": ...}, "Missing `model`."),
    ({"model": None}, "Missing `model`."),
    ({"model": " "}, "Missing `model`."),
    ({"model": 5}, "model: Invalid input: expected string, received number"),
    ({"model": True}, "model: Invalid input: expected string, received boolean"),
    ({"model": {}}, "model: Invalid input: expected string, received object"),
    ({"stream": "yes"}, "stream: Invalid input: expected boolean, received string"),
    ({"stream": 1}, "stream: Invalid input: expected boolean, received number"),
    ({"stream_options": []}, "stream_options: Invalid input: expected object, received array"),
    (
        {"stream_options": {"include_usage": 1}},
        "stream_options.include_usage: Invalid input: expected boolean, received number",
    ),
    ({"user": 7}, "user: Invalid input: expected string, received number"),
    ({"messages": ...}, "Missing user message in `messages`."),
    ({"messages": None}, "Missing user message in `messages`."),
    ({"messages": []}, "Missing user message in `messages`."),
    ({"messages": "hi"}, "messages: Invalid input: expected array, received string"),
    ({"messages": {"role": "user"}}, "messages: Invalid input: expected array, received object"),
    ({"messages": [None, 1, "x", []]}, "Missing user message in `messages`."),
    ({"messages": [{"role": "user", "content": "  "}]}, "Missing user message in `messages`."),
    ({"messages": [{"role": "user", "content": 5}]}, "Missing user message in `messages`."),
    ({"messages": [{"role": "poet", "content": "x"}]}, "Missing user message in `messages`."),
    ({"messages": [{"role": "system", "content": "x"}]}, "Missing user message in `messages`."),
    ({"messages": [{"role": "assistant", "content": "x"}]}, "Missing user message in `messages`."),
    *(
        ({field: value}, f"{field} must be a positive safe integer")
        for field in ("max_completion_tokens", "max_tokens")
        for value in (0, -1, 1.5, SAFE + 1, 1e300, True, "5", [], {})
    ),
    *(
        ({"temperature": value}, "`temperature` must be between 0 and 2.")
        for value in (-0.1, 2.1, True, "1", [1])
    ),
    *(({"top_p": value}, "`top_p` must be between 0 and 1.") for value in (-0.1, 1.01, "x")),
    *(
        ({field: value}, f"`{field}` must be between -2.0 and 2.0.")
        for field in ("frequency_penalty", "presence_penalty")
        for value in (-2.1, 2.1, False, {})
    ),
    *(({"seed": value}, "`seed` must be an integer.") for value in (0.5, "1", True, 2**63)),
    ({"stop": ["a", "b", "c", "d", "e"]}, "Invalid stop: stop supports at most 4 sequences"),
    ({"stop": ""}, "Invalid stop: stop entries must be non-empty strings"),
    ({"stop": ["a", ""]}, "Invalid stop: stop entries must be non-empty strings"),
    ({"stop": ["a", 1]}, "Invalid stop: stop entries must be non-empty strings"),
    ({"stop": 5}, "Invalid stop: stop must be a string or array of strings"),
    *(
        (
            {"response_format": value},
            "Invalid response_format: response_format.type must be text, json_object, or "
            "json_schema",
        )
        for value in ({}, {"type": "xml"}, {"type": 1}, {"type": []})
    ),
    (
        {"response_format": "json_object"},
        "Invalid response_format: response_format must be an object",
    ),
    ({"tools": {}}, "tools: Invalid input: expected array, received object"),
    *(({"tools": [t]}, BAD_TOOLS + "each tool must be an object") for t in (1, "x", None, [])),
    ({"tools": [{"type": "web"}]}, BAD_TOOLS + "only function tools are supported"),
    ({"tools": [{"type": "function"}]}, BAD_TOOLS + "tool.function is required"),
    (
        {"tools": [{"type": "function", "function": []}]},
        BAD_TOOLS + "tool.function is required",
    ),
    *(
        (
            {"tools": [{"type": "function", "function": {"name": name}}]},
            BAD_TOOLS + "tool.function.name is required",
        )
        for name in (None, "", "  ", 5)
    ),
    *(
        ({"tool_choice": choice}, BAD_TOOLS + "tool_choice must be a string or object")
        for choice in (1, True, [])
    ),
    ({"tool_choice": "sometimes"}, BAD_TOOLS + "tool_choice sometimes is not supported"),
    ({"tool_choice": {}}, BAD_TOOLS + "unsupported tool_choice type"),
    ({"tool_choice": {"type": 1}}, BAD_TOOLS + "unsupported tool_choice type"),
    ({"tool_choice": {"type": "mcp"}}, BAD_TOOLS + "tool_choice mcp is not supported"),
    *(
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": function}},
            BAD_TOOLS + "tool_choice.function.name is required",
        )
        for function in (None, {}, {"name": " "}, {"name": 3}, "weather")
    ),
    (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "time"}}},
        BAD_TOOLS + "tool_choice requested unknown tool: time",
    ),
    (
        {"tool_choice": "required"},
        BAD_TOOLS + "tool_choice=required but no tools were provided",
    ),
]


@pytest.mark.parametrize(("body", "text"), FAULTS, ids=[str(body)[:60] for body, _ in FAULTS])
def test_a_fault_is_refused_with_its_text(body: dict[str, Any], text: str) -> None:
    assert refusal(body) == text


def test_the_first_fault_in_the_order_of_the_current_release_is_told() -> None:
    everything: dict[str, Any] = {
        "model": "openclaw/nobody",
        "stream": "x",
        "max_tokens": 0,
        "response_format": {},
        "stop": "",
        "temperature": 9,
        "tools": [1],
        "messages": [],
    }
    texts = []
    for cured in ("stream", "max_tokens", "response_format", "stop", "temperature", "model"):
        texts.append(refusal(everything))
        everything[cured] = "openclaw" if cured == "model" else None
    texts.append(refusal(everything))
    assert [text.split()[0] for text in texts] == [
        "stream:",
        "max_tokens",
        "Invalid",
        "Invalid",
        "`temperature`",
        "Unknown",
        "Missing",
    ]


def test_null_is_as_good_as_absent() -> None:
    fields = ("stream", "stream_options", "user", "tools", "tool_choice", "max_tokens", "seed")
    more = ("max_completion_tokens", "temperature", "top_p", "stop", "response_format")
    assert _comparable(run_of(dict.fromkeys((*fields, *more)))) == _comparable(run_of({}))


def test_fields_that_mean_nothing_here_are_accepted_and_ignored() -> None:
    ignored = {"n": 3, "logprobs": True, "logit_bias": {}, "store": "x", "metadata": [1], "": {}}
    assert _comparable(run_of(ignored)) == _comparable(run_of({}))


def test_sampling_fields_reach_the_run() -> None:
    sampling = run_of(
        {
            "max_tokens": 9,
            "max_completion_tokens": 7.0,
            "temperature": 0,
            "top_p": 1,
            "frequency_penalty": -2,
            "presence_penalty": 2.0,
            "seed": -3.0,
            "stop": "END",
            "response_format": {"type": "json_schema", "json_schema": {"name": "x"}},
        }
    ).sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p) == (7, 0, 1)
    assert (sampling.frequency_penalty, sampling.presence_penalty, sampling.seed) == (-2, 2, -3)
    assert sampling.stop == ("END",)
    assert sampling.response_format == {"type": "json_schema", "json_schema": {"name": "x"}}
    assert type(sampling.max_tokens) is int


@pytest.mark.parametrize("seed", [0, 2**53, -(2**63), 2**63 - 1])
def test_a_seed_may_be_any_integer_of_64_bits(seed: int) -> None:
    assert run_of({"seed": seed}).sampling.seed == seed


def test_the_older_token_limit_counts_alone_and_both_are_checked() -> None:
    assert run_of({"max_tokens": SAFE}).sampling.max_tokens == SAFE
    assert refusal({"max_completion_tokens": 5, "max_tokens": 0}).startswith("max_tokens ")


def test_an_empty_list_of_stops_is_none() -> None:
    assert run_of({"stop": []}).sampling.stop == ()


def test_tools_reach_the_run_as_they_were_declared() -> None:
    declared = {
        "name": " weather ",
        "description": "tells it",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": True,
    }
    run = run_of({"tools": [{"type": "function", "function": declared}, TOOL | {"x": 1}]})
    assert run.tools == (
        ClientTool("weather", "tells it", declared["parameters"], True),  # type: ignore[arg-type]
        ClientTool("weather"),
    )
    assert run.tool_choice == "auto"


def test_malformed_parts_of_a_tool_are_left_out() -> None:
    function = {"name": "f", "description": 5, "parameters": [], "strict": "yes"}
    assert run_of({"tools": [{"type": "function", "function": function}]}).tools == (
        ClientTool("f"),
    )


@pytest.mark.parametrize(
    ("choice", "names", "kept"),
    [
        ("auto", ["a", "b"], "auto"),
        ("none", [], "none"),
        ("required", ["a", "b"], "required"),
        ({"type": "function", "function": {"name": " b "}}, ["b"], "function:b"),
    ],
)
def test_a_tool_choice_leaves_the_tools_it_allows(choice: Any, names: list[str], kept: str) -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]
    run = run_of({"tools": tools, "tool_choice": choice})
    assert ([tool.name for tool in run.tools], run.tool_choice) == (names, kept)


@pytest.mark.parametrize(
    ("body", "include_usage"),
    [
        ({"stream": True, "stream_options": {"include_usage": True}}, True),
        ({"stream": True, "stream_options": {"include_usage": False}}, False),
        ({"stream": True, "stream_options": {"include_usage": None}}, False),
        ({"stream": False, "stream_options": {"include_usage": True}}, False),
        ({"stream": True}, False),
    ],
)
def test_usage_is_included_only_in_a_stream_that_asks(
    body: dict[str, Any], include_usage: bool
) -> None:
    assert parse(body).run.include_usage is include_usage


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "user", "tool", "text", "image_url", "function", "data:;base64,", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "function", "name", "url", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
_FIELDS = (
    "model",
    "messages",
    "stream",
    "stream_options",
    "user",
    "tools",
    "tool_choice",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "response_format",
)


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6))
def test_whatever_the_types_a_body_is_taken_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidRequest):
        run = run_of(body)
        assert RunRequest.decode(run.encode()) == run


def _comparable(run: RunRequest) -> bytes:
    return run.encode().replace(run.session_key.encode(), b"session")


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [(None, None), ("none", "off"), ("minimal", "minimal"), ("low", "low"), ("xhigh", "xhigh")],
)
def test_how_hard_to_think_is_said_in_openais_words(
    effort: str | None, thinking: str | None
) -> None:
    assert run_of({"reasoning_effort": effort}).thinking == thinking


@pytest.mark.parametrize("effort", ["off", "High", "", 3, True, {}])
def test_any_other_word_for_it_is_refused(effort: Any) -> None:
    assert refusal({"reasoning_effort": effort}) == (
        "`reasoning_effort` must be one of none, minimal, low, medium, high, xhigh."
    )
