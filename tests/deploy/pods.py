"""What the rendered manifests say of one of our services, and how the service would read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from openclaw_common.runtime.config import load_config
from openclaw_common.runtime.config.loader import LoadedConfig
from tests.deploy.kubectl import Resource

SERVICES: Final = ("ingress", "agent-worker", "delivery")
CANARY: Final = {
    "OPENCLAW_REDIS_URL": "redis://user:canary@redis.example.com:6379/0",
    "OPENCLAW_GATEWAY_TOKEN": "canary-gateway-token",
}
"""The credentials of these tests."""
IN_SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "openclaw-redis": {
        "OPENCLAW_REDIS_URL": CANARY["OPENCLAW_REDIS_URL"],
        "keda-address": "redis.example.com:6379",
    },
    "openclaw-ingress": {"OPENCLAW_GATEWAY_TOKEN": CANARY["OPENCLAW_GATEWAY_TOKEN"]},
}
"""What the cluster's Secrets hold of them."""


def of_kind(resources: Iterable[Resource], kind: str) -> list[Resource]:
    """Return all resources of a kind."""
    return [resource for resource in resources if resource["kind"] == kind]


def only(resources: Iterable[Resource], kind: str, name: str) -> Resource:
    """Return the one resource of that kind and name."""
    (found,) = (it for it in of_kind(resources, kind) if it["metadata"]["name"] == name)
    return found


def pod(resources: Iterable[Resource], service: str) -> dict[str, Any]:
    """Return the pod template's spec of a service."""
    deployment = only(resources, "Deployment", f"openclaw-{service}")
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def container(resources: Iterable[Resource], service: str) -> dict[str, Any]:
    """Return the one container of a service."""
    (found,) = pod(resources, service)["containers"]
    assert isinstance(found, dict)
    return found


def environment(resources: Iterable[Resource], service: str) -> dict[str, str]:
    """Return the variables that are given as text."""
    env = container(resources, service)["env"]
    return {entry["name"]: entry["value"] for entry in env if "value" in entry}


def ports(resources: Iterable[Resource], service: str) -> dict[str, int]:
    """Return the container's ports by name."""
    return {
        entry["name"]: entry["containerPort"] for entry in container(resources, service)["ports"]
    }


def lay_out(resources: Iterable[Resource], service: str, folder: Path) -> dict[str, str]:
    """Mount what the pod mounts below `folder`, and return its environment with paths there.

    Secrets that the manifests only refer to hold what `CANARY` says.
    """
    resources = tuple(resources)
    environ = environment(resources, service)
    volumes = {volume["name"]: volume for volume in pod(resources, service)["volumes"]}
    for mount in container(resources, service)["volumeMounts"]:
        target = folder / mount["mountPath"].lstrip("/")
        target.mkdir(parents=True)
        for name, text in _content(resources, volumes[mount["name"]]).items():
            (target / name).write_text(text, encoding="utf-8")
    return {
        name: f"{folder}{value}" if value.startswith("/") else value
        for name, value in environ.items()
    }


def _content(resources: tuple[Resource, ...], volume: Mapping[str, Any]) -> dict[str, str]:
    if "configMap" in volume:
        config = only(resources, "ConfigMap", volume["configMap"]["name"])
        return dict(config["data"])
    if "projected" not in volume:
        return {}
    content: dict[str, str] = {}
    for source in volume["projected"]["sources"]:
        secret = source["secret"]
        content |= IN_SECRETS.get(secret["name"], {})
    return content


def configuration(resources: Iterable[Resource], service: str, folder: Path) -> LoadedConfig:
    """Return the configuration as the service of these manifests would read it."""
    environ = lay_out(resources, service, folder)
    return load_config(environ, require_auth=service == "ingress", working_directory=folder)


def dumped(resources: Iterable[Resource]) -> str:
    """Return the manifests as they are applied."""
    return yaml.safe_dump_all(resources)
