"""An ingress whose hooks cannot work does not start, and says why."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.processes import ROOT


async def start(folder: Path, hooks: dict[str, Any]) -> tuple[int | None, str]:
    config = {
        "gateway": {"auth": {"token": "t"}},
        "hooks": {"enabled": True, "token": "h", **hooks},
        "redis": {"url": "redis://127.0.0.1:1/0"},
    }
    path = folder / "openclaw.json5"
    path.write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "openclaw_ingress", "--config", str(path), "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(20):
        _, told = await process.communicate()
    return process.returncode, told.decode()


@pytest.mark.parametrize(
    ("hooks", "complaint"),
    [
        ({"token": " "}, "hooks.token: hooks.enabled requires hooks.token"),
        (
            {"mappings": [{"transform": "nowhere_at_all:x"}]},
            "hooks.mappings[0].transform: nowhere_at_all cannot be imported",
        ),
        (
            {"mappings": [{"signature": {"provider": "fax", "secret": "s"}}]},
            "hooks.mappings[0].signature.provider",
        ),
        (
            {"mappings": [{"signature": {"provider": "github", "secret": " "}}]},
            "hooks.mappings[0].signature.secret: is empty",
        ),
        ({"presets": ["gmial"]}, 'hooks.presets[0]: is no preset; there is "gmail"'),
    ],
)
async def test_what_is_wrong_with_the_hooks_is_told_at_start(
    tmp_path: Path, hooks: dict[str, Any], complaint: str
) -> None:
    status, told = await start(tmp_path, hooks)
    assert status == 2
    assert complaint in told
    assert "Traceback" not in told
