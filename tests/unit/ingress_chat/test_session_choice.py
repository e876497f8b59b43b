"""Which session a chat request belongs to (contract §5.1)."""

import re

import pytest

from openclaw_ingress.session_keys import MAX_KEY_CHARS, header_value
from tests.unit.ingress_chat.chat_requests import parse, refusal, run_of

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
KEY = "x-openclaw-session-key"


@pytest.mark.parametrize("user", [None, "", "  "])
def test_a_request_that_names_no_session_gets_one_of_its_own(user: str | None) -> None:
    first, second = run_of({"user": user}), run_of({"user": user})
    assert re.fullmatch(rf"agent:main:openai:{UUID}", first.session_key)
    assert first.ephemeral
    assert first.session_key != second.session_key


def test_a_user_has_a_lasting_session_in_lower_case() -> None:
    run = run_of({"user": " Alice ", "model": "openclaw/beta"})
    assert (run.session_key, run.ephemeral) == ("agent:beta:openai-user:alice", False)


def test_users_of_any_length_have_sessions_of_their_own() -> None:
    keys = {run_of({"user": "u" * 100_000 + end}).session_key for end in ("a", "A", "b")}
    assert len(keys) == 2
    assert all(len(key) < MAX_KEY_CHARS for key in keys)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("agent:main:custom", "agent:main:custom"),
        ("Mixed-Case", "agent:main:Mixed-Case"),
        ("agent:main", "agent:main:agent:main"),
        ("openai-user:x", "agent:main:openai-user:x"),
        ("main", "agent:main:main"),
        ("hook:cron:x", "agent:main:hook:cron:x"),
    ],
)
def test_a_session_key_is_taken_as_it_is_and_wins_over_the_user(given: str, key: str) -> None:
    run = run_of({"user": "alice"}, {KEY: given})
    assert (run.session_key, run.ephemeral) == (key, False)


@pytest.mark.parametrize(
    "given",
    [
        "subagent:x",
        "cron:x",
        "acp:x",
        "CRON:x",
        "agent:main:subagent:x",
        "agent:main:Cron:x",
        "agent:other:acp:x",
        "agent:main:agent:main:cron:x",
        "agent:main: cron:x",
        "agent:main:\tagent:main:cron:x",
    ],
)
def test_reserved_namespaces_are_refused(given: str) -> None:
    text = "`x-openclaw-session-key` cannot use reserved internal session namespaces."
    assert refusal({}, {KEY: given}) == text


def test_a_session_key_has_a_limit() -> None:
    assert run_of({}, {KEY: "k" * MAX_KEY_CHARS}).session_key.endswith("kkk")
    text = f"`x-openclaw-session-key` is limited to {MAX_KEY_CHARS} characters."
    assert refusal({}, {KEY: "k" * (MAX_KEY_CHARS + 1)}) == text


def test_the_session_decides_about_the_agent_where_the_request_leaves_it_open() -> None:
    assert run_of({}, {KEY: "agent:beta:x"}).agent_id == "beta"
    assert run_of({"model": "openclaw/main"}, {KEY: "agent:beta:x"}).agent_id == "main"
    assert run_of({}, {KEY: "agent:nobody:x"}).agent_id == "main"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("agent:main:openai-user:alice@example.org", "agent:main:openai-user:alice@example.org"),
        ("a b", "a%20b"),
        ("a\r\nSet-Cookie: x", "a%0D%0ASet-Cookie:%20x"),
        ("100%", "100%25"),
        ("größe", "gr%C3%B6%C3%9Fe"),
    ],
)
def test_any_session_key_fits_a_response_header(key: str, value: str) -> None:
    assert header_value(key) == value


def _fingerprint(body: dict[str, object], headers: dict[str, str] | None = None) -> str:
    return parse(body, headers, fingerprint=True).fingerprint


def test_equal_requests_have_equal_fingerprints_though_their_sessions_are_random() -> None:
    assert _fingerprint({"n": 1, "seed": 2}) == _fingerprint({"seed": 2, "n": 1})


def test_body_agent_session_and_backend_model_are_in_the_fingerprint() -> None:
    prints = {
        _fingerprint({}),
        _fingerprint({"n": 1}),
        _fingerprint({}, {KEY: "x"}),
        _fingerprint({}, {"x-openclaw-agent": "beta"}),
        _fingerprint({}, {"x-openclaw-model": "acme/a"}),
        _fingerprint({}, {"x-openclaw-model": "acme/b"}),
    }
    assert len(prints) == 6
