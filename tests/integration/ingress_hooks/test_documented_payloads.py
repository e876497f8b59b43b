"""What GitHub, GitLab, Stripe and Slack send, as documented: it passes, and nothing like it does.

`data/README.md` says where the payloads are from.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from openai import OpenAI
from slack_sdk.signature import SignatureVerifier

from tests.integration.ingress_hooks.hooked import BEARER, Hooked
from tests.integration.ingress_hooks.signing import (
    FORM,
    JSON,
    SECRETS,
    SIGN,
    SIGNING,
    documented,
)

SMALL_BYTES = 500
SAMPLE = 300
AT_ONCE = 25


@dataclass(frozen=True)
class Sent:
    """A payload, what a template makes of it, and whether it names its delivery."""

    file: str
    template: str
    text: str
    named: bool = True

    @property
    def provider(self) -> str:
        return self.file.partition("-")[0]

    @property
    def path(self) -> str:
        return self.file.partition(".")[0]

    @property
    def body(self) -> bytes:
        return documented(self.file)

    def headers(self, at: int, body: bytes | None = None) -> dict[str, str]:
        content_type = FORM if self.file.endswith(".form") else JSON
        signed = SIGN[self.provider](self.body if body is None else body, at)
        return {"Content-Type": content_type, **signed}


CASES = [
    Sent(
        "github-push.json",
        "{{pusher.name}} to {{ref}}: {{commits[0].message}} ({{commits[0].added}})",
        'Codertocat to refs/heads/master: Initial commit (["README.md"])',
    ),
    Sent(
        "github-pull-request.json",
        "#{{number}} {{action}}: {{pull_request.title}} by {{sender.login}}",
        "#2 opened: Update the README with new information. by Codertocat",
    ),
    Sent(
        "github-issue-comment.json",
        "{{comment.user.login}} on {{issue.title}}: {{payload.comment.body}}",
        "Codertocat on Spelling error in the README file: You are totally right! I'll get this"
        " fixed right away.",
    ),
    Sent("github-ping.json", "{{zen}}", "Anything added dilutes everything else."),
    Sent(
        "github-dependabot-alert.json",
        "{{repository.description}}",
        "📦⚡️ Build your npm package using composable plugins."
        " https://www.pika.dev/blog/introducing-pika-pack/",
    ),
    Sent(
        "gitlab-push.json",
        "{{user_name}}: {{commits[1].title}} ({{total_commits_count}})",
        "John Smith: fixed readme (4)",
    ),
    Sent(
        "gitlab-merge-request.json",
        "!{{object_attributes.iid}} {{object_attributes.title}} is {{object_attributes.state}}",
        "!1 MS-Viewport is opened",
    ),
    Sent(
        "gitlab-merge-request-closed.json",
        "{{object_attributes.title}}",
        "Update client.go 🎉",
    ),
    Sent(
        "gitlab-pipeline.json",
        "{{object_attributes.ref}}: {{object_attributes.status}}, {{builds.length}} jobs",
        "master: success, 5 jobs",
    ),
    Sent(
        "stripe-checkout-session-completed.json",
        "{{type}}: {{data.object.customer_details.name}}, {{data.object.metadata.note}}",
        "checkout.session.completed: Zofia Wiśniewska, Prosi o fakturę 🧾",
    ),
    Sent(
        "stripe-invoice-payment-failed.json",
        "{{data.object.lines.data[0].description}}, try {{data.object.attempt_count}}",
        "1 \u00d7 Team plan (at $19.00 / month), try 2",
    ),
    Sent(
        "stripe-subscription-updated.json",
        "{{data.object.cancel_at_period_end}} after {{data.previous_attributes}}",
        'true after {"cancel_at_period_end":false}',
    ),
    Sent("slack-app-mention.json", "{{event.text}}", "<@EEEEEEEEE> hello world"),
    Sent(
        "slack-app-mention-rich.json",
        "{{event.blocks[0].elements[0].elements[1].text}} {{authorizations[0].is_bot}}",
        "test39 true",
    ),
    Sent("slack-slash-command.form", "{{command}} {{text}}", "/command text"),
    Sent(
        "slack-view-submission.form",
        "{{user.name}}: {{view.state.values.multi-line.ml-value.value}}",
        "dreamweaver: No onions",
        named=False,
    ),
]
SETTINGS = {
    "mappings": [
        {
            "match": {"path": sent.path},
            "messageTemplate": sent.template,
            "signature": {"provider": sent.provider, "secret": SECRETS[sent.provider]},
        }
        for sent in [
            *CASES,
            Sent("slack-url-verification.json", "{{type}}", ""),
            Sent("github-form.form", "{{commits[0].message}}", ""),
        ]
    ],
    "rateLimit": {"maxAttempts": 1_000_000},
}
pytestmark = pytest.mark.parametrize("settings", [SETTINGS])
every = pytest.mark.parametrize("sent", CASES, ids=lambda sent: sent.path)


def positions(size: int) -> Iterable[int]:
    """Every byte of what is small, of the rest a sample that is the same each time."""
    if size <= SMALL_BYTES:
        return range(size)
    return sorted({0, size - 1, *random.Random(size).sample(range(size), SAMPLE)})


def flipped(text: bytes, index: int) -> bytes:
    return text[:index] + bytes([text[index] ^ 1]) + text[index + 1 :]


async def statuses(
    gateway: Hooked, sent: Sent, requests: Iterable[tuple[dict[str, str], bytes]]
) -> set[int]:
    """What a number of requests are answered with."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def status(headers: dict[str, str], body: bytes) -> int:
        async with slots:
            return (await gateway.post(f"/{sent.path}", headers=headers, data=body))[0].status

    return set(await asyncio.gather(*(status(*request) for request in requests)))


