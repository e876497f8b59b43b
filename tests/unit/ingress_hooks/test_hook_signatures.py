"""Provider signatures: published vectors pass, and any byte changed does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

import pytest

from openclaw_common.runtime.config.hook_mappings import HookSignature
from openclaw_ingress.hook_signatures import (
    SignatureCheck,
    SignatureInvalid,
    SignatureStale,
    SignedRequest,
)
from tests.integration.ingress_hooks.signing import DATA

SLACK_BODY = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    ".803a0bc887a14d10d2c447fce8b6703c"
)
NOW = 1_614_265_330
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_BODY = b'{"test": 2432232314}'


def hex_hmac(secret: str, text: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), text, algorithm).hexdigest()


@dataclass(frozen=True)
class Case:
    """A delivery as its provider documents it."""

    name: str
    settings: dict[str, Any]
    headers: dict[str, str]
    body: bytes
    signing: tuple[str, ...]
    """The headers of which any byte counts."""
    id: str = ""
    payload: Any = field(default_factory=dict)
    now: float = NOW
    body_signed: bool = True


STRIPE_BODY = b'{"id": "evt_1MqqbKLt4dXK03v5qaIbiNCC", "object": "event", "type": "x"}'
STRIPE_SECRET = "whsec_test_secret"
HMAC_BODY = b'{"n":1}'

CASES = [
    Case(
        "GitHub's documented test values",
        {"provider": "github", "secret": "It's a Secret to Everybody"},
        {
            "X-Hub-Signature-256": (
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
            ),
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        },
        b"Hello, World!",
        ("X-Hub-Signature-256",),
        id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
    ),
    Case(
        "Slack's documented example",
        {"provider": "slack", "secret": "8f742231b10e8888abcd99yyyzzz85a5"},
        {
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": (
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
            ),
        },
        SLACK_BODY.encode(),
        ("X-Slack-Signature", "X-Slack-Request-Timestamp"),
        id="Ev0PV52K25",
        payload={"event_id": "Ev0PV52K25"},
        now=1531420618,
    ),
    Case(
        "Slack, as another library tests it",
        {"provider": "slack", "secret": "e6b19c573432dcc6b075501d51b51bb8"},
        {
            "X-Slack-Request-Timestamp": "1531431954",
            "X-Slack-Signature": (
                "v0=adada4ed31709aef585c2580ca3267678c6a8eaeb7e0c1aca3ee57b656886b2c"
            ),
        },
        (DATA / "slack-app-mention.json").read_bytes(),
        ("X-Slack-Signature", "X-Slack-Request-Timestamp"),
        id="TvBP7LRED7",
        payload={"event_id": "TvBP7LRED7"},
        now=1531431954,
    ),
    Case(
        "the vector of Standard Webhooks",
        {"provider": "standard-webhooks", "secret": STANDARD_SECRET},
        STANDARD_HEADERS,
        STANDARD_BODY,
        tuple(STANDARD_HEADERS),
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ),
    Case(
        "GitLab with a signing token",
        {"provider": "gitlab", "secret": STANDARD_SECRET},
        STANDARD_HEADERS,
        STANDARD_BODY,
        tuple(STANDARD_HEADERS),
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ),
    Case(
        "GitLab with a secret token",
        {"provider": "gitlab", "secret": "glsec"},
        {"X-Gitlab-Token": "glsec", "X-Gitlab-Event-UUID": "13792a34"},
        b"{}",
        ("X-Gitlab-Token",),
        id="13792a34",
        body_signed=False,
    ),
    Case(
        "Stripe, with another scheme beside",
        {"provider": "stripe", "secret": STRIPE_SECRET},
        {
            "Stripe-Signature": (
                f"t={NOW},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
                f",v1={hex_hmac(STRIPE_SECRET, f'{NOW}.'.encode() + STRIPE_BODY)}"
            )
        },
        STRIPE_BODY,
        (),
        id="evt_1MqqbKLt4dXK03v5qaIbiNCC",
        payload={"id": "evt_1MqqbKLt4dXK03v5qaIbiNCC"},
    ),
    Case(
        "an HMAC of one's own",
        {
            "provider": "hmac",
            "secret": "s",
            "header": "X-Sig",
            "prefix": "sha512=",
            "algorithm": "sha512",
            "timestampHeader": "X-Time",
            "idHeader": "X-Id",
        },
        {
            "X-Sig": "sha512=" + hex_hmac("s", f"{NOW}.".encode() + HMAC_BODY, "sha512"),
            "X-Time": str(NOW),
            "X-Id": "7",
        },
        HMAC_BODY,
        ("X-Sig", "X-Time"),
        id="7",
    ),
    Case(
        "an HMAC in base64",
        {"provider": "hmac", "secret": "s", "encoding": "base64"},
        {
            "X-Signature": base64.b64encode(
                hmac.new(b"s", HMAC_BODY, hashlib.sha256).digest()
            ).decode()
        },
        HMAC_BODY,
        ("X-Signature",),
    ),
]


def verify(case: Case, **changed: Any) -> str:
    request = SignedRequest(changed.get("headers", case.headers), changed.get("body", case.body))
    settings = HookSignature.model_validate({**case.settings, **changed.get("settings", {})})
    check = SignatureCheck(settings, tolerance_s=300)
    return check.verify(request, case.payload, changed.get("now", case.now)).id


TIMED = ("Slack", "the vector", "Stripe", "an HMAC of")
"""How the names of those begin that sign a time."""
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@by_name
def test_a_documented_signature_is_valid_and_names_the_delivery(case: Case) -> None:
    assert verify(case) == case.id


@by_name
def test_any_changed_byte_of_the_body_is_invalid(case: Case) -> None:
    if not case.body_signed:
        assert verify(case, body=b"[]") == case.id
        return
    for index in range(len(case.body)):
        changed = bytearray(case.body)
        changed[index] ^= 1
        with pytest.raises(SignatureInvalid):
            verify(case, body=bytes(changed))
    for other in (case.body + b" ", case.body[:-1], b""):
        with pytest.raises(SignatureInvalid):
            verify(case, body=other)


@by_name
def test_any_changed_byte_of_a_signing_header_is_invalid(case: Case) -> None:
    for name in case.signing:
        value = case.headers[name]
        # The last character of a padded base64 text has bits that mean nothing; it still counts.
        for index in range(len(value)):
            changed = value[:index] + chr(ord(value[index]) ^ 1) + value[index + 1 :]
            with pytest.raises(SignatureInvalid):
                verify(case, headers={**case.headers, name: changed})
        for gone in ({**case.headers, name: ""}, _without(case.headers, name)):
            with pytest.raises(SignatureInvalid):
                verify(case, headers=gone)


@by_name
def test_another_secret_is_invalid_and_a_previous_one_is_not(case: Case) -> None:
    other = "whsec_" + base64.b64encode(b"another").decode()
    with pytest.raises(SignatureInvalid):
        verify(case, settings={"secret": other})
    if case.settings["secret"] == "glsec":
        other = "another"
    rotated = {"secret": other, "previousSecret": case.settings["secret"]}
    assert verify(case, settings=rotated) == case.id


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in CASES
        if case.name.startswith(("Slack", "the vector", "Stripe", "an HMAC of"))
    ],
    ids=lambda case: case.name,
)
def test_a_signed_time_holds_for_the_tolerance_and_is_stale_beyond(case: Case) -> None:
    assert verify(case, now=case.now + 300) == verify(case, now=case.now - 300) == case.id
    for now in (case.now + 301, case.now - 301):
        with pytest.raises(SignatureStale):
            verify(case, now=now)


def test_stripes_time_is_signed() -> None:
    (case,) = (case for case in CASES if case.name.startswith("Stripe"))
    header = case.headers["Stripe-Signature"]
    for changed in (header.replace(f"t={NOW}", f"t={NOW + 1}"), header.replace("v1=", "v1=0")):
        with pytest.raises(SignatureInvalid):
            verify(case, headers={"Stripe-Signature": changed})
    rotating = header + ",v1=" + "0" * 64
    assert verify(case, headers={"Stripe-Signature": rotating}) == case.id


def test_a_signed_time_is_part_of_what_tells_a_request_from_the_next() -> None:
    slack = next(case for case in CASES if case.name.startswith("Slack"))
    check = SignatureCheck(HookSignature.model_validate(slack.settings), tolerance_s=300)
    found = check.verify(SignedRequest(slack.headers, slack.body), {}, slack.now)
    assert (found.id, found.proof) == ("", slack.headers["X-Slack-Signature"].removeprefix("v0="))


def test_a_secret_that_is_no_base64_matches_nothing() -> None:
    (case,) = (case for case in CASES if case.name.startswith("the vector"))
    with pytest.raises(SignatureInvalid):
        verify(case, settings={"secret": "whsec_not base64!"})


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}
