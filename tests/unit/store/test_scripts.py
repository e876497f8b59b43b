"""The Lua files: each is loaded by name, says what it is, and is known to the loader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openclaw_common.store import scripts
from openclaw_common.store.client import Function, Script

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


@pytest.mark.parametrize("name", scripts.OTHER_SCRIPTS)
def test_a_script_is_named_by_its_content(name: str) -> None:
    script = scripts.load(name)
    assert isinstance(script, Script)
    assert script is scripts.load(name)
    assert script.source.endswith(scripts.source(name))
    assert len(script.sha) == 40


@pytest.mark.parametrize("name", scripts.JOB_SCRIPTS)
def test_a_queues_step_is_a_function_named_by_the_whole_librarys_content(name: str) -> None:
    function = scripts.load(name)
    assert isinstance(function, Function)
    assert function is scripts.load(name)
    step, _, version = function.name.rpartition("_")
    assert step == name
    assert function.library.startswith(f"#!lua name=openclaw_{version}\n")
    assert scripts.source(name) in function.library


@pytest.mark.parametrize("name", scripts.SHARED)
def test_nothing_that_the_steps_share_is_made_of_one_calls_arguments(name: str) -> None:
    """Such a line would run once, when the server compiles the library."""
    outside = [line for line in scripts.source(name).splitlines() if line.startswith("local ")]
    of_a_call = re.compile(r"= .*\b(KEYS|ARGV|base|redis\.call)\b")
    assert not [line for line in outside if of_a_call.search(line)]


def test_what_is_no_step_is_not_loaded() -> None:
    with pytest.raises(KeyError):
        scripts.load("_prelude")
