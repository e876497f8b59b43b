"""docs/hooks.md: its configuration, commands and answers, as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyjson5
import pytest

from openclaw_common.runtime.config.hook_mappings import HookMapping, HookSignature
from openclaw_common.runtime.config.hooks import Hooks
from openclaw_common.runtime.config.unknown_keys import field_keys, keep_known
from tests.harness.curl import Curl
from tests.integration.ingress_hooks.hooked import Hooked, config_of, hooked

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOCUMENT, re.DOTALL)
EXAMPLES = [
    (text, BLOCKS[index + 1][1]) for index, (kind, text) in enumerate(BLOCKS) if kind == "sh"
]
CODE = "\n".join(text for kind, text in BLOCKS if kind == "python")


def documented_hooks() -> dict[str, Any]:
    """All configuration blocks as one."""
    whole: dict[str, Any] = {"mappings": []}
    for kind, text in BLOCKS:
        if kind == "json5":
            hooks = pyjson5.decode(text)["hooks"]
            mappings = [*whole["mappings"], *hooks.get("mappings", ())]
            whole = {**whole, **hooks, "mappings": mappings}
    return whole


@pytest.fixture
async def gateway(valkey_url: str, tmp_path: Path) -> AsyncIterator[Hooked]:
    settings = documented_hooks()
    folder = tmp_path / settings["transformsDir"]
    folder.mkdir(parents=True)
    (folder / "statuspage.py").write_text(CODE, encoding="utf-8")
    settings["transformsDir"] = str(folder)
    async with hooked(config_of(valkey_url, settings), channels=None) as gateway:
        yield gateway


@pytest.mark.parametrize(("command", "answer"), EXAMPLES, ids=range(len(EXAMPLES)))
async def test_a_documented_command_gets_the_documented_answer(
    gateway: Hooked, command: str, answer: str
) -> None:
    sent = Curl.parse(command.strip())
    path = sent.url.removeprefix("http://127.0.0.1:18789")
    response, said = await gateway.ask(sent.method, path, headers=sent.headers, data=sent.data)
    expected = json.loads(answer)
    assert response.status == (202 if "Prefer" in sent.headers else 200), said
    assert said == {**expected, **({"runId": said["runId"]} if "runId" in expected else {})}


def test_the_documented_configuration_has_no_key_that_nobody_knows() -> None:
    assert keep_known(documented_hooks(), Hooks)[1] == []


@pytest.mark.parametrize("section", [HookMapping, HookSignature])
def test_every_setting_of_a_mapping_is_documented(section: Any) -> None:
    missing = [key for key in field_keys(section) if not re.search(rf"\b{key}\b", DOCUMENT)]
    assert missing == []
