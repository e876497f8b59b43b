"""`make demo`, as the README has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_push_becomes_a_message_and_the_delivery_has_its_receipt() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "examples.github_to_discord", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    shown = json.loads(demo.stdout)
    delivery = shown["delivery"]
    assert delivery["status"] == "delivered"
    assert delivery["run_id"] == shown["hook"]["runId"]
    assert delivery["destination"]["to"] == "#dev-notifications"
    (message,) = shown["discord"]
    assert message["to"] == "103"
    assert message["text"]
    assert delivery["parts"][0]["provider_message_id"]
