"""Webhooks that prove themselves by a signature, from the providers' documentation.

The payloads in `data/` are the examples that GitHub, GitLab, Stripe and Slack document, shortened.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.ingress_hooks.hooked import BEARER, Hooked

DATA = Path(__file__).parent / "data"
SECRETS = {
    "github": "It's a Secret to Everybody",
    "gitlab": "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
    "stripe": "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
}
FILES = {
    "github": "github-push.json",
    "gitlab": "gitlab-push.json",
    "stripe": "stripe-event.json",
    "slack": "slack-event.json",
}
TEMPLATES = {
    "github": "{{ payload.commits[0].message }}",
    "gitlab": "{{user_name}}: {{commits[0].title}}",
    "stripe": "{{type}} {{data.object.status}}",
    "slack": "{{event.text}}",
}
TEXTS = {
    "github": "Fix all the bugs (closes #123) {{ payload.secret }}",
    "gitlab": "John Smith: Update Catalan translation to e38cb41.",
    "stripe": "setup_intent.created requires_confirmation",
    "slack": "<@U0LAN0Z89> is it everything a river should be?",
}
SETTINGS = {
    "mappings": [
        {
            "match": {"path": name},
            "messageTemplate": TEMPLATES[name],
            "signature": {"provider": name, "secret": SECRETS[name]},
        }
        for name in SECRETS
    ]
    + [
        {
            "match": {"path": "mixed", "source": "signed"},
            "messageTemplate": "signed",
            "signature": {"provider": "hmac", "secret": "s"},
        },
        {"match": {"path": "mixed"}, "messageTemplate": "by token"},
    ],
    "rateLimit": {"maxAttempts": 100_000},
}
pytestmark = pytest.mark.parametrize("settings", [SETTINGS])
by_provider = pytest.mark.parametrize("provider", list(SECRETS))


def mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def github(body: bytes, _: int) -> dict[str, str]:
    digest = mac(SECRETS["github"].encode(), body).hex()
    return {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    }


def gitlab(body: bytes, at: int) -> dict[str, str]:
    key = base64.b64decode(SECRETS["gitlab"].removeprefix("whsec_"))
    name = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"
    signature = base64.b64encode(mac(key, f"{name}.{at}.".encode() + body)).decode()
    return {
        "webhook-id": name,
        "Idempotency-Key": name,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
        "X-Gitlab-Event": "Push Hook",
    }


def stripe(body: bytes, at: int) -> dict[str, str]:
    digest = mac(SECRETS["stripe"].encode(), f"{at}.".encode() + body).hex()
    return {"Stripe-Signature": f"t={at},v1={digest},v0=00"}


def slack(body: bytes, at: int) -> dict[str, str]:
    digest = mac(SECRETS["slack"].encode(), f"v0:{at}:".encode() + body).hex()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}


SIGN: dict[str, Callable[[bytes, int], dict[str, str]]] = {
    "github": github,
    "gitlab": gitlab,
    "stripe": stripe,
    "slack": slack,
}


def documented(provider: str) -> bytes:
    return (DATA / FILES[provider]).read_bytes()


@by_provider
async def test_a_documented_payload_needs_its_signature_and_no_token(
    gateway: Hooked, provider: str
) -> None:
    body = documented(provider)
    headers = SIGN[provider](body, int(time.time()))
    answer, said = await gateway.post(f"/{provider}", headers=headers, data=body)
    assert answer.status == 200, said
    assert (await gateway.run(said["runId"])).message.text == TEXTS[provider]


@by_provider
async def test_a_repeated_delivery_is_the_same_run(gateway: Hooked, provider: str) -> None:
    body, now = documented(provider), int(time.time())
    ids = []
    for at in (now, now - 5):
        headers = SIGN[provider](body, at)
        answer, said = await gateway.post(f"/{provider}", headers=headers, data=body)
        ids.append((said["runId"], answer.headers.get("Idempotency-Replayed")))
    assert ids == [(ids[0][0], None), (ids[0][0], "true")]
    assert await gateway.runs() == 1


@by_provider
async def test_any_changed_byte_is_401_with_and_without_a_token(
    gateway: Hooked, provider: str
) -> None:
    body, now = documented(provider), int(time.time())
    headers = SIGN[provider](body, now)
    # Every byte is changed in the unit ring; over HTTP it is a sample, broken JSON among it.
    for index in (0, 1, len(body) // 3, len(body) // 2, len(body) - 2):
        changed = bytearray(body)
        changed[index] ^= 1
        for more in ({}, BEARER):
            answer, said = await gateway.post(
                f"/{provider}", headers={**headers, **more}, data=bytes(changed)
            )
            assert (answer.status, said["error"]["message"]) == (401, "Unauthorized")
    answer, _ = await gateway.post(f"/{provider}", headers=BEARER, data=body)
    assert answer.status == 401
    assert await gateway.runs() == 0


@pytest.mark.parametrize("provider", ["gitlab", "stripe", "slack"])
async def test_a_stale_signature_is_401(gateway: Hooked, provider: str) -> None:
    body, now = documented(provider), int(time.time())
    for at in (now - 310, now + 310):
        headers = SIGN[provider](body, at)
        answer, _ = await gateway.post(f"/{provider}", headers=headers, data=body)
        assert answer.status == 401
    assert await gateway.runs() == 0


async def test_slack_is_answered_its_challenge(gateway: Hooked) -> None:
    body = b'{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"'
    body += b',"type":"url_verification"}'
    headers = slack(body, int(time.time()))
    answer, said = await gateway.post("/slack", headers=headers, data=body)
    assert answer.status == 200
    assert said == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}
    assert (await gateway.post("/slack", headers={}, data=body))[0].status == 401
    assert await gateway.runs() == 0


async def test_the_same_id_with_another_signed_body_is_another_run(gateway: Hooked) -> None:
    bodies = [documented("github"), b'{"commits":[{"message":"other"}]}']
    ids = {
        (await gateway.post("/github", headers=github(body, 0), data=body))[1]["runId"]
        for body in bodies
    }
    assert len(ids) == 2


async def test_a_path_may_have_signed_and_other_mappings(gateway: Hooked) -> None:
    body = b'{"source":"signed"}'
    signature = {"X-Signature": mac(b"s", body).hex()}
    seen = []
    for headers, data in (
        (signature, body),
        (BEARER, body),
        (signature, b'{"source":"other"}'),
        (BEARER, b'{"source":"other"}'),
        ({}, b"not json"),
        (BEARER, b"not json"),
    ):
        seen.append((await gateway.post("/mixed", headers=headers, data=data))[0].status)
    assert seen == [200, 401, 401, 200, 401, 400]


async def test_bad_signatures_count_and_good_ones_pass_a_locked_client(gateway: Hooked) -> None:
    body = documented("github")
    await gateway.store.client.execute(
        "ZADD", gateway.store.keys.auth_locks, (time.time() + 60) * 1000, "hooks:127.0.0.1"
    )
    answer, _ = await gateway.post("/github", headers={}, data=body)
    assert answer.status == 429
    answer, _ = await gateway.post("/github", headers=github(body, 0), data=body)
    assert answer.status == 200
    answer, _ = await gateway.post("/github", headers={}, data=body)
    assert answer.status == 401
