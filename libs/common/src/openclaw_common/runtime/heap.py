"""How often a serving process looks for garbage that reference counting does not see.

CPython does so after every 700 new objects, and now and then at all there are. Each request keeps
more than that alive while it is served, so that under load a tenth of the CPU goes into looking at
objects that are in use (measured, benchmarks/README.md).
"""

from __future__ import annotations

import gc
from typing import Final

NEW_OBJECTS: Final = 5000
"""Containers made and not freed since the last look; some megabytes where all are garbage."""


def settle() -> None:
    """Leave what exists now out of every later look, and look less often.

    For a process that has come up: what its start has made stays until its end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
