"""What is taken out of text that leaves the process."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from openclaw_common.runtime.redaction import REDACTED, Redaction

# The credential stands in angle brackets, which the text itself does not have.
SHAPED = {
    "authorization": "Authorization: Bearer <abcdef0123456789>",
    "basic": "authorization: basic <dXNlcjpwYXNzd29yZA==>",
    "telegram": "POST https://api.telegram.org/bot<123456789:AAH-dZ0p_xQ1w2e3r4t5y6u7i8o9p0>/sendMessage",
    "telegram in an address": "?url=%2Fbot<123456789%3AAAH-dZ0p_xQ1w2e3r4t5y6u7i8o9p0>%2Fx",
    "basic in a dict": "{'Authorization': 'Basic <dXNlcjpwYXNzd29yZA==>'}",
    "openai": "key <sk-proj-AbCdEf0123456789AbCdEf> refused",
    "anthropic": "<sk-ant-api03-AbCdEf0123456789AbCdEf>",
    "own": "<ock_AbCdEf0123456789AbCdEf0123456789>",
    "slack bot": "token <xoxb-1234567890-abcdefghijkl>",
    "slack app": "<xapp-1-A0123-456-abcdef>",
    "github": "<ghp_AbCdEf0123456789AbCdEf0123456789>",
    "google": "?key=<AIzaSyA0123456789abcdefghijklmnopqrstuv>",
    "jwt": "<eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N>",
    "discord": "<MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs>",
    "slack signature": "v0=<a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503>",
    "github signature": "sha256=<757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17>",
    "slack webhook": "https://hooks.slack.com/services/<T000/B000/XXXXXXXXXXXX>",
    "discord webhook": "https://discord.com/api/webhooks/<123456/abc-DEF_ghi>",
    "redis": "redis://<user:hunter2hunter2>@redis.example:6379/0",
    "query": "https://example.org/cb?state=1&access_token=<verysecretvalue>&x=1",
}
HARMLESS = (
    "run_6f1c0c52-0d3a-4b8e-9a57-0b6f3f5f6c11",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "agent:main:main",
    "attempt_ended session_key=agent:main:main attempt=1",
    "bearer of bad news",
    "2026-11-22T05:00:00.000Z",
    "http://127.0.0.1:18789/v1/runs?limit=20",
    "gateway.auth.rateLimit.maxAttempts: expected more than 0, got 0",
)


@pytest.mark.parametrize("text", SHAPED.values(), ids=SHAPED)
def test_what_is_shaped_like_a_credential_goes_and_the_rest_stays(text: str) -> None:
    before, _, rest = text.partition("<")
    secret, _, behind = rest.partition(">")
    assert Redaction()(before + secret + behind) == before + REDACTED + behind


@pytest.mark.parametrize("text", HARMLESS)
def test_ids_addresses_and_words_stay(text: str) -> None:
    assert Redaction()(text) == text


def test_known_secrets_go_wherever_they_stand_and_as_json_too() -> None:
    redact = Redaction(['pass"word', "pass", "abc"])
    assert redact('pass"word pass pass\\"word abc') == f"{REDACTED} {REDACTED} {REDACTED} abc"


@pytest.mark.parametrize("secret", ["p@ss/w:rd", "123:abc-def", 'a\\b"c', "schlüssel", "two words"])
def test_a_known_secret_goes_in_every_spelling_that_an_error_may_have(secret: str) -> None:
    body = json.dumps({"key": secret})
    told = {
        "address": f"http://x/?key={quote(secret, safe='')}",
        "path": f"http://x/{quote(secret)}/y",
        "json": body,
        "repr": json.dumps(repr({"key": secret})),
        "json in json": json.dumps({"body": body}),
    }
    redact = Redaction([secret])
    for where, text in told.items():
        assert REDACTED in redact(text), where
