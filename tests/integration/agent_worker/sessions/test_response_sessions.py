"""A session that was made for a response is kept as long as the record that leads to it."""

from typing import Any

import pytest

from tests.integration.agent_worker.sessions.talk import Talk

RECORD_S, SESSION_S = 1000, 50_000


@pytest.fixture
def sections() -> dict[str, Any]:
    return {
        "runs": {
            "retentionSeconds": RECORD_S,
            "streamRetentionSeconds": 60,
            "idempotencySeconds": 60,
            "sessionRetentionSeconds": SESSION_S,
        }
    }


@pytest.mark.parametrize(
    ("session_key", "kept_s"),
    [
        ("agent:main:openresponses:5", RECORD_S),
        ("agent:main:openresponses-user:ada", SESSION_S),
        ("agent:main:main", SESSION_S),
    ],
)
async def test_it_is_kept_as_long_as_it_can_be_reached(
    talk: Talk, session_key: str, kept_s: int
) -> None:
    async with talk.worker():
        await talk.say("hello", session_key=session_key, source="responses")
    keys = talk.store.keys
    for key in (keys.session(session_key), keys.transcript(session_key)):
        left_ms = await talk.store.client.execute("PTTL", key)
        assert (kept_s - 100) * 1000 < left_ms <= kept_s * 1000
