"""Requests as GitHub, GitLab, Stripe and Slack send them, signed as each of them documents it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

DATA = Path(__file__).parent / "data"
SECRETS = {
    "github": "It's a Secret to Everybody",
    "gitlab": "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
    "stripe": "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def documented(name: str) -> bytes:
    """The body in a file of `data/`."""
    return (DATA / name).read_bytes()


def mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def github(body: bytes, _: int) -> dict[str, str]:
    key = SECRETS["github"].encode()
    return {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Accept": "*/*",
        "X-GitHub-Hook-ID": "292430182",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-GitHub-Hook-Installation-Target-ID": "79929171",
        "X-Hub-Signature": f"sha1={hmac.new(key, body, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={mac(key, body).hex()}",
    }


def gitlab(body: bytes, at: int) -> dict[str, str]:
    key = base64.b64decode(SECRETS["gitlab"].removeprefix("whsec_"))
    name = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"
    signature = base64.b64encode(mac(key, f"{name}.{at}.".encode() + body)).decode()
    return {
        "User-Agent": "GitLab/18.0.0",
        "Idempotency-Key": name,
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Webhook-UUID": "4e1f3c2b-7d6a-4b0e-8f5d-2a9c1b0e7d63",
        "X-Gitlab-Instance": "https://gitlab.example.com",
        "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e",
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
    }


def stripe(body: bytes, at: int) -> dict[str, str]:
    digest = mac(SECRETS["stripe"].encode(), f"{at}.".encode() + body).hex()
    return {
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Stripe-Signature": f"t={at},v1={digest}",
    }


def slack(body: bytes, at: int) -> dict[str, str]:
    digest = mac(SECRETS["slack"].encode(), f"v0:{at}:".encode() + body).hex()
    return {
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "Accept": "*/*",
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={digest}",
    }


SIGN: dict[str, Callable[[bytes, int], dict[str, str]]] = {
    "github": github,
    "gitlab": gitlab,
    "stripe": stripe,
    "slack": slack,
}
SIGNING = {
    "github": ("X-Hub-Signature-256",),
    "gitlab": ("webhook-id", "webhook-timestamp", "webhook-signature"),
    "stripe": ("Stripe-Signature",),
    "slack": ("X-Slack-Request-Timestamp", "X-Slack-Signature"),
}
"""The headers of which every byte counts."""
