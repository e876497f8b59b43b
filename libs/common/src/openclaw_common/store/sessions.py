"""Sessions: the transcript that a run continues, and what is known of the conversation.

A session has an epoch, from 1: a reset begins the next one with an empty transcript. Its revision
counts the writes. Only the run that holds the session's lane writes it, fenced by its attempt; who
says which revision it has read is refused once the session is another one, for instance reset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from openclaw_common.contracts.delivery import Destination
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import Arg
from openclaw_common.store.keys import Keys

_FIELDS: Final = (
    "revision",
    "epoch",
    "created_ms",
    "started_ms",
    "updated_ms",
    "user_ms",
    "messages",
    "agent_id",
    "model",
    "last_run_id",
    "route",
    "first",
)


@dataclass(frozen=True, slots=True)
class Session:
    """The session record; times in ms of Redis' clock, 0 where there was none yet.

    `started_ms` is the beginning of the epoch, `user_ms` the end of the last run that a user asked
    for. `messages` counts the transcript's. `model` is `provider/model` where the epoch was begun
    with one. `last_run_id` is the run that wrote it last. `route` is where it was heard from or
    answered last. `first` is the number of the transcript's first message: messages are numbered on
    through the epoch, and keep their numbers when older ones go.
    """

    revision: int = 0
    epoch: int = 1
    created_ms: int = 0
    started_ms: int = 0
    updated_ms: int = 0
    user_ms: int = 0
    messages: int = 0
    agent_id: str = ""
    model: str | None = None
    last_run_id: str = ""
    route: Destination | None = None
    first: int = 1


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How much of a transcript is kept, and how long, in ms."""

    max_messages: int
    retention_ms: int


@dataclass(frozen=True, slots=True)
class SessionWrite:
    """A change of a session, as one atomic step; without any field set it only appends.

    `revision` is the one that was read (None: whatever it is now). `new_epoch` forgets the
    transcript and goes on with `model`. Then the `drop` oldest messages go, `head` comes in front,
    and `tail` to the end. `by_user` says that a user caused it. `retention_ms` is how long the
    session is kept unused, None for `runs.sessionRetentionSeconds`.
    """

    revision: int | None = None
    new_epoch: bool = False
    model: str | None = None
    drop: int = 0
    head: tuple[bytes, ...] = ()
    tail: tuple[bytes, ...] = ()
    by_user: bool = False
    retention_ms: int | None = None

    def args(self, limits: SessionLimits, agent_id: str, mark: str) -> list[Arg]:
        """Return what `write_session` of the prelude takes; `mark` names this write alone."""
        return [
            limits.retention_ms if self.retention_ms is None else self.retention_ms,
            limits.max_messages,
            agent_id,
            "" if self.revision is None else self.revision,
            mark,
            int(self.new_epoch),
            self.model or "",
            int(self.by_user),
            self.drop,
            len(self.head),
            *self.head,
            *self.tail,
        ]


@dataclass(frozen=True, slots=True)
class Sessions:
    """Session transcripts of one cell."""

    client: RedisClient
    keys: Keys

    async def get(self, session_key: str) -> Session | None:
        """Return the record, None where there is none. Raises StoreUnavailable."""
        values = await self.client.execute("HMGET", self.keys.session(session_key), *_FIELDS)
        return _session(values)

    async def get_all(self, session_keys: Sequence[str]) -> list[Session | None]:
        """Return several records in one round trip. Raises StoreUnavailable."""
        client = self.client
        reading = [
            client.submit("HMGET", self.keys.session(session_key), *_FIELDS)
            for session_key in session_keys
        ]
        return [_session(await client.settle(record)) for record in reading]

    async def read(self, session_key: str) -> tuple[Session, list[bytes]]:
        """Return the record and the transcript, JSON messages, oldest first.

        A session that does not exist yet is a new one. Raises StoreUnavailable.
        """
        # The record first: a write between the two reads makes the revision an old one, which
        # refuses later writes, never a new one over an old transcript.
        client, keys = self.client, self.keys
        record = client.submit("HMGET", keys.session(session_key), *_FIELDS)
        messages = client.submit("LRANGE", keys.transcript(session_key), 0, -1)
        return _session(await client.settle(record)) or Session(), await client.settle(messages)

    async def transcript(self, session_key: str) -> list[bytes]:
        """Return the messages of a session as JSON, oldest first. Raises StoreUnavailable."""
        messages: list[bytes] = await self.client.execute(
            "LRANGE", self.keys.transcript(session_key), 0, -1
        )
        return messages


def _session(values: list[bytes | None]) -> Session | None:
    if not any(value is not None for value in values):
        return None
    found = {name: value.decode() for name, value in zip(_FIELDS, values, strict=True) if value}
    created = int(found.get("created_ms", "0"))
    return Session(
        revision=int(found.get("revision", "0")),
        epoch=int(found.get("epoch", "1")),
        created_ms=created,
        started_ms=int(found.get("started_ms", created)),
        updated_ms=int(found.get("updated_ms", "0")),
        user_ms=int(found.get("user_ms", "0")),
        messages=int(found.get("messages", "0")),
        agent_id=found.get("agent_id", ""),
        model=found.get("model"),
        last_run_id=found.get("last_run_id", ""),
        first=int(found.get("first", "1")),
        route=Destination(**orjson.loads(found["route"])) if "route" in found else None,
    )
