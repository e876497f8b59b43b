"""`inbound`: limits of what comes in from chat platforms."""

from __future__ import annotations

from openclaw_common.runtime.config.base import Bounded, NonNegative, Positive


class Inbound(Bounded):
    """How long repeats are known, what strangers may do, and how connections are held."""

    # So that two renewals in a row may come late before an account is lost.
    bounds = (("receiver_renew_ms", "receiver_lease_ms", 3),)

    max_body_bytes: Positive = 1_048_576
    """Size of a webhook's body, in bytes."""
    event_retention_seconds: Positive = 604_800
    """How long a repeated event of a platform is known for one, in seconds."""
    history_retention_seconds: Positive = 604_800
    """How long a group's messages wait for the agent to be addressed, in seconds."""
    max_history_chars: Positive = 2000
    """Length of one of them, in characters; the rest is cut off."""
    failure_attempts: Positive = 120
    """Webhooks without a valid signature that one address may send within `failureWindowMs`."""
    failure_window_ms: Positive = 60_000
    """Length of that window, in milliseconds; as long it is refused."""
    debounce_max_ms: Positive = 7500
    """How long messages in a row put off the run at most, in milliseconds."""
    debounce_max_messages: Positive = 12
    """Messages in a row that become one run."""
    pairing_code_seconds: Positive = 3600
    """How long a pairing code can be approved, in seconds; as long its owner gets no other."""
    max_pending_pairings: Positive = 3
    """Strangers that may wait for one account at the same time; more are not answered."""
    max_queued_notices: Positive = 10
    """Deliveries that may wait for one chat; past it, what needs no run is done and not told."""
    max_media: Positive = 10
    """Images of one message that the model is shown."""
    media_timeout_seconds: Positive = 30
    """How long a platform may take for one of them, in seconds."""
    receiver_lease_ms: Positive = 6000
    """How long a process that went silent keeps an account's connection, in milliseconds."""
    receiver_renew_ms: Positive = 1000
    """How often accounts are looked after, in milliseconds: renewed, and taken where free."""
    receiver_backoff_ms: Positive = 1000
    """First pause after a connection failed, in milliseconds; doubles each time."""
    receiver_backoff_max_ms: Positive = 60_000
    """Up to which it doubles, in milliseconds."""
    receiver_rest_seconds: Positive = 300
    """How long an account is left alone that the platform refuses for good, in seconds."""
    receiver_drain_seconds: NonNegative = 5
    """How long a connection may take to end, in seconds."""
