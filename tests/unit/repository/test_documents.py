"""What the documents name exists: paths, links, make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.repository.tree import ROOT, documents, shown

FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
TOP_LEVEL = {path.name for path in ROOT.iterdir()}


def _named_paths(text: str) -> set[str]:
    """The code spans that are a path from the top of the repository, without `::test` behind it."""
    spans = {span.partition("::")[0] for span in CODE.findall(FENCE.sub("", text))}
    return {span for span in spans if " " not in span and span.split("/")[0] in TOP_LEVEL}


def _anchors(document: Path) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    named = _named_paths(document.read_text(encoding="utf-8"))
    assert [path for path in sorted(named) if not list(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (document.parent / target) if target else document
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_make_target_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^\s*\$ ?|^)make ([a-z]+)", text, re.M)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):.*## ", makefile, re.M)
    assert [target for target in named if target not in targets] == []
