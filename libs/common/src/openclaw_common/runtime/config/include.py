"""`$include`: one configuration over several files.

A text replaces the object that holds it, a list is merged in order, and the keys beside `$include`
win over what it brought. Objects merge key by key, lists are joined, anything else is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from openclaw_common.runtime.config.documents import MAX_DEPTH, read_document
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.key_path import KeyPath, show

INCLUDE: Final = "$include"
MAX_INCLUDES: Final = 10
"""Files that may include one another in a row."""
_TOO_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"


def merge(base: Any, over: Any) -> Any:
    """Return `over` laid on `base`; neither is changed."""
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = merge(base[key], value) if key in base else value
        return merged
    if isinstance(base, list) and isinstance(over, list):
        return [*base, *over]
    return over


def include_roots(path: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the directories that included files must lie in.

    The directory of the configuration file, also as it is behind a symbolic link (as Kubernetes
    mounts files), and those of OPENCLAW_INCLUDE_ROOTS, separated by `:`.
    """
    extra = [Path(root) for root in environ.get("OPENCLAW_INCLUDE_ROOTS", "").split(":") if root]
    return (path.parent.resolve(), path.resolve().parent, *(root.resolve() for root in extra))


@dataclass(frozen=True, slots=True)
class Including:
    """A file whose includes are being resolved, and the files that led to it."""

    chain: tuple[Path, ...]
    roots: tuple[Path, ...]

    @property
    def file(self) -> Path:
        """The file at hand."""
        return self.chain[-1]

    def resolve(self, tree: Any, path: KeyPath = ()) -> Any:
        """Return `tree` with every `$include` replaced; raises ConfigError."""
        if len(path) > MAX_DEPTH:
            raise ConfigError(f"{self.file}: {show(path[:3])}: {_TOO_DEEP}")
        if isinstance(tree, list):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(tree)]
        if not isinstance(tree, dict):
            return tree
        own = {
            key: self.resolve(value, (*path, key)) for key, value in tree.items() if key != INCLUDE
        }
        return self._include(tree[INCLUDE], own, path) if INCLUDE in tree else own

    def _include(self, names: Any, own: dict[str, Any], path: KeyPath) -> Any:
        place = f"{self.file}: {show((*path, INCLUDE))}"
        if isinstance(names, str):
            included = self._load(names, place)
        elif isinstance(names, list) and all(isinstance(name, str) for name in names):
            included = {}
            for name in names:
                included = merge(included, self._object(self._load(name, place), place))
        else:
            raise ConfigError(f"{place}: expected a file name or a list of file names")
        return merge(self._object(included, place), own) if own else included

    def _object(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ConfigError(f"{place}: a file can only be merged when it holds an object")
        return value

    def _load(self, name: str, place: str) -> Any:
        if not name or "\0" in name:
            raise ConfigError(f"{place}: expected a file name")
        target = self.file.parent / name
        if not any(target.resolve().is_relative_to(root) for root in self.roots):
            raise ConfigError(
                f'{place}: "{name}" lies outside {self.roots[0]}; move it there or name its'
                " directory in OPENCLAW_INCLUDE_ROOTS"
            )
        if any(target.resolve() == file.resolve() for file in self.chain):
            loop = " → ".join(str(file) for file in (*self.chain, target))
            raise ConfigError(f"{place}: files include each other in a circle: {loop}")
        if len(self.chain) > MAX_INCLUDES:
            raise ConfigError(f"{place}: more than {MAX_INCLUDES} files include one another")
        if not target.exists():
            raise ConfigError(f'{place}: there is no file "{name}" (looked for {target})')
        return Including((*self.chain, target), self.roots).resolve(read_document(target))
