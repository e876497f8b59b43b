"""What an agent is told before every conversation."""

from __future__ import annotations

from pathlib import Path

from openclaw_agent_worker.instructions import instructions_of
from openclaw_common.runtime.config.agents import Agent


def agent(workspace: Path | None = None, **settings: object) -> Agent:
    folder = {"workspace": str(workspace)} if workspace else {}
    return Agent.model_validate({**folder, **settings})


async def test_an_agent_without_settings_is_told_nothing() -> None:
    assert await instructions_of(agent(), None) == ""


async def test_identity_prompt_files_and_the_requests_own_come_in_this_order(
    tmp_path: Path,
) -> None:
    (tmp_path / "SOUL.md").write_text("Be kind.\n", encoding="utf-8")
    (tmp_path / "AGENTS.md").write_text("\ufeffAnswer in French.", encoding="utf-8")
    (tmp_path / "OTHER.md").write_text("Not this.", encoding="utf-8")
    identity = {"name": "Clawd", "emoji": "🦞", "theme": "dry"}
    told = agent(tmp_path, systemPrompt="Be brief.", identity=identity)
    assert await instructions_of(told, "Now sing.") == (
        "Your name is Clawd 🦞.\nYour manner: dry\n\nBe brief.\n\n"
        "# Workspace files\n\n## AGENTS.md\n\nAnswer in French.\n\n## SOUL.md\n\nBe kind.\n\n"
        "Now sing."
    )


async def test_a_heartbeat_is_told_its_own_file_too_or_alone(tmp_path: Path) -> None:
    (tmp_path / "SOUL.md").write_text("Be kind.", encoding="utf-8")
    (tmp_path / "HEARTBEAT.md").write_text("Look at the door.", encoding="utf-8")
    light = agent(tmp_path, heartbeat={"lightContext": True})
    alone = "# Workspace files\n\n## HEARTBEAT.md\n\nLook at the door."
    assert await instructions_of(light, None, heartbeat=True) == alone
    both = await instructions_of(agent(tmp_path), None, heartbeat=True)
    assert "Be kind." in both
    assert "Look at the door." in both
    assert "door" not in await instructions_of(light, None)


async def test_long_files_are_cut_at_their_limits(tmp_path: Path) -> None:
    for name in ("AGENTS.md", "SOUL.md"):
        (tmp_path / name).write_text("é" * 50, encoding="utf-8")
    told = await instructions_of(
        agent(tmp_path, bootstrapMaxChars=30, bootstrapTotalMaxChars=40), None
    )
    assert "é" * 30 + "\n[cut here" in told
    assert "é" * 31 not in told
    assert told.count("é") < 42


async def test_a_folder_that_is_missing_is_left_out(tmp_path: Path) -> None:
    assert await instructions_of(agent(tmp_path / "gone", systemPrompt="Hi."), None) == "Hi."
