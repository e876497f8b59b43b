"""The manifests in the part of Kubernetes that `podman kube play` knows.

Podman is one machine with pods: it has no Services, no policies, no StatefulSets, mounts no Secrets
and asks probes by a command in the container. Everything else stays as it is rendered.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tests.deploy.kubectl import Resource
from tests.deploy.pods import of_kind

PLAYED: Final = ("ConfigMap", "PersistentVolumeClaim", "Deployment")
VALKEY: Final = "openclaw-valkey"


def playable(
    resources: Iterable[Resource], secrets: Mapping[str, Mapping[str, str]], port: int
) -> list[Resource]:
    """Return what podman can play of `resources`.

    `secrets` are the Secrets that the cluster would have, by name; those that are rendered are
    added. The ingress is published on `port` of 127.0.0.1.
    """
    resources = copy.deepcopy(list(resources))
    known = {
        **{it["metadata"]["name"]: it["stringData"] for it in of_kind(resources, "Secret")},
        **secrets,
    }
    translated = [item for resource in resources for item in _translated(resource)]
    for deployment in of_kind(translated, "Deployment"):
        deployment["spec"]["replicas"] = 1
        spec = deployment["spec"]["template"]["spec"]
        translated.extend(_mounted(deployment["metadata"]["name"], spec, known))
        for container in spec["containers"]:
            _ask_by_command(container)
            # Podman publishes whatever port is listed, and on every address.
            container["ports"] = [
                {**entry, "hostIP": "127.0.0.1", "hostPort": port}
                for entry in container["ports"]
                if entry["name"] == "http"
            ]
    return sorted(
        (it for it in translated if it["kind"] in PLAYED),
        key=lambda it: (PLAYED.index(it["kind"]), it["metadata"]["name"] != VALKEY),
    )


def pod_name(deployment: str) -> str:
    """Return the name, and host name, that podman gives the only pod of a Deployment."""
    return f"{deployment}-pod-0"


def _translated(resource: Resource) -> Iterator[Resource]:
    if resource["kind"] != "StatefulSet":
        yield resource
        return
    spec = resource["spec"]
    template = spec["template"]
    volumes = template["spec"].setdefault("volumes", [])
    user = template["spec"]["securityContext"]
    owner = {
        "volume.podman.io/uid": str(user["runAsUser"]),
        "volume.podman.io/gid": str(user["runAsGroup"]),
    }
    for claim in spec.pop("volumeClaimTemplates"):
        name = f"{resource['metadata']['name']}-{claim['metadata']['name']}"
        volumes.append(
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": name}}
        )
        yield {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            # In place of fsGroup, which podman does not know.
            "metadata": {"name": name, "annotations": owner},
            "spec": claim["spec"],
        }
    yield {**resource, "kind": "Deployment"}


def _mounted(
    owner: str, spec: dict[str, Any], secrets: Mapping[str, Mapping[str, str]]
) -> Iterator[Resource]:
    """Put a ConfigMap of the same files in place of each volume of Secrets."""
    for volume in spec.get("volumes", ()):
        if "projected" not in volume:
            continue
        files: dict[str, str] = {}
        for source in volume.pop("projected")["sources"]:
            secret = source["secret"]
            content = (
                secrets[secret["name"]]
                if not secret.get("optional")
                else {**secrets.get(secret["name"], {})}
            )
            items = {it["key"]: it["path"] for it in secret.get("items", ())}
            files |= {items.get(key, key): value for key, value in content.items()}
        name = f"{owner}-{volume['name']}"
        volume["configMap"] = {"name": name}
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": files,
        }


def _ask_by_command(container: dict[str, Any]) -> None:
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container.get(probe, {}).pop("httpGet", None)
        if asked:
            container[probe]["exec"] = {"command": ["healthcheck", asked["path"]]}
