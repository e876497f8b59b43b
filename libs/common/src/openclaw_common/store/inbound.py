"""What comes in from chats and is no run: history of groups, events, answers; and who is paired.

Each is one step with the mark by which repeats of its event are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from openclaw_common.store.effects import NewDelivery
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.spread import Spread

CANCELLED_BY_USER: Final = "stopped"
"""Why runs ended that somebody stopped in the chat."""


@dataclass(frozen=True, slots=True)
class EventMark:
    """Names one event of a platform; repeats are known for `keep_ms`."""

    channel: str
    account_id: str
    event_id: str
    keep_ms: int

    @property
    def digest(self) -> str:
        """The name of its key."""
        text = f"{self.channel}\n{self.account_id}\n{self.event_id}"
        return sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One message of a group that was not meant for the agent, as it is shown."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class InboundSteps:
    """The steps of one cell; with `spread` there are others. Every call raises StoreUnavailable."""

    scripts: JobScripts
    spread: Spread | None = field(default=None, kw_only=True)

    async def note_history(
        self, mark: EventMark, session_key: str, line: str, *, most: int, keep_ms: int
    ) -> bool:
        """Put a line at the end of a group's history; False for a repeat."""
        args = ("history", session_key, line, most, keep_ms, mark.keep_ms, "")
        return await self._note(mark, args)

    async def note_event(
        self, mark: EventMark, session_key: str, agent_id: str, text: str, limits: tuple[int, int]
    ) -> bool:
        """Tell a session's agent at its next turn; `limits` are how many events wait, how long."""
        args = ("event", session_key, text, *limits, mark.keep_ms, agent_id)
        return await self._note(mark, args)

    async def _note(self, mark: EventMark, args: tuple[str | int, ...]) -> bool:
        key = self.scripts.keys.inbound_seen(mark.digest)
        if self.spread is None:
            return bool(await self.scripts.call("inbound_note", args, (key,)) == b"noted")
        checks = self.spread.check(str(args[1]), self.scripts.keys.number)
        reply = await self.scripts.call("inbound_note_in_cells", (*args, *checks), (key,))
        self.spread.refused(reply)
        return bool(reply == b"noted")

    async def history(self, session_key: str, run_id: str) -> list[HistoryLine]:
        """Return what was written in a group before a run was accepted, oldest first."""
        client, keys = self.scripts.client, self.scripts.keys
        created = client.submit("HGET", keys.record(self.scripts.kind, run_id), "created_ms")
        entries = client.submit("XRANGE", keys.inbound_history(session_key), "-", "+")
        until_ms = int(await client.settle(created) or 0)
        return [
            HistoryLine(entry.decode(), fields[1].decode())
            for entry, fields in await client.settle(entries)
            if int(entry.partition(b"-")[0]) <= until_ms
        ]

    async def answer(
        self,
        mark: EventMark,
        notice: NewDelivery,
        *,
        most: int,
        stops: str = "",
        stopped: NewDelivery | None = None,
    ) -> int | None:
        """Send a notice; None for a repeat, else how many runs were cancelled.

        Cancels those of the session `stops`; where there were any, `stopped` has the words. The
        notice is left out where `most` deliveries wait for its destination.
        """
        fields = notice.fields_json()
        reply = await self.scripts.call(
            "inbound_answer",
            (
                mark.keep_ms,
                stops,
                CANCELLED_BY_USER,
                notice.id,
                notice.lane,
                notice.arq_job,
                fields,
                stopped.fields_json() if stopped else fields,
                most,
            ),
            (self.scripts.keys.inbound_seen(mark.digest),),
        )
        return None if reply[0] == b"seen" else int(reply[1])
