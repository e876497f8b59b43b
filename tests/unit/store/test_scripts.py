"""The Lua files: each is loaded by name, says what it is, and is known to the loader."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_common.store import scripts

FOLDER = Path(scripts.__file__).parent / "lua"
STEPS = sorted(path.stem for path in FOLDER.glob("*.lua") if not path.stem.startswith("_"))


def test_every_file_is_a_step_and_every_step_a_file() -> None:
    assert sorted((*scripts.JOB_SCRIPTS, *scripts.OTHER_SCRIPTS)) == STEPS


@pytest.mark.parametrize("name", STEPS)
def test_a_step_says_what_it_takes_answers_and_keeps(name: str) -> None:
    lines = scripts.source(name).splitlines()
    header = [line for line in lines[: lines.index("")] if line.startswith("--")]
    assert header[0].startswith(f"-- {name}: ")
    for part in ("KEYS", "ARGV", "reply", "keeps"):
        assert any(line.startswith(f"-- {part} ") for line in header), part


@pytest.mark.parametrize("name", STEPS)
def test_a_loaded_step_is_named_by_its_content(name: str) -> None:
    script = scripts.load(name)
    assert script is scripts.load(name)
    assert script.source.endswith(scripts.source(name))
    assert len(script.sha) == 40


def test_what_is_no_step_is_not_loaded() -> None:
    with pytest.raises(KeyError):
        scripts.load("_prelude")
