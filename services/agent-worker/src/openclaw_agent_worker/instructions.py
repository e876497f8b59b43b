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
HEARTBEAT_FILE: Final = "HEARTBEAT.md"
"""What an agent is told besides when it has a turn that nobody asked for."""
_MOST_BYTES_A_CHAR: Final = 4


async def instructions_of(agent: Agent, system: str | None, *, heartbeat: bool = False) -> str:
    """Return all instructions; `system` are the request's own and come last.

    In a `heartbeat` HEARTBEAT.md is one of the files, with `lightContext` the only one.
    """
    files = ""
    if agent.workspace:
        names = _names(agent, heartbeat)
        files = await asyncio.to_thread(_files, agent.workspace, agent, names)
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


def _names(agent: Agent, heartbeat: bool) -> tuple[str, ...]:
    if not heartbeat:
        return FILES
    return (HEARTBEAT_FILE,) if agent.heartbeat.light_context else (*FILES, HEARTBEAT_FILE)


def _files(workspace: str, agent: Agent, names: tuple[str, ...]) -> str:
    folder = Path(workspace).expanduser()
    left = agent.bootstrap_total_max_chars
    parts = []
    for name in names:
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
