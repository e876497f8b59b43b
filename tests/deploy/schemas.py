"""Strict validation: against the schemas of Kubernetes 1.37, and those of the CRDs in use.

`crds/` holds `openAPIV3Schema` of each CRD as its project published it, without descriptions and
`status`; `source` in each file says project, version and file (all under the Apache License 2.0).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.deploy.kubectl import Resource

KUBERNETES = "v1.37.0-local-strict"
CRDS = Path(__file__).parent / "crds"


def faults(resource: Resource) -> list[str]:
    """Return what is wrong with a resource, each with its path; nothing for a right one."""
    validator = _validator(resource["apiVersion"], resource["kind"])
    return sorted(
        f"{resource['kind']} {resource['metadata']['name']}: {error.json_path}: {error.message}"
        for error in validator.iter_errors(resource)
    )


@cache
def _validator(api_version: str, kind: str) -> Draft202012Validator:
    group, _, version = api_version.rpartition("/")
    crd = CRDS / f"{kind.lower()}-{group}-{version}.json"
    if crd.is_file():
        schema = json.loads(crd.read_text(encoding="utf-8"))["schema"]
        return Draft202012Validator(_strict(schema, root=True))
    short = "-".join(part for part in (group.partition(".")[0], version) if part)
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / KUBERNETES
    schema = json.loads((folder / f"{kind.lower()}-{short}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, registry=_definitions())


@cache
def _definitions() -> Registry[Any]:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / KUBERNETES
    text = (folder / "_definitions.json").read_text(encoding="utf-8")
    resource = DRAFT202012.create_resource(json.loads(text))
    registry: Registry[Any] = Registry()
    # Once, here: it would otherwise be looked through again for every resource.
    return registry.with_resource("_definitions.json", resource).crawl()


def _strict(schema: Any, *, root: bool = False) -> Any:
    """Return a CRD's schema as an API server with strict field validation reads it.

    An object takes what it names and no more; `metadata` is the server's own.
    """
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {
        key: {name: _strict(item) for name, item in value.items()}
        if key == "properties"
        else _strict(value)
        for key, value in schema.items()
    }
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or not schema.get("properties")
    if not open_ended and "type" in schema:
        strict.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
    if root:
        strict["properties"]["metadata"] = {"type": "object"}
    return strict