@every
async def test_a_documented_payload_needs_its_signature_and_no_token(
    gateway: Hooked, sent: Sent
) -> None:
    headers = sent.headers(int(time.time()))
    answer, said = await gateway.post(f"/{sent.path}", headers=headers, data=sent.body)
    assert answer.status == 200, said
    assert (await gateway.run(said["runId"])).message.text == sent.text


@every
async def test_a_delivery_that_is_sent_again_is_the_same_run(gateway: Hooked, sent: Sent) -> None:
    now = int(time.time())
    seen = []
    for at in (now, now - 5 if sent.named else now):
        headers = {**sent.headers(at), "X-Slack-Retry-Num": "1"}
        answer, said = await gateway.post(f"/{sent.path}", headers=headers, data=sent.body)
        seen.append((said["runId"], answer.headers.get("Idempotency-Replayed")))
    assert seen == [(seen[0][0], None), (seen[0][0], "true")]
    assert await gateway.runs() == 1


@every
async def test_any_changed_byte_of_the_body_is_401(gateway: Hooked, sent: Sent) -> None:
    body, headers = sent.body, sent.headers(int(time.time()))
    changed = [(headers, flipped(body, index)) for index in positions(len(body))]
    changed += [(headers, other) for other in (body + b"\n", body[:-1], b"")]
    # The hook token does not stand in for a signature.
    changed += [({**headers, **BEARER}, flipped(body, 0)), (BEARER, body), ({}, body)]
    assert await statuses(gateway, sent, changed) == {401}
    assert await gateway.runs() == 0


@every
async def test_any_changed_byte_of_the_signature_or_its_time_is_401(
    gateway: Hooked, sent: Sent
) -> None:
    headers = sent.headers(int(time.time()))
    changed = []
    for name in SIGNING[sent.provider]:
        value = headers[name].encode()
        changed += [
            ({**headers, name: flipped(value, index).decode()}, sent.body)
            for index in range(len(value))
        ]
        changed += [
            ({**headers, name: ""}, sent.body),
            ({key: value for key, value in headers.items() if key != name}, sent.body),
        ]
    assert await statuses(gateway, sent, changed) == {401}
    assert await gateway.runs() == 0


@pytest.mark.parametrize(
    "sent", [sent for sent in CASES if sent.provider != "github"], ids=lambda sent: sent.path
)
async def test_a_stale_signature_is_401(gateway: Hooked, sent: Sent) -> None:
    now = int(time.time())
    stale = [(sent.headers(at), sent.body) for at in (now - 310, now + 310)]
    assert await statuses(gateway, sent, stale) == {401}
    assert await gateway.runs() == 0


async def test_slacks_own_verifier_takes_what_these_tests_sign(settings: object) -> None:
    verifier = SignatureVerifier(SECRETS["slack"])
    for sent in (sent for sent in CASES if sent.provider == "slack"):
        headers = sent.headers(int(time.time()))
        assert verifier.is_valid_request(sent.body, headers)
        assert not verifier.is_valid_request(flipped(sent.body, 9), headers)


async def test_a_verifier_of_standard_webhooks_takes_what_these_tests_sign(
    settings: object,
) -> None:
    verifier = OpenAI(api_key="none").webhooks
    for sent in (sent for sent in CASES if sent.provider == "gitlab"):
        headers = sent.headers(int(time.time()))
        verifier.verify_signature(sent.body, headers, secret=SECRETS["gitlab"])


async def test_a_form_is_signed_as_it_is_sent_and_read_as_its_payload(gateway: Hooked) -> None:
    body = urlencode({"payload": documented("github-push.json")}).encode()
    sent = Sent("github-form.form", "", "")
    answer, said = await gateway.post("/github-form", headers=sent.headers(0, body), data=body)
    assert answer.status == 200
    assert (await gateway.run(said["runId"])).message.text == "Initial commit"


async def test_a_command_may_be_in_any_language(gateway: Hooked) -> None:
    sent = next(sent for sent in CASES if sent.path == "slack-slash-command")
    body = sent.body.replace(b"text=text", urlencode({"text": "Grüße, 世界 ☃"}).encode())
    headers = sent.headers(int(time.time()), body)
    _, said = await gateway.post(f"/{sent.path}", headers=headers, data=body)
    assert (await gateway.run(said["runId"])).message.text == "/command Grüße, 世界 ☃"


async def test_slack_is_answered_its_challenge(gateway: Hooked) -> None:
    sent = Sent("slack-url-verification.json", "", "")
    path, headers = f"/{sent.path}", sent.headers(int(time.time()))
    answer, said = await gateway.post(path, headers=headers, data=sent.body)
    assert answer.status == 200
    assert said == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}
    assert (await gateway.post(path, headers={}, data=sent.body))[0].status == 401
    assert await gateway.runs() == 0
