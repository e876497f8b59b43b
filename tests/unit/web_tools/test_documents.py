"""docs/web-tools.md has the settings of the code, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from openclaw_common.runtime.config.web import Weather, WebFetch

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "web-tools.md"


@pytest.mark.parametrize(
    ("place", "section"), [("tools.web.fetch", WebFetch), ("tools.weather", Weather)]
)
def test_every_setting_is_a_row_with_its_default(place: str, section: type[BaseModel]) -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ")[:2] for line in lines if line.startswith(f"| `{place}.")]
    expected = []
    for field in section.model_fields.values():
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        expected.append([f"`{place}.{field.alias}`", str(default)])
    assert rows == expected
