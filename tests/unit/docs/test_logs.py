"""docs/logs.md lists every event that is logged, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "logs.md"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
NAME = re.compile(r"[a-z]+(?:[._][a-z]+)*\Z")


def events_in(path: Path) -> Iterator[str]:
    """The first argument of each call of a logger; of a choice both."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        logger = node.func.value
        if not (isinstance(logger, ast.Name) and logger.id.lstrip("_") == "logger"):
            continue
        if node.func.attr not in LEVELS:
            continue
        event = node.args[1] if node.func.attr == "log" else node.args[0]
        choice = (event.body, event.orelse) if isinstance(event, ast.IfExp) else (event,)
        for said in choice:
            assert isinstance(said, ast.Constant), f"{path}:{node.lineno}: no constant event"
            yield str(said.value)


def test_the_document_lists_every_event_and_every_event_is_a_name() -> None:
    logged = {event for path in ROOT.glob("*/*/src/**/*.py") for event in events_in(path)}
    rows = re.findall(r"^\| `([^`]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.M)
    assert rows == sorted(set(rows))
    assert logged == set(rows)
    assert all(NAME.match(event) for event in logged)
