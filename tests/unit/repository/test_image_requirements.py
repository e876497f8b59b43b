"""What the images install: each service's own packages, at the versions that are tested."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.repository.tree import ROOT, distributions

REQUIREMENTS = ROOT / "requirements"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
# The delivery service alone holds a connection to Discord's gateway.
IMAGES = {
    "ingress": ["openclaw-ingress"],
    "agent-worker": ["openclaw-agent-worker[mcp]"],
    "delivery": ["openclaw-delivery", "openclaw-channels[discord]"],
    "standalone": ["openclaw-standalone", "openclaw-cli", "openclaw-agent-worker[mcp]"],
}


def _distributions(extras: set[str]) -> dict[str, list[str]]:
    """What each of our distributions depends on, with those of its extras in `extras`."""
    asked = {}
    for folder in distributions():
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lines = list(project.get("dependencies", []))
        for extra, more in project.get("optional-dependencies", {}).items():
            lines += more if f"{project['name']}[{extra}]" in extras else []
        asked[project["name"]] = [canonicalize_name(Requirement(line).name) for line in lines]
    return asked


def _closure(names: list[str]) -> tuple[set[str], set[str]]:
    """Our own distributions that an image needs, and the third-party packages they ask for."""
    known, own, others = _distributions(set(names)), set[str](), set[str]()
    waiting = [name.partition("[")[0] for name in names]
    while waiting:
        name = waiting.pop()
        if name in own:
            continue
        own.add(name)
        waiting += [item for item in known[name] if item in known]
        others |= {item for item in known[name] if item not in known}
    return own, others


def _blocks(path: Path) -> dict[str, str]:
    blocks = re.split(r"^(?=[a-z0-9])", path.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {block.partition("==")[0]: block for block in blocks}


def _pin(block: str) -> str:
    return block.partition(" ")[0]


@pytest.mark.parametrize("image", [*IMAGES, "build"])
def test_an_image_installs_the_versions_that_are_tested_by_hash(image: str) -> None:
    tested = _blocks(REQUIREMENTS / "dev.txt") | _blocks(REQUIREMENTS / "runtime.txt")
    installed = _blocks(REQUIREMENTS / f"{image}.txt")
    assert [b for n, b in installed.items() if _pin(b) != _pin(tested[n])] == []
    assert [name for name, block in installed.items() if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_its_distributions_ask_for_and_nothing_else(image: str) -> None:
    own, asked = _closure(IMAGES[image])
    installed = _blocks(REQUIREMENTS / f"{image}.txt")
    assert asked - installed.keys() == set()
    for name, block in installed.items():
        wanted_by = set(re.findall(r"^ +# +(?:via )?([a-z][a-z0-9-]*)", block, re.M)) - {"via"}
        assert wanted_by & (own | installed.keys()), f"nothing in the image wants {name}"


@pytest.mark.parametrize("image", IMAGES)
def test_the_dockerfile_installs_each_image_s_own_distributions(image: str) -> None:
    stage = re.search(rf"^FROM wheels AS {image}-own\n(.*?)\n\n", DOCKERFILE, re.M | re.S)
    assert stage is not None
    own, _ = _closure(IMAGES[image])
    if "/wheels/*.whl" in stage[1]:
        assert own == set(_distributions(set()))
    else:
        assert set(re.findall(r"openclaw-[a-z-]+", stage[1])) == own


def test_the_image_of_a_service_without_agents_brings_no_agent_library() -> None:
    for image in ("ingress", "delivery"):
        assert "pydantic-ai-slim" not in _blocks(REQUIREMENTS / f"{image}.txt")
