"""What an agent is told before every conversation: who it is, its prompt, its instruction files.

The files are those of OpenClaw's workspace. They are read for every run, so that a mounted folder
can be changed without a restart; one that is missing is left out.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from openclaw_common.runtime.config.agents import Agent, Identity

FILES: Final = ("AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "TOOLS.md")
"""In the order in which they are told."""
_MOST_BYTES_A_CHAR: Final = 4


async def instructions_of(agent: Agent, system: str | None) -> str:
    """Return all instructions; `system` are the request's own and come last."""
    files = ""
    if agent.workspace:
        files = await asyncio.to_thread(_files, agent.workspace, agent)
    parts = (_identity(agent.identity), agent.system_prompt, files, system)
    return "\n\n".join(part for part in parts if part)


def _identity(identity: Identity) -> str:
    lines = []
    if identity.name:
        sign = f" {identity.emoji}" if identity.emoji else ""
        lines.append(f"Your name is {identity.name}{sign}.")
    if identity.theme:
        lines.append(f"Your manner: {identity.theme}")
    return "\n".join(lines)


def _files(workspace: str, agent: Agent) -> str:
    folder = Path(workspace).expanduser()
    left = agent.bootstrap_total_max_chars
    parts = []
    for name in FILES:
        text = _content(folder / name, min(agent.bootstrap_max_chars, left))
        if text:
            parts.append(f"## {name}\n\n{text}")
            left = max(0, left - len(text))
    return "\n\n".join(("# Workspace files", *parts)) if parts else ""


def _content(path: Path, limit: int) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read((limit + 1) * _MOST_BYTES_A_CHAR)
    except OSError:
        return ""
    text = raw.decode("utf-8-sig", "ignore").strip()
    return text if len(text) <= limit else f"{text[:limit]}\n[cut here: the file is longer]"
