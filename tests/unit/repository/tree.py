"""The files of the repository, as the tests of its documents and packages see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GENERATED = {
    ".git",
    ".venv",
    ".venv-phoenix",
    ".openclaw",
    ".hypothesis",
    "node_modules",
    "__pycache__",
}
CACHES = re.compile(r"\..*_cache|.*\.egg-info")


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield every file that belongs to the repository."""
    for path in sorted(folder.iterdir()):
        if path.name in GENERATED or CACHES.fullmatch(path.name):
            continue
        if path.is_dir():
            yield from files(path)
        elif path != ROOT / "openclaw.json5":
            yield path


def documents() -> list[Path]:
    """Return every Markdown file."""
    return [path for path in files() if path.suffix == ".md"]


def distributions() -> list[Path]:
    """Return the folder of every distribution of the workspace."""
    return sorted(
        path.parent
        for parent in ("libs", "services", "clients")
        for path in (ROOT / parent).glob("*/pyproject.toml")
    )


def shown(path: Path) -> str:
    """Return a path as documents write it."""
    return path.relative_to(ROOT).as_posix()
