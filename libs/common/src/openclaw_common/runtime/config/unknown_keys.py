"""Telling keys that nobody knows, and keeping only those that a section models."""

from __future__ import annotations

import difflib
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from openclaw_common.runtime.config.base import Keys, Section
from openclaw_common.runtime.config.key_path import KeyPath, show

_SIMILARITY: Final = 0.6


def keep_known(
    tree: Any, annotation: Any, path: KeyPath = (), warnings: list[str] | None = None
) -> tuple[Any, list[str]]:
    """Return `tree` without keys that `annotation` does not model, and a warning per unknown key.

    Keys that OpenClaw has and this gateway ignores go silently. A known key that is null counts as
    not given and goes too.
    """
    warnings = [] if warnings is None else warnings
    shape = _shape(annotation)
    if isinstance(tree, list) and get_origin(shape) is tuple:
        item = get_args(shape)[0]
        tree = [keep_known(v, item, (*path, i), warnings)[0] for i, v in enumerate(tree)]
    elif isinstance(tree, dict) and get_origin(shape) is dict:
        item = get_args(shape)[1]
        # `name:` with nothing behind it is how YAML authors write an entry without settings.
        empty: dict[str, Any] | None = {} if _shape(item) is not None else None
        given = {k: empty if v is None else v for k, v in tree.items()}
        tree = {
            k: keep_known(v, item, (*path, k), warnings)[0]
            for k, v in given.items()
            if v is not None
        }
    elif isinstance(tree, dict) and isinstance(shape, Keys):
        for key in tree.keys() - shape.names:
            warnings.append(_unknown(path, key, shape.names))
    elif isinstance(tree, dict) and isinstance(shape, type) and issubclass(shape, Section):
        tree = _keep_section(tree, shape, path, warnings)
    return tree, warnings


def field_keys(section: type[Section]) -> dict[str, Any]:
    """Return the keys of a section as written in the file, with their types."""
    return {
        str(field.validation_alias or field.alias or name): field.annotation
        for name, field in section.model_fields.items()
        if name not in section.computed_fields
    }


def _keep_section(
    tree: dict[str, Any], section: type[Section], path: KeyPath, warnings: list[str]
) -> dict[str, Any]:
    fields = field_keys(section)
    kept: dict[str, Any] = {}
    for key, value in tree.items():
        if key in fields:
            if value is not None:
                kept[key] = keep_known(value, fields[key], (*path, key), warnings)[0]
        elif section.free_form or key in section.kept_keys:
            kept[key] = value
        elif key not in section.accepted_keys:
            known = fields.keys() | section.accepted_keys | section.kept_keys
            warnings.append(_unknown(path, key, known))
    return kept


def _unknown(path: KeyPath, key: Any, known: Any) -> str:
    by_lower = {name.lower(): name for name in sorted(known)}
    wanted = str(key).lower().replace("_", "").replace("-", "")
    near = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=_SIMILARITY)
    hint = f"; did you mean {show((*path, by_lower[near[0]]))}?" if near else ""
    return f"{show((*path, key))}: unknown key, ignored{hint}"


def _shape(annotation: Any) -> Any:
    """Return what decides over keys: a section, `dict[…]`, `tuple[…]` or `Keys`; else None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        return next((m for m in metadata if isinstance(m, Keys)), _shape(inner))
    if origin in (Union, UnionType):
        return next((s for s in map(_shape, get_args(annotation)) if s is not None), None)
    if origin in (dict, tuple) or (
        isinstance(annotation, type) and issubclass(annotation, Section)
    ):
        return annotation
    return None
