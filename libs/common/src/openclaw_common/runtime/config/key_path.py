"""Places in a configuration file, and how they are shown to its author."""

from __future__ import annotations

import json
import re
from typing import Final

KeyPath = tuple[str | int, ...]
"""The keys and list indexes that lead to a value, as written in the file."""

_PLAIN: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")


def show(path: KeyPath) -> str:
    """Return the path as its author would write it: `agents.list[0].id`, `models["a/b"].alias`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif _PLAIN.match(part):
            shown += f".{part}" if shown else part
        else:
            shown += f"[{json.dumps(part, ensure_ascii=False)}]"
    return shown
