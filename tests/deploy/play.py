"""`make kube`: start the overlay `dev` under a real `podman kube play`, and use it.

Needs podman, and the images that `make containers` builds in a Docker engine, which it copies.
Everything is kept in a folder of its own and gone in the end; the ingress is published on
127.0.0.1 and the fake provider listens on the bridge of the pods.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

import yaml

from tests.deploy.kubectl import Resource, overlay
from tests.deploy.podman import VALKEY, playable, pod_name
from tests.deploy.pods import SERVICES, container, of_kind, pod
from tests.harness.processes import ROOT, free_port

TOKEN = "kube-play-token"
NETWORK = "openclaw-kube"
START_LIMIT_S = 60
BUILT_TAG = "under-test"
PROGRAMS = ("podman", "runc", "catatonit")


class Podman:
    """Podman with images, volumes and settings in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # No more open files and processes than this one may have: asking for more is refused.
        limits = {
            name: resource.getrlimit(number)[1]
            for name, number in (
                ("nofile", resource.RLIMIT_NOFILE),
                ("nproc", resource.RLIMIT_NPROC),
            )
        }
        ulimits = [
            f"{name}={limit}:{limit}"
            for name, limit in (("nofile", limits["nofile"]), ("nproc", min(limits["nproc"], 4096)))
            if limit != resource.RLIM_INFINITY
        ]
        (folder / "containers.conf").write_text(
            f'[network]\nnetwork_backend = "netavark"\n'
            f'[engine]\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\nruntime = "runc"\n'
            f'[containers]\nlog_driver = "k8s-file"\ndefault_ulimits = {json.dumps(ulimits)}\n',
            encoding="utf-8",
        )

    @property
    def _command(self) -> list[str]:
        return ["podman", "--root", f"{self._folder}/root", "--runroot", f"{self._folder}/run"]

    @property
    def _environ(self) -> dict[str, str]:
        return {**os.environ, "CONTAINERS_CONF": f"{self._folder}/containers.conf"}

    def __call__(self, *arguments: str, check: bool = True, timeout_s: float = 180) -> str:
        """Run one command and return its output."""
        done = subprocess.run(
            [*self._command, *arguments],
            capture_output=True,
            text=True,
            env=self._environ,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode:
            raise SystemExit(f"podman {' '.join(arguments)}:\n{done.stderr}")
        return done.stdout

    def take_over(self, images: list[str]) -> None:
        """Copy images from Docker's engine; those of `make containers` have a tag of their own."""
        for image in images:
            built = f"{image.rpartition(':')[0]}:{BUILT_TAG}"
            subprocess.run(["docker", "tag", built, image], capture_output=True, check=False)
        saving = subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE)
        loading = subprocess.run(
            [*self._command, "load", "--quiet"], stdin=saving.stdout, env=self._environ, check=False
        )
        if saving.wait() or loading.returncode:
            raise SystemExit("The images are not there; build them with `make containers`.")


def main() -> int:
    """Play, use, stop and clean up; returns 0 when all of it went as it should."""
    missing = [name for name in (*PROGRAMS, "docker") if shutil.which(name) is None]
    if missing:
        print(
            f"kube play needs {', '.join(missing)}; on Debian: apt install {' '.join(PROGRAMS)}"
            " netavark aardvark-dns docker.io"
        )
        return 1
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="openclaw-kube-")))
        podman = Podman(folder)
        _play(podman, folder, stack)
    return 0


def _play(podman: Podman, folder: Path, stack: ExitStack) -> None:
    resources = overlay("dev")
    images = [container(resources, service)["image"] for service in SERVICES]
    (valkey,) = of_kind(resources, "StatefulSet")
    images.append(valkey["spec"]["template"]["spec"]["containers"][0]["image"])
    _say("taking over", *images)
    # Also after a failed take-over there are mounts in the folder.
    stack.callback(podman, "system", "reset", "--force", check=False)
    podman.take_over(images)
    podman("network", "create", NETWORK)
    (network,) = json.loads(podman("network", "inspect", NETWORK))
    gateway = network["subnets"][0]["gateway"]
    provider_port, port = free_port(), free_port()
    manifests = playable(resources, _secrets(f"http://{gateway}:{provider_port}/v1"), port)
    _play_file(podman, folder, manifests)
    stack.callback(podman, "pod", "rm", "--all", "--force", check=False)
    with _provider(gateway, provider_port):
        for service in SERVICES:
            _until(partial(_ready, podman, _container(service)), f"{service} is ready")
            _say(service, "is ready")
        answer = _chat(port)
        assert answer == "tok0 tok1 tok2 ", answer
        _say("a run went through all of them")
    for service in SERVICES:
        _drain(podman, resources, service)


def _secrets(provider: str) -> dict[str, dict[str, str]]:
    return {
        # Podman has no Services: Valkey is known by the name of its pod.
        "openclaw-redis": {"OPENCLAW_REDIS_URL": f"redis://{pod_name(VALKEY)}:6379/0"},
        "openclaw-ingress": {"OPENCLAW_GATEWAY_TOKEN": TOKEN},
        "openclaw-agent-worker": {
            "OPENAI_API_KEY": "sk-fake",
            "OPENAI_BASE_URL": provider,
            "OPENAI_MODEL": "fake",
        },
    }


def _play_file(podman: Podman, folder: Path, manifests: list[Resource]) -> None:
    path = folder / "manifests.yaml"
    path.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    _say("playing", ", ".join(it["metadata"]["name"] for it in of_kind(manifests, "Deployment")))
    podman("kube", "play", "--network", NETWORK, str(path))


def _container(service: str) -> str:
    return f"{pod_name(f'openclaw-{service}')}-{service}"


def _ready(podman: Podman, name: str) -> bool:
    return podman("exec", name, "healthcheck", "/readyz", check=False).startswith("200")


@contextmanager
def _provider(host: str, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.fakes.provider", "--host", host, "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _chat(port: int) -> str:
    body = {"model": "openclaw", "messages": [{"role": "user", "content": "/fake text tokens=3"}]}
    request = Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


def _drain(podman: Podman, resources: tuple[Resource, ...], service: str) -> None:
    """Stop a service as the platform does, and hold it to its grace period."""
    grace_s = pod(resources, service)["terminationGracePeriodSeconds"]
    begun = time.monotonic()
    podman("stop", "--time", str(grace_s), _container(service), timeout_s=grace_s + 30)
    status = podman("inspect", _container(service), "--format", "{{.State.ExitCode}}").strip()
    assert status == "0", f"{service} ended with {status}"
    _say(f"{service} drained in {time.monotonic() - begun:.1f} s")


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + START_LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not within {START_LIMIT_S} s: {what}")
        time.sleep(0.5)


def _say(*words: str) -> None:
    print("kube play:", *words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
