"""Everything renders with the real kubectl and is right by the schemas of Kubernetes and CRDs."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kubectl import COMPONENTS, OVERLAYS, Resource, kubectl, overlay, with_components
from tests.deploy.pods import only
from tests.deploy.schemas import faults


def test_the_kubectl_is_that_of_the_schemas() -> None:
    done = subprocess.run(
        [kubectl(), "version", "--client", "-o", "json"], capture_output=True, text=True, check=True
    )
    version = json.loads(done.stdout)["clientVersion"]
    assert (version["major"], version["minor"]) == ("1", "37")


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_resource_of_an_overlay_is_valid(name: str) -> None:
    assert [fault for resource in overlay(name) for fault in faults(resource)] == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_is_valid_on_its_own(component: str, tmp_path: Path) -> None:
    rendered = with_components(tmp_path, component)
    assert [fault for resource in rendered for fault in faults(resource)] == []


def test_all_components_go_together(tmp_path: Path) -> None:
    rendered = with_components(tmp_path, *COMPONENTS)
    assert [fault for resource in rendered for fault in faults(resource)] == []
    names = [(resource["kind"], resource["metadata"]["name"]) for resource in rendered]
    assert len(names) == len(set(names))


def _pod(resource: Resource) -> Any:
    return resource["spec"]["template"]["spec"]


BREAKAGES: list[tuple[str, str, Callable[[Resource], None]]] = [
    ("Deployment", "openclaw-ingress", lambda it: _pod(it).update(terminationGraceSeconds=1)),
    (
        "Deployment",
        "openclaw-ingress",
        lambda it: _pod(it)["containers"][0]["livenessProbe"].update(periodSeconds="3"),
    ),
    (
        "ScaledObject",
        "openclaw-delivery",
        lambda it: it["spec"]["advanced"]["horizontalPodAutoscalerConfig"].update(behaviour={}),
    ),
    (
        "ScaledObject",
        "openclaw-delivery",
        lambda it: it["spec"]["triggers"][0]["metadata"].update(listLength=3),
    ),
    ("HTTPRoute", "openclaw", lambda it: it["spec"]["rules"][0]["timeouts"].update(request="none")),
    ("Gateway", "openclaw", lambda it: it["spec"]["listeners"][0].update(port="443")),
    ("ServiceMonitor", "openclaw", lambda it: it["spec"]["endpoints"][0].update(intervall="3s")),
]


@pytest.mark.parametrize(("kind", "name", "breakage"), BREAKAGES)
def test_a_mistake_is_found(kind: str, name: str, breakage: Callable[[Resource], None]) -> None:
    resource = copy.deepcopy(only(overlay("production"), kind, name))
    breakage(resource)
    assert len(faults(resource)) == 1
