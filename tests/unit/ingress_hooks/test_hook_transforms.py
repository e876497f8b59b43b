"""Which code a mapping may name as its transform, and what is told about code that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.runtime.config import ConfigError
from openclaw_common.runtime.config.hook_mappings import HookTransform
from openclaw_common.runtime.config.hooks import Hooks
from openclaw_ingress.hook_mapping import HookMappings
from openclaw_ingress.hook_transforms import (
    MappingFailed,
    Transform,
    TransformError,
    load_transform,
)

CODE = "def transform(event):\n    return {'message': event['path']}\nvalue = 7\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "transforms"
    (folder / "deep").mkdir(parents=True)
    (folder / "mine.py").write_text(CODE, encoding="utf-8")
    (folder / "deep" / "er.py").write_text(CODE, encoding="utf-8")
    (folder / "faulty.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "outside.py").write_text(CODE, encoding="utf-8")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    return folder


def load(folder: Path | None, module: str, export: str = "transform") -> Transform:
    settings = HookTransform(module=module, export=export)
    return load_transform(settings, str(folder) if folder else None, timeout_s=5)


@pytest.mark.parametrize("module", ["mine", "mine.py", "deep/er", "./deep/er.py", "deep/../mine"])
async def test_a_file_of_the_folder_is_loaded(folder: Path, module: str) -> None:
    assert await load(folder, module)({"path": "p"}) == {"message": "p"}


@pytest.mark.parametrize(
    ("module", "export", "complaint"),
    [
        ("../outside", "transform", "lies outside hooks.transformsDir"),
        ("../outside.py", "transform", "lies outside hooks.transformsDir"),
        ("/etc/passwd", "transform", "lies outside hooks.transformsDir"),
        ("link", "transform", "lies outside hooks.transformsDir"),
        ("nowhere.py", "transform", "does not exist"),
        ("deep/nowhere", "transform", "does not exist"),
        ("nowhere_at_all", "transform", "cannot be imported: No module named"),
        ("faulty", "transform", "cannot be imported: division by zero"),
        ("mine", "other", "has no callable 'other'"),
        ("mine", "value", "has no callable 'value'"),
        ("github.ts", "transform", "transforms here are Python callables"),
    ],
)
def test_anything_else_is_told_at_start(
    folder: Path, module: str, export: str, complaint: str
) -> None:
    with pytest.raises(TransformError, match=complaint.replace("(", r"\(")):
        load(folder, module, export)


def test_a_module_is_importable_without_a_folder() -> None:
    assert load(None, "json", "loads").name == "json:loads"


def test_the_configuration_tells_all_transforms_that_cannot_be_loaded() -> None:
    mappings = [{"transform": "nowhere_at_all:x"}, {"transform": "json:nothing"}]
    with pytest.raises(ConfigError) as told:
        HookMappings(Hooks.model_validate({"mappings": mappings}))
    first, second = str(told.value).splitlines()
    assert first.startswith("hooks.mappings[0].transform: nowhere_at_all cannot be imported")
    assert second == "hooks.mappings[1].transform: json has no callable 'nothing'"


async def test_a_transform_that_takes_too_long_fails() -> None:
    async def sleeping(_: Mapping[str, Any]) -> None:
        await asyncio.Event().wait()

    with pytest.raises(MappingFailed):
        await Transform("sleeping", sleeping, 0.05)({})
