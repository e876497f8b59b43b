"""Dead letters: jobs that used up their attempts."""

from __future__ import annotations

from dataclasses import dataclass

from openclaw_common.store.jobs import JobScripts


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of one kind of job."""

    scripts: JobScripts

    async def newest(self, limit: int = 100) -> list[tuple[str, int]]:
        """Return up to `limit` (record id, Unix ms of death), newest first."""
        key = self.scripts.keys.dead(self.scripts.kind)
        flat = await self.scripts.client.execute("ZREVRANGE", key, 0, limit - 1, "WITHSCORES")
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return [(member.decode(), int(float(score))) for member, score in pairs]
