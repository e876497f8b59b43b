"""Garbage of a process that has come up."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

from openclaw_common.runtime.heap import NEW_OBJECTS


def _said_by(program: str) -> list[str]:
    # In a process of its own: what is frozen stays so.
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_what_the_start_made_is_not_looked_at_again() -> None:
    before, looked_at = _said_by(
        """
        import gc
        from openclaw_common.runtime import heap
        made = [[] for _ in range(50_000)]
        before = len(gc.get_objects())
        heap.settle()
        print(before, len(gc.get_objects()))
        """
    )
    assert int(before) > 50_000
    assert int(looked_at) < 1_000


def test_cycles_made_later_are_freed_though_nobody_asks() -> None:
    made, alive = _said_by(
        """
        import weakref
        from openclaw_common.runtime import heap
        heap.settle()
        class Node:
            pass
        seen = []
        for _ in range(20_000):
            node = Node()
            node.itself = node
            seen.append(weakref.ref(node))
        print(len(seen), sum(ref() is not None for ref in seen))
        """
    )
    assert made == "20000"
    assert int(alive) <= NEW_OBJECTS
