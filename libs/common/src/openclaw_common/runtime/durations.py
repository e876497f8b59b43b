"""Durations as people write them in a configuration: `30m`, `1h30m`, `500ms`."""

from __future__ import annotations

import re
from typing import Final

_UNITS_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART: Final = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
_WHOLE: Final = re.compile(r"(?:[0-9]{1,12}(?:ms|s|m|h|d))+\Z")


def parse_duration_ms(text: str) -> int:
    """Return the milliseconds that `text` says; a bare number counts minutes, as in OpenClaw.

    Raises ValueError for anything else.
    """
    text = text.strip().lower()
    if text.isascii() and text.isdigit():
        text += "m"
    if not _WHOLE.match(text):
        raise ValueError(f'"{text}" is no duration such as "30m", "1h30m" or "45s"')
    return sum(int(number) * _UNITS_MS[unit] for number, unit in _PART.findall(text))
