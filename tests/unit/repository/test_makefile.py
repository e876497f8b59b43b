"""The Makefile: what `make help` shows is what there is."""

from __future__ import annotations

import re
import subprocess

from tests.unit.repository.tree import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_help_is_the_default_and_shows_every_target_with_its_comment() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.M)
    assert phony is not None
    shown = re.findall(r"^  make ([a-z]+) +\S", done.stdout, re.M)
    assert shown == phony[1].split()
