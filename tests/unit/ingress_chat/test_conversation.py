"""Messages become turns: who said what, what is current, what is history, what is shown."""

import base64
from typing import Any

import pytest

from openclaw_common.contracts.run import Image, RunRequest, ToolCall, Turn
from openclaw_common.runtime.config import Config
from tests.unit.ingress_chat.chat_requests import config, refusal, run_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
BAD_IMAGE = "Invalid image_url content in `messages`."


def _run(*messages: Any, **more: Any) -> RunRequest:
    return run_of({"messages": list(messages)}, **more)


def _user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def _image(url: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": url}


def _data(data: bytes = PNG, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def test_the_last_user_message_is_the_current_one() -> None:
    run = _run(
        _user("one"),
        {"role": "assistant", "content": "two"},
        _user(" three\n"),
        {"role": "assistant", "content": "left out"},
    )
    assert run.message == Turn("user", "three")
    assert run.history == (Turn("user", "one"), Turn("assistant", "two"))


def test_system_and_developer_messages_join_into_one_prompt() -> None:
    run = _run(
        {"role": "system", "content": "Be kind."},
        _user("hi"),
        {"role": " developer ", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "system", "content": " "},
    )
    assert run.system == "Be kind.\n\nBe brief."
    assert (run.message.text, run.history) == ("hi", ())
    assert _run(_user("hi")).system is None


def test_text_parts_join_with_line_breaks() -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "input_text", "text": "b"},
        {"type": "x", "input_text": "c"},
        {"type": "text", "text": ""},
        {"type": "text", "text": 5},
        {"type": "audio", "text": "no"},
        "no",
        None,
    ]
    assert _run(_user(parts)).message.text == "a\nb\nc"


def test_a_tool_result_after_the_assistants_calls_is_the_current_message() -> None:
    run = _run(
        _user("weather?"),
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "c2", "function": {"name": "g", "arguments": {"a": 1}}},
                {"id": "c3", "function": {"name": "h"}},
                {"id": "", "function": {"name": "dropped"}},
                {"id": "c4"},
                7,
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    )
    calls = (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", '{"a":1}'), ToolCall("c3", "h", ""))
    assert run.history[1] == Turn("assistant", "", tool_calls=calls)
    assert run.message == Turn("tool", "sunny", tool_call_id="c1")


def test_a_tool_may_have_nothing_to_say() -> None:
    empty = {"role": "tool", "tool_call_id": "c1", "content": ""}
    assert _run(_user("x"), empty).message == Turn("tool", "", tool_call_id="c1")
    unnamed = {"role": "tool", "content": ""}
    missing = {"role": "tool", "tool_call_id": "c1", "content": None}
    assert _run(_user("x"), unnamed, missing).message == Turn("user", "x")


def test_a_legacy_function_message_is_a_tool_turn() -> None:
    run = _run(_user("x"), {"role": "function", "name": "f", "content": "42"})
    assert run.message == Turn("tool", "42", name="f")


def test_an_empty_last_message_leaves_the_one_before_it_current() -> None:
    assert _run(_user("first"), _user("")).message.text == "first"


def test_an_image_goes_with_the_current_message() -> None:
    run = _run(_user([{"type": "text", "text": "what is it?"}, _image({"url": _data()})]))
    assert run.images == (Image("image/png", data=base64.b64encode(PNG).decode()),)
    assert run.message.text == "what is it?"


@pytest.mark.parametrize(
    ("said", "kept"), [("low", "low"), ("auto", "auto"), ("close", None), (5, None)]
)
def test_how_closely_to_look_stays_with_its_image(said: Any, kept: str | None) -> None:
    parts = [_image({"url": _data(), "detail": said}), _image(_data())]
    assert [image.detail for image in _run(_user(parts)).images] == [kept, None]


def test_an_image_alone_gets_a_text() -> None:
    assert _run(_user([_image(_data())])).message.text == "User sent image(s) with no text."


def test_images_of_earlier_messages_are_left_out() -> None:
    run = _run(_user([_image("not even a url")]), _user([_image(_data())]), _user("and now?"))
    assert run.images == ()
    assert run.history == ()


@pytest.mark.parametrize(
    ("declared", "data", "mime"),
    [
        ("image/jpeg", PNG, "image/png"),
        ("text/plain", PNG, "image/png"),
        ("IMAGE/PNG;charset=x", PNG, "image/png"),
        ("image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/png", b"GIF89a..", "image/gif"),
        ("image/png", b"RIFF....WEBPVP8 ", "image/webp"),
        ("image/png", b"....ftypheic....", "image/heic"),
        ("image/png", b"....ftypmif1....", "image/heif"),
        ("image/webp", b"unknown bytes", "image/webp"),
    ],
)
def test_the_bytes_of_an_image_say_what_it_is(declared: str, data: bytes, mime: str) -> None:
    assert _run(_user([_image(_data(data, declared))])).images[0].mime == mime


def test_line_breaks_inside_base64_do_no_harm() -> None:
    wrapped = _data().replace("base64,iVB", "base64,iV\r\n B")
    assert _run(_user([_image(wrapped)])).images[0].data == base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        " ",
        5,
        {},
        {"url": ""},
        {"url": 5},
        "data:image/png,plain",
        "data:image/png;base64,",
        "data:image/png;base64,A",
        "data:image/png;base64,AAA",
        "data:image/png;base64,AA-_",
        "data:image/png;base64,AAAA====",
        "data:image/png;base64,ÄÖÜß",
        "data:image/png;base64",
        _data(b"<svg/>", "image/svg+xml"),
        _data(b"plain words", "text/plain"),
        f"data:;base64,{base64.b64encode(b'unknown').decode()}",
        "http://example.org/a.png",
        "https://example.org/a.png",
        "file:///etc/passwd",
        "//example.org/a.png",
        "https://[broken",
    ],
)
def test_any_fault_of_an_image_gets_the_one_text(url: Any) -> None:
    assert refusal({"messages": [_user([_image(url)])]}) == BAD_IMAGE


