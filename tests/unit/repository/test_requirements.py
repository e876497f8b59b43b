"""The pinned requirements cover what the distributions ask for, and name no registry."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.repository.tree import ROOT, distributions, files, shown

REQUIREMENTS = ROOT / "requirements"
EXTRAS = ("discord",)
"""Extras that the gateway runs without."""
LOCK_FILES = {"uv.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock"}
# In pieces, so that this file does not name them either.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
    )
]


def _asked(name: str) -> dict[str, Requirement]:
    """Third-party packages that the distributions ask for in `name`: all run on `runtime`, and
    what one can do without is an extra with a file of its own name."""
    own = {canonicalize_name(_project(folder)["name"]) for folder in distributions()}
    lines = chain.from_iterable(_lines(_project(folder), name) for folder in distributions())
    asked = {line: Requirement(line) for line in lines}
    return {line: r for line, r in asked.items() if canonicalize_name(r.name) not in own}


def _lines(project: dict[str, Any], name: str) -> list[str]:
    extras: dict[str, list[str]] = project.get("optional-dependencies", {})
    required: list[str] = project.get("dependencies", [])
    in_runtime = chain.from_iterable(v for k, v in extras.items() if k not in EXTRAS)
    return [*required, *in_runtime] if name == "runtime" else extras.get(name, [])


def _project(folder: Path) -> dict[str, Any]:
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _pins(name: str) -> dict[str, str]:
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, re.M))


@pytest.mark.parametrize("name", ["runtime", *EXTRAS])
def test_every_dependency_of_a_distribution_stands_in_the_in_file_word_by_word(name: str) -> None:
    lines = (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in _asked(name) if line not in lines] == []


@pytest.mark.parametrize("name", ["runtime", *EXTRAS])
@pytest.mark.parametrize("dev", [False, True])
def test_the_pins_satisfy_every_dependency(name: str, dev: bool) -> None:
    pins = _pins("dev.txt" if dev else f"{name}.txt")
    for line, requirement in _asked(name).items():
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), line


def test_tests_run_on_the_versions_that_are_shipped() -> None:
    for name in ("runtime", *EXTRAS):
        assert _pins(f"{name}.txt").items() <= _pins("dev.txt").items()


def test_every_pin_has_a_hash() -> None:
    for name in ("runtime.txt", "discord.txt", "dev.txt"):
        text = (REQUIREMENTS / name).read_text(encoding="utf-8")
        blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
        assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_there_is_no_lock_file_besides_the_requirements() -> None:
    assert [shown(path) for path in files() if path.name in LOCK_FILES] == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    naming = [
        shown(path)
        for path in files()
        if any(host in path.read_text(encoding="utf-8", errors="ignore") for host in REGISTRY_HOSTS)
    ]
    assert naming == []
