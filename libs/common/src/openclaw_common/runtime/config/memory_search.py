"""`memorySearch` of an agent: the model that turns texts into embeddings for it."""

from __future__ import annotations

from openclaw_common.runtime.config.base import Section


class MemorySearch(Section):
    """Which model makes embeddings; OpenClaw's further keys are about its memory files."""

    free_form = True

    provider: str | None = None
    """A provider of `models.providers`; without it, that of the agent's model."""
    model: str | None = None
    """The provider's own name of the embedding model."""
