"""The body of a chat-completions request."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    ImageUrl,
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from openclaw_agent_worker.models.openai_body import encode_body

HELLO = ModelRequest(parts=[UserPromptPart("hello")])


def body(
    *messages: ModelMessage,
    settings: ModelSettings | None = None,
    parameters: ModelRequestParameters | None = None,
) -> dict[str, Any]:
    raw = encode_body(
        "m/1",
        messages,
        settings or ModelSettings(),
        parameters or ModelRequestParameters(),
        max_tokens_field="max_tokens",
    )
    decoded: dict[str, Any] = orjson.loads(raw)
    return decoded


def test_the_least_request_asks_for_a_stream_with_usage() -> None:
    assert body(HELLO) == {
        "model": "m/1",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_instructions_come_first_from_the_parameters_or_the_last_request() -> None:
    parameters = ModelRequestParameters(
        instruction_parts=[InstructionPart("a"), InstructionPart("b")]
    )
    assert body(HELLO, parameters=parameters)["messages"][0] == {
        "role": "system",
        "content": "a\n\nb",
    }
    own = ModelRequest(parts=[UserPromptPart("hello")], instructions="c")
    assert body(HELLO, own)["messages"][0] == {"role": "system", "content": "c"}


def test_a_tool_round_trip_is_sent_in_the_protocols_roles() -> None:
    messages = body(
        ModelRequest(parts=[SystemPromptPart("sys"), UserPromptPart("q")]),
        ModelResponse(parts=[ThinkingPart("hm"), ToolCallPart("f", '{"a":1}', "c1")]),
        ModelRequest(parts=[ToolReturnPart("f", {"b": 2}, "c1")]),
        ModelResponse(parts=[]),
        ModelResponse(parts=[TextPart("so "), TextPart("be it")]),
    )["messages"]
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert messages == [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"b":2}'},
        {"role": "assistant", "content": "so be it"},
    ]


def test_images_go_as_data_or_address() -> None:
    image = BinaryContent(b"hi", media_type="image/png")
    prompt = UserPromptPart(["look", image, ImageUrl("https://example.com/a.png")])
    assert body(ModelRequest(parts=[prompt]))["messages"][0]["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]


def test_content_that_the_protocol_has_no_form_for_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="AudioUrl"):
        body(ModelRequest(parts=[UserPromptPart([AudioUrl("https://example.com/a.mp3")])]))


def test_settings_are_sent_under_the_protocols_names() -> None:
    settings = ModelSettings(
        max_tokens=5,
        temperature=0.0,
        top_p=0.5,
        frequency_penalty=1.0,
        presence_penalty=-1.0,
        seed=7,
        stop_sequences=["x"],
        timeout=3,
        extra_body={"response_format": {"type": "json_object"}},
    )
    sent = body(HELLO, settings=settings)
    assert {key: sent[key] for key in sent.keys() - {"model", "messages", "stream_options"}} == {
        "stream": True,
        "max_tokens": 5,
        "temperature": 0.0,
        "top_p": 0.5,
        "frequency_penalty": 1.0,
        "presence_penalty": -1.0,
        "seed": 7,
        "stop": ["x"],
        "response_format": {"type": "json_object"},
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, "auto"),
        ("none", "none"),
        ("required", "required"),
        (["f"], {"type": "function", "function": {"name": "f"}}),
        (["f", "g"], "required"),
    ],
)
def test_tools_go_with_the_choice_among_them(choice: Any, sent: Any) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    tools = [
        ToolDefinition(name="f", parameters_json_schema=schema, description="does f", strict=True),
        ToolDefinition(name="g", parameters_json_schema=schema),
    ]
    result = body(
        HELLO,
        settings=ModelSettings(tool_choice=choice),
        parameters=ModelRequestParameters(function_tools=tools),
    )
    first, second = (tool["function"] for tool in result["tools"])
    assert first == {"name": "f", "parameters": schema, "description": "does f", "strict": True}
    assert second == {"name": "g", "parameters": schema}
    assert result["tool_choice"] == sent
