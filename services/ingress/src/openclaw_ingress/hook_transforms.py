"""Transforms: trusted Python callables that turn a webhook into a run in their own way.

`transform: "module:export"` (or `{module, export}`) names a file in `hooks.transformsDir` or an
importable module. The callable takes one mapping `{payload, headers, url, path}` and returns the
fields of the action that it changes (`{"message": …}`), or None to drop the webhook; it may be
async. Only the configuration can name one, never a payload.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.runtime.config.hook_mappings import HookTransform

_OF_OTHER_LANGUAGES: Final = (".js", ".mjs", ".cjs", ".ts", ".mts")

_logger: Final = logging.getLogger(__name__)

Function = Callable[[Mapping[str, Any]], Any]


class TransformError(Exception):
    """A transform cannot be loaded; the text says why and what to do."""


class MappingFailed(GatewayError):
    """hook mapping failed"""

    def __init__(self) -> None:
        super().__init__(ErrorBody(500, API_ERROR, "hook mapping failed"))


@dataclass(frozen=True, slots=True)
class Transform:
    """A loaded transform; one call may take `timeout_s` seconds."""

    name: str
    function: Function
    timeout_s: float

    async def __call__(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the changed fields, None to drop the webhook. Raises MappingFailed."""
        try:
            async with asyncio.timeout(self.timeout_s):
                changed = await self._call(event)
        # Somebody else's code: whatever it raises is logged and answered as one thing.
        except Exception:
            _logger.exception("hook.transform_failed", extra={"transform": self.name})
            raise MappingFailed from None
        if changed is None or isinstance(changed, dict):
            return changed
        _logger.error(
            "hook.transform_failed",
            extra={"transform": self.name, "reason": f"returned a {type(changed).__name__}"},
        )
        raise MappingFailed

    async def _call(self, event: Mapping[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self.function):
            return await self.function(event)
        # It may compute or block; other requests go on meanwhile.
        changed = await asyncio.to_thread(self.function, event)
        return await changed if isinstance(changed, Awaitable) else changed


def load_transform(settings: HookTransform, folder: str | None, *, timeout_s: float) -> Transform:
    """Import the module and return its callable. Raises TransformError."""
    name = f"{settings.module}:{settings.export}"
    module = _module(settings.module, folder)
    function = getattr(module, settings.export, None)
    if not callable(function):
        raise TransformError(f"{settings.module} has no callable {settings.export!r}")
    return Transform(name, function, timeout_s)


def _module(name: str, folder: str | None) -> ModuleType:
    if name.endswith(_OF_OTHER_LANGUAGES):
        raise TransformError(f"{name} is JavaScript; transforms here are Python callables")
    file = _file(name, Path(folder)) if folder is not None else None
    try:
        if file is None:
            return importlib.import_module(name)
        found = importlib.util.spec_from_file_location(f"openclaw_hook_transform_{file.stem}", file)
        if found is None or found.loader is None:
            raise TransformError(f"{file} is no Python file")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    # Importing runs somebody else's code, which may raise anything.
    except Exception as error:
        raise TransformError(f"{name} cannot be imported: {error}") from error
    return module


def _file(name: str, folder: Path) -> Path | None:
    """Return the file in `folder` that `name` means, or None for an importable module."""
    root = folder.expanduser().resolve()
    path = Path(name if name.endswith(".py") else f"{name}.py")
    file = (root / path).resolve()
    if not file.is_relative_to(root):
        raise TransformError(f"{name} lies outside hooks.transformsDir ({root})")
    if file.is_file():
        return file
    if name.endswith(".py") or "/" in name:
        raise TransformError(f"{file} does not exist")
    return None
