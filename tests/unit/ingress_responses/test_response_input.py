"""Items become turns, media and what `input_items` shows (contract §1.4)."""

from typing import Any

import pytest

from openclaw_common.contracts.run import ToolCall, Turn
from tests.unit.ingress_responses.response_requests import (
    PNG,
    parse,
    refusal,
    responses_config,
    run_of,
    saying,
)

CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
BASE64 = {"type": "base64", "data": "aGk="}
HTML = "data:text/html;base64,PGI+aGk8L2I+"


def asking(*items: Any) -> dict[str, Any]:
    return {"input": list(items)}


def test_a_text_is_the_users_message() -> None:
    run = run_of({"input": " hi ", "instructions": "be kind"})
    assert (run.message, run.history, run.system) == (Turn("user", "hi"), (), "be kind")


def test_system_messages_follow_the_instructions() -> None:
    items = ({"role": role, "content": role} for role in ("system", "user", "developer"))
    assert (
        run_of({**asking(*items), "instructions": "first"}).system == "first\n\nsystem\n\ndeveloper"
    )


def test_a_call_joins_the_assistants_turn_and_its_result_is_the_current_message() -> None:
    said = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "so"}],
    }
    run = run_of(
        asking({"role": "user", "content": "q"}, said, CALL, {**CALL, "call_id": "c2"}, OUTPUT)
    )
    calls = (ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}"))
    assert run.history == (Turn("user", "q"), Turn("assistant", "so", calls))
    assert run.message == Turn("tool", "sunny", tool_call_id="c1", name="f")


def test_a_result_may_be_of_parts_and_of_an_unknown_call() -> None:
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    run = run_of(asking({**OUTPUT, "output": parts}))
    assert run.message == Turn("tool", "a\nb", tool_call_id="c1")


def test_what_the_assistant_said_last_is_dropped() -> None:
    said = {"role": "assistant", "content": "x"}
    assert run_of(asking({"role": "user", "content": "q"}, said)).message == Turn("user", "q")


@pytest.mark.parametrize(
    "part",
    [
        {"source": {"type": "base64", "media_type": "image/jpeg", "data": PNG}},
        {"image_url": f"data:image/png;base64,{PNG}"},
        {"image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ],
)
def test_image_data_is_what_its_bytes_say(part: dict[str, Any]) -> None:
    run = run_of(saying({"type": "input_image", "detail": "low", **part}))
    (image,) = run.images
    assert (image.mime, image.data, image.detail) == ("image/png", PNG, "low")
    assert run.message.text == "User sent image(s) with no text."


@pytest.mark.parametrize(
    "part",
    [
        {"source": {"type": "url", "url": "https://host.example/x.png"}},
        {"image_url": "https://host.example/x.png"},
    ],
)
def test_an_image_by_url_is_left_to_the_worker(part: dict[str, Any]) -> None:
    asked = parse(saying({"type": "input_image", **part}))
    assert asked.run.images[0].url == "https://host.example/x.png"
    assert asked.items[0]["content"][0]["image_url"] == "https://host.example/x.png"


@pytest.mark.parametrize(
    ("part", "name", "mime"),
    [
        ({"file_data": "aGk=", "filename": "a.md"}, "a.md", "text/markdown"),
        ({"file_data": "data:text/csv;base64,aGk=", "filename": "a.x"}, "a.x", "text/csv"),
        ({"file_data": HTML}, "file", "text/html"),
        ({"file_data": "JVBERi0xLjQ=", "filename": "a.txt"}, "a.txt", "application/pdf"),
        (
            {
                "source": {
                    "type": "base64",
                    "media_type": "Text/Plain",
                    "data": "aGk=",
                    "filename": "b",
                }
            },
            "b",
            "text/plain",
        ),
    ],
)
def test_file_data_has_a_name_and_a_type(part: dict[str, Any], name: str, mime: str) -> None:
    run = run_of(saying({"type": "input_file", **part}))
    (document,) = run.documents
    assert (document.name, document.mime) == (name, mime)
    assert run.message.text == "User sent file(s) with no text."


@pytest.mark.parametrize(
    "part",
    [
        {"file_url": "https://host.example/d/r.pdf?x=1"},
        {"source": {"type": "url", "url": "https://host.example/d/r.pdf?x=1"}},
    ],
)
def test_a_file_by_url_is_named_after_it(part: dict[str, Any]) -> None:
    (document,) = run_of(saying({"type": "input_file", **part})).documents
    assert (document.name, document.url) == ("r.pdf", "https://host.example/d/r.pdf?x=1")


def test_media_of_all_user_messages_go_with_the_current_one() -> None:
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    items = ({"role": "user", "content": [picture]}, CALL, {**OUTPUT, "output": [picture]})
    assert len(run_of(asking(*items)).images) == 2


@pytest.mark.parametrize(
    ("limits", "parts"),
    [
        ({"maxUrlParts": 1}, [{"type": "input_file", "file_url": "https://a.example/x.txt"}] * 2),
        ({"files": {"maxParts": 1}}, [{"type": "input_file", "file_data": HTML}] * 2),
        ({"files": {"maxBytes": 8}}, [{"type": "input_file", "file_data": HTML}]),
        ({"files": {"allowedMimes": ["text/csv"]}}, [{"type": "input_file", "file_data": HTML}]),
        (
            {"files": {"allowUrl": False}},
            [{"type": "input_file", "file_url": "https://a.example/x"}],
        ),
        (
            {"files": {"urlAllowlist": ["b.example"]}},
            [{"type": "input_file", "file_url": "https://a.example/x"}],
        ),
        (
            {"images": {"allowUrl": False}},
            [{"type": "input_image", "image_url": "https://a.example"}],
        ),
        (
            {"images": {"maxBytes": 8}},
            [{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}],
        ),
    ],
)
def test_media_keep_the_configured_limits(limits: dict[str, Any], parts: list[Any]) -> None:
    assert refusal(saying(*parts), using=responses_config(**limits)) == "invalid request"
    assert run_of(saying(*parts)) is not None


def test_items_are_kept_without_the_data_of_media() -> None:
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    paper = {"type": "input_file", "file_data": HTML, "filename": "p.html"}
    text = {"type": "input_text", "text": "look"}
    message, call, output = parse(
        asking({"role": "user", "content": [text, picture, paper]}, CALL, OUTPUT)
    ).items
    assert message["content"] == [
        text,
        {"type": "input_image", "image_url": None, "detail": "auto"},
        {"type": "input_file", "filename": "p.html", "file_url": None},
    ]
    assert call == {**CALL, "status": "completed"}
    assert output == {**OUTPUT, "status": "completed"}


def test_nothing_is_kept_of_what_is_not_to_be_stored() -> None:
    assert parse({"store": False}).items == []


def test_options_reach_the_run() -> None:
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    run = run_of(
        {
            "max_output_tokens": 7,
            "temperature": 1,
            "top_p": 0.5,
            "reasoning": {"effort": "high"},
            "text": {"format": schema},
            "tools": [{"type": "function", "name": "f", "strict": True}],
            "tool_choice": {"type": "function", "name": "f"},
        }
    )
    assert (run.sampling.max_tokens, run.sampling.temperature, run.sampling.top_p) == (7, 1, 0.5)
    assert run.sampling.response_format == {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
    }
    assert (run.thinking, run.tool_choice, run.tools[0].name) == ("high", "function:f", "f")
