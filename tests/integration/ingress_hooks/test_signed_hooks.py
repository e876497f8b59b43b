"""Signatures beside tokens: paths with both, the limiter, ids, and secrets while they change."""

from __future__ import annotations

import base64
import time

import pytest

from tests.integration.ingress_hooks.hooked import BEARER, Hooked
from tests.integration.ingress_hooks.signing import SECRETS, documented, github, gitlab, mac

SETTINGS = {
    "mappings": [
        {
            "match": {"path": "github"},
            "messageTemplate": "{{commits[0].message}}",
            "signature": {"provider": "github", "secret": SECRETS["github"]},
        },
        {
            "match": {"path": "rotating"},
            "messageTemplate": "{{user_name}}",
            "signature": {
                "provider": "gitlab",
                "secret": SECRETS["gitlab"],
                "previousSecret": "a secret token",
            },
        },
        {
            "match": {"path": "empty"},
            "messageTemplate": "{{user_name}}",
            "signature": {"provider": "gitlab", "secret": "whsec_"},
        },
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


async def test_a_secret_token_holds_while_a_signing_token_takes_its_place(gateway: Hooked) -> None:
    body = documented("gitlab-push.json")
    shown = (
        gitlab(body, int(time.time())),
        {"X-Gitlab-Token": "a secret token", "X-Gitlab-Event-UUID": "1"},
        {"X-Gitlab-Token": SECRETS["gitlab"], "X-Gitlab-Event-UUID": "2"},
        {"X-Gitlab-Token": "another", "X-Gitlab-Event-UUID": "3"},
    )
    seen = [
        (await gateway.post("/rotating", headers=headers, data=body))[0].status for headers in shown
    ]
    assert seen == [200, 200, 401, 401]


async def test_nobody_signs_with_the_key_that_is_left_of_an_empty_secret(gateway: Hooked) -> None:
    body, at = b"{}", int(time.time())
    signature = base64.b64encode(mac(b"", f"m.{at}.".encode() + body)).decode()
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
    }
    assert (await gateway.post("/empty", headers=headers, data=body))[0].status == 401


async def test_the_same_id_with_another_signed_body_is_another_run(gateway: Hooked) -> None:
    bodies = [documented("github-push.json"), b'{"commits":[{"message":"other"}]}']
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
    body = documented("github-push.json")
    await gateway.store.client.execute(
        "ZADD", gateway.store.keys.auth_locks, (time.time() + 60) * 1000, "hooks:127.0.0.1"
    )
    answer, _ = await gateway.post("/github", headers={}, data=body)
    assert answer.status == 429
    answer, _ = await gateway.post("/github", headers=github(body, 0), data=body)
    assert answer.status == 200
    answer, _ = await gateway.post("/github", headers={}, data=body)
    assert answer.status == 401
