"""What the fake provider does with one request: a `Script`, or a command in the user's message.

A command is `/fake <verb> [key=value]…` anywhere in the current message. Verbs:

    text           tokens=8 delay_ms=0 first_ms=0 seed=tok per_write=1 finish=stop reasoning=0
    burst          tokens=200 seed=tok per_write=0      prebuilt body, 0: all in one write
    say            the rest of the line is the whole answer
    echo           answers with the JSON it received
    tool           name=lookup args={"q":1} n=1         then answers the tool's result in words
    status         code=500 retry_after=2 times=99      an error answer before any token
    refuse         refuses in the protocol's own way
    hang           after=-1                             -1: before the headers, else after N tokens
    die            after=3                              aborts the TCP connection
    error          after=3 code=500                     an error object inside the stream
    rubbish        kind=json|html|empty|truncated|cut|utf8|surrogate|no_choices|null|array after=3

Every verb takes times=N (misbehave for the first N requests with this message, then answer as
`text`), tokens, delay_ms, seed, finish, cached (tokens of the prompt) and, for chat completions,
dialect=crlf|nospace|comments|no_done|bare|nonstream (the whole answer as JSON although a stream was
asked).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

ALWAYS: Final = 1_000_000
REFUSAL: Final = "I cannot help with that."
CURRENT_MARKER: Final = "[Current message - respond to this]"
_COMMAND = re.compile(r"/fake (?P<verb>\w+)(?P<rest>[^\n]*)")


@dataclass(frozen=True, slots=True)
class Script:
    """One behaviour of the fake provider; delays in seconds.

    `times` bounds how many requests misbehave before the script answers normally. `after` is the
    number of tokens before a fault in mid-stream, -1 meaning before the response headers.
    """

    verb: str = "text"
    tokens: int = 8
    seed: str = "tok"
    text: str | None = None
    delay_s: float = 0.0
    first_s: float = 0.0
    per_write: int = 1
    finish: str = "stop"
    reasoning: int = 0
    cached: int = 0
    code: int = 500
    message: str | None = None
    retry_after: str | None = None
    after: int = -1
    kind: str = "json"
    dialect: str = "plain"
    times: int = ALWAYS
    tool_name: str = "lookup"
    tool_args: str = '{"q":"weather in Paris"}'
    tool_count: int = 1
    usage: bool = True

    def pieces(self) -> list[str]:
        """Return the answer's text, one string a token."""
        if self.verb == "refuse":
            return re.findall(r"\S+\s*", REFUSAL)
        if self.text is not None:
            return re.findall(r"\S+\s*|\s+", self.text)
        return token_texts(self.tokens, self.seed)

    def behaved(self) -> Script:
        """Return the script that answers normally, for after `times` misbehaved requests."""
        return replace(self, verb="text")


def token_texts(count: int, seed: str = "tok") -> list[str]:
    """Return the deterministic tokens `<seed>0 `, `<seed>1 `, … of an answer."""
    return [f"{seed}{index} " for index in range(count)]


def expected_text(count: int, seed: str = "tok") -> str:
    """Return the whole text that `Script(tokens=count, seed=seed)` streams."""
    return "".join(token_texts(count, seed))


def current_message(body: dict[str, Any]) -> str:
    """Return the text of the last message, without the rendered history before it."""
    messages = body.get("messages") or [{}]
    content = messages[-1].get("content")
    if isinstance(content, list):
        content = "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
    text = content if isinstance(content, str) else ""
    return text.rpartition(CURRENT_MARKER)[2].strip() if CURRENT_MARKER in text else text


def tool_result(body: dict[str, Any]) -> str | None:
    """Return the tool result that the last message carries, or None when it carries none."""
    messages = body.get("messages") or [{}]
    text = current_message(body)
    if messages[-1].get("role") == "tool":
        return text
    match = re.match(r"Tool:[^:\n]*: (.*)", text, re.DOTALL)
    return match.group(1) if match else None


def parse_command(text: str) -> Script | None:
    """Return the script a `/fake …` command in `text` names, or None when there is none."""
    match = _COMMAND.search(text)
    if match is None:
        return None
    verb, rest = match.group("verb"), match.group("rest").strip()
    if verb == "say":
        return Script(verb="text", text=rest)
    options = dict(pair.split("=", 1) for pair in rest.split() if "=" in pair)
    return _from_options(verb, options)


def _from_options(verb: str, options: dict[str, str]) -> Script:
    plain = {
        key: options[key]
        for key in ("seed", "finish", "kind", "dialect", "retry_after", "message")
        if key in options
    }
    default_tokens = 200 if verb == "burst" else 8
    return Script(
        verb=verb,
        tokens=int(options.get("tokens", default_tokens)),
        delay_s=float(options.get("delay_ms", 0)) / 1000,
        first_s=float(options.get("first_ms", 0)) / 1000,
        per_write=int(options.get("per_write", 0 if verb == "burst" else 1)),
        reasoning=int(options.get("reasoning", 0)),
        cached=int(options.get("cached", 0)),
        code=int(options.get("code", 500)),
        after=int(options.get("after", -1 if verb == "hang" else 3)),
        times=int(options.get("times", ALWAYS)),
        tool_name=options.get("name", "lookup"),
        tool_args=options.get("args", '{"q":"weather in Paris"}'),
        tool_count=int(options.get("n", 1)),
        usage=options.get("usage", "1") != "0",
        **plain,
    )


def echo_text(body: dict[str, Any]) -> str:
    """Return the answer of the `echo` verb: the received body as compact JSON."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
