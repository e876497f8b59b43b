"""The signature of Standard Webhooks 1.0.0, scheme v1 (HMAC-SHA256).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence

from pydantic import SecretStr

from openclaw_channels.webhook.settings import signing_key


def signed_headers(
    message_id: str, timestamp: int, body: bytes, secrets: Sequence[SecretStr]
) -> dict[str, str]:
    """Return the three headers; one signature for each of `secrets`, whichever is known there.

    `timestamp` is in Unix seconds; receivers refuse one that is some minutes off.
    """
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = [
        base64.b64encode(hmac.digest(signing_key(secret), content, "sha256")).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
