"""`${NAME}`: the environment inside texts of the configuration (contract §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from openclaw_common.runtime.config.key_path import KeyPath

_REFERENCE: Final = re.compile(r"(\$?)\$\{([A-Z_][A-Z0-9_]*)\}")


@dataclass(slots=True)
class Substitution:
    """Replaces `${NAME}` and remembers which names had no value, by place.

    Only capital names; `$${NAME}` is the text `${NAME}`; a name that is not set or empty stays as
    it is.
    """

    environ: Mapping[str, str]
    missing: dict[KeyPath, tuple[str, ...]] = field(default_factory=dict)

    def apply(self, tree: Any, path: KeyPath = ()) -> Any:
        """Return `tree` with all texts replaced; keys are left alone."""
        if isinstance(tree, dict):
            return {key: self.apply(value, (*path, key)) for key, value in tree.items()}
        if isinstance(tree, list):
            return [self.apply(item, (*path, index)) for index, item in enumerate(tree)]
        return self._text(tree, path) if isinstance(tree, str) else tree

    def _text(self, text: str, path: KeyPath) -> str:
        unset: list[str] = []

        def value(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            if escaped:
                return match[0][1:]
            found = self.environ.get(name)
            if not found:
                unset.append(name)
            return found or match[0]

        replaced = _REFERENCE.sub(value, text)
        if unset:
            self.missing[path] = tuple(unset)
        return replaced
