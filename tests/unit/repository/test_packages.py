"""The packages keep the shape that CONTRIBUTING.md describes."""

from __future__ import annotations

import ast
import configparser
import tomllib
from pathlib import Path

import pytest

from tests.unit.repository.tree import ROOT, distributions, files, shown

MAX_LINES = 400
SENTENCE = 40
"""Characters; less says nothing."""


def _package(distribution: Path) -> Path:
    (package,) = (path for path in (distribution / "src").iterdir() if path.is_dir())
    return package


PACKAGES = [_package(folder) for folder in distributions()]
FOLDERS = sorted({path.parent for package in PACKAGES for path in files(package)})


@pytest.mark.parametrize("distribution", distributions(), ids=shown)
def test_a_distribution_and_its_package_have_the_same_name(distribution: Path) -> None:
    text = (distribution / "pyproject.toml").read_text(encoding="utf-8")
    assert _package(distribution).name == tomllib.loads(text)["project"]["name"].replace("-", "_")
    assert (_package(distribution) / "py.typed").exists()


@pytest.mark.parametrize(
    "folder", [folder for folder in FOLDERS if list(folder.glob("*.py"))], ids=shown
)
def test_every_folder_says_what_belongs_in_it(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    assert len(ast.get_docstring(tree) or "") >= SENTENCE


def test_no_source_file_is_so_long_that_it_is_two_things() -> None:
    sources = [path for path in files() if path.suffix in (".py", ".lua", ".js", ".mjs")]
    long = [p for p in sources if len(p.read_text(encoding="utf-8").splitlines()) > MAX_LINES]
    assert [shown(path) for path in long] == []


def _catches_anything(handler: ast.ExceptHandler) -> bool:
    caught = ast.walk(handler.type) if handler.type else iter([ast.Name("BaseException")])
    return any(
        isinstance(node, ast.Name) and node.id in ("Exception", "BaseException") for node in caught
    )


def _unexplained(source: Path) -> list[int]:
    """The lines at which anything is caught, not raised again, and no comment says why."""
    text = source.read_text(encoding="utf-8")
    lines = text.splitlines()
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler)
        and _catches_anything(node)
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
        and not any(lines[at].lstrip().startswith("#") for at in (node.lineno - 2, node.lineno))
    ]


def test_whatever_catches_anything_says_why() -> None:
    sources = [path for package in PACKAGES for path in files(package) if path.suffix == ".py"]
    found = {shown(path): lines for path in sources if (lines := _unexplained(path))}
    assert found == {}


def test_the_import_rules_and_the_type_checker_see_every_package() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter", encoding="utf-8")
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    names = {package.name for package in PACKAGES}
    assert set(rules["importlinter"]["root_packages"].split()) == names
    sources = {shown(package.parent) for package in PACKAGES}
    assert set(tools["mypy"]["mypy_path"].split(":")) == sources
    assert set(tools["coverage"]["run"]["source_pkgs"]) == names
