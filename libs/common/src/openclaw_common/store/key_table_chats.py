"""The keys of what comes in from chats; part of `key_table`."""

from __future__ import annotations

from typing import Final

from openclaw_common.store.key_table_runs import KeySpec

CHAT_ROWS: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "openclaw:{cell}:inbound-seen:<sha256>",
        "string",
        "inbound.eventRetentionSeconds",
        "inbound_note, inbound_answer",
        "inbound_note, inbound_answer",
        "the mark of one event of a platform that became no run, by which repeats are known",
    ),
    KeySpec(
        "openclaw:{cell}:inbound-history:<session_key>",
        "stream",
        "inbound.historyRetentionSeconds after the last entry; historyLimit entries",
        "inbound_note, finish",
        "worker",
        "what was written in a group since the agent last answered, without meaning it",
    ),
    KeySpec(
        "openclaw:{cell}:pairing-requests",
        "hash",
        "inbound.pairingCodeSeconds after the last request, as is each request",
        "pairing_ask, pairing_approve, store.pairings",
        "ingress, pairing_ask, pairing_approve",
        "account and sender → who waits to be let in: code, name, address, times",
    ),
    KeySpec(
        "openclaw:{cell}:pairings",
        "hash",
        "while anybody is paired",
        "pairing_approve, store.pairings",
        "ingress, delivery",
        "account and sender → who was let in, and when",
    ),
    KeySpec(
        "openclaw:{cell}:receiver:<account>",
        "hash",
        "for good: one for each account that ever held a connection",
        "receivers_keep, receiver_cursor, receivers_give",
        "receivers_keep, receiver_cursor, receivers_give",
        "which process receives for an account, under which fence, until when, and its cursor",
    ),
    KeySpec(
        "openclaw:{cell}:receiver-holders",
        "hash",
        "while accounts hold connections",
        "receivers_keep, receivers_give",
        "store.receivers",
        "account → the process that was last known to receive for it",
    ),
    KeySpec(
        "openclaw:{cell}:receivers",
        "sorted set",
        "inbound.receiverLeaseMs after the last process was heard, as is each process",
        "receivers_keep, receivers_give",
        "receivers_keep",
        "the delivery processes that may receive, by when they were last heard, in ms",
    ),
)