def _images(**limits: Any) -> Config:
    return config(endpoints={"chatCompletions": {"images": limits}})


def test_number_and_size_of_images_are_limited() -> None:
    many = {"messages": [_user([_image(_data())] * 3)]}
    assert len(run_of(many, using=_images(maxParts=3)).images) == 3
    assert refusal(many, using=_images(maxParts=2)) == BAD_IMAGE
    assert refusal(many, using=_images(maxBytes=len(PNG) - 1)) == BAD_IMAGE
    assert refusal(many, using=_images(maxTotalBytes=3 * len(PNG) - 1)) == BAD_IMAGE
    exact = _images(maxBytes=len(PNG), maxTotalBytes=3 * len(PNG))
    assert len(run_of(many, using=exact).images) == 3


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://img.example.org/a.png", True),
        ("http://img.example.org:8080/a.png?x=1", True),
        ("HTTPS://IMG.example.org/", True),
        ("https://example.org/a.png", False),
        ("https://exact.test/a.png", True),
        ("https://not-exact.test/a.png", False),
        ("https://user:secret@img.example.org/", False),
        ("https://img.example.org/a\nb", False),
        ("ftp://img.example.org/a.png", False),
    ],
)
def test_urls_pass_through_where_their_host_is_allowed(url: str, allowed: bool) -> None:
    using = _images(allowUrl=True, urlAllowlist=["*.example.org", "exact.test"])
    body = {"messages": [_user([_image({"url": url})])]}
    if allowed:
        assert run_of(body, using=using).images == (Image("image/*", url=url),)
    else:
        assert refusal(body, using=using) == BAD_IMAGE


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "redis", "127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]",
        "[::ffff:127.0.0.1]", "[fd00::1]", "0x7f.1", "2130706433", "127.1", "0177.0.0.1",
        "a.localhost", "vault.internal", "printer.local", "localhost.", "100.64.0.1",
    ],
)  # fmt: skip
def test_urls_of_private_places_never_pass(host: str) -> None:
    body = {"messages": [_user([_image(f"http://{host}/a.png")])]}
    assert refusal(body, using=_images(allowUrl=True)) == BAD_IMAGE


def test_public_hosts_pass_without_an_allowlist() -> None:
    body = {"messages": [_user([_image("https://example.org/a.png")])]}
    assert run_of(body, using=_images(allowUrl=True)).images[0].url == "https://example.org/a.png"
