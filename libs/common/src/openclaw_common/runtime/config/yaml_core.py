"""YAML as configuration files need it: plain objects, no duplicate keys, no surprises.

Scalars are those of the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), so
that `off`, `no`, `1:30` and dates stay the text they are in JSON5.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError

_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("merge", r"<<", "<"),
)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    by_first: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, pattern, firsts in _SCALARS:
        for first in firsts:
            rule = (_TAG + name, re.compile(rf"(?:{pattern})\Z"))
            by_first.setdefault(first, []).append(rule)
    return by_first


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _constructors() -> dict[str | None, Any]:
    return {**yaml.SafeLoader.yaml_constructors, _TAG + "int": _construct_int}


class CoreLoader(yaml.SafeLoader):
    """PyYAML's SafeLoader, which builds plain objects only, with the scalars named above."""

    yaml_implicit_resolvers = _resolvers()
    yaml_constructors = _constructors()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build an object whose keys are texts; raises ConstructorError at a second one."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _TAG + "merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise ConstructorError(None, None, "a key must be plain text", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, "this key is given twice", key.start_mark)
            seen.add(key.value)
            key.tag = _TAG + "str"
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built
