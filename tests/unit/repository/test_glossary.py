"""docs/glossary.md holds the words that the code uses."""

from __future__ import annotations

import re

from openclaw_common.contracts.run import RunStatus
from tests.unit.repository.tree import ROOT, distributions, files

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def _rows(section: str) -> list[list[str]]:
    body = GLOSSARY.partition(f"## {section}\n")[2].partition("\n## ")[0]
    rows = [line for line in body.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def _words(row: list[str]) -> list[str]:
    return [word.strip(" `").rstrip("s") for word in re.split(r"[,;]", row[0])]


def _source() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8").lower()
        for distribution in distributions()
        for path in files(distribution)
        if path.suffix in (".py", ".lua")
    )


def test_every_word_in_use_is_a_word_of_the_code() -> None:
    source = re.sub(r"[_\s]+", " ", _source())
    words = [word for row in _rows("Words in use") for word in _words(row)]
    assert [word for word in words if word.replace("_", " ") not in source] == []


def test_the_statuses_are_those_of_the_code() -> None:
    (status,) = (row for row in _rows("Words in use") if row[0] == "status")
    assert re.findall(r"`(\w+)`", status[1]) == [each.value for each in RunStatus]
