"""What of an agent's output people are to see."""

from __future__ import annotations

import pytest

from openclaw_common.contracts.replies import NO_RESPONSE, Reply, reply_of

LONG = "x" * 301


@pytest.mark.parametrize(
    ("output", "source", "expected"),
    [
        ("All well.", "hook", Reply("All well.")),
        ("NO_REPLY", "hook", Reply("", "silent")),
        ("  NO_REPLY\n", "heartbeat", Reply("", "silent")),
        ("NO_REPLY needed", "hook", Reply("NO_REPLY needed")),
        ("", "hook", Reply("", "empty")),
        (NO_RESPONSE, "hook", Reply("", "empty")),
        ("HEARTBEAT_OK", "hook", Reply("", "heartbeat")),
        ("HEARTBEAT_OK all fine", "heartbeat", Reply("", "heartbeat")),
        ("all fine HEARTBEAT_OK", "heartbeat", Reply("", "heartbeat")),
        (f"HEARTBEAT_OK {LONG}", "heartbeat", Reply(LONG)),
        ("Mail from Ann. HEARTBEAT_OK", "hook", Reply("Mail from Ann.")),
        ("HEARTBEAT_OK HEARTBEAT_OK", "heartbeat", Reply("", "heartbeat")),
        ("I say HEARTBEAT_OK when idle", "heartbeat", Reply("I say HEARTBEAT_OK when idle")),
    ],
)
def test_a_reply_is_shown_or_kept_silent(output: str, source: str, expected: Reply) -> None:
    assert reply_of(output, source, 300) == expected
