"""Reading one configuration file: JSON5, or YAML when its name ends in .yaml or .yml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pyjson5
import yaml

from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.yaml_core import CoreLoader

MAX_FILE_BYTES: Final = 2_097_152
"""Size of one configuration file, included ones too."""
MAX_DEPTH: Final = 64
"""Nesting of one configuration file."""

_AT: Final = re.compile(r"(?P<what>.*) near (?P<offset>\d+)(?:, found U\+(?P<found>[0-9a-f]+))?\Z")
_QUOTED: Final = re.compile(r"\s*'(?!<)[^']{2,}'")
"""What PyYAML quotes of the file: an unquoted secret that starts with `*` or `!` too."""
_TOKEN: Final = re.compile(r"b'(\w+)'")


def read_document(path: Path) -> Any:
    """Return the file's content as plain objects; an empty YAML file is an empty object.

    Raises ConfigError when it is missing, unreadable, too large or malformed, with line and column
    from 1. Messages never quote the file, which may hold secrets.
    """
    text = _read_text(path)
    if path.suffix in (".yaml", ".yml"):
        return _parse_yaml(path, text)
    return _parse_json5(path, text)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a directory; name a file in it") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_FILE_BYTES} bytes; split it by $include")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 at byte {error.start}") from None


def _parse_json5(path: Path, text: str) -> Any:
    try:
        return pyjson5.decode(text, maxdepth=MAX_DEPTH)
    except pyjson5.Json5DecoderException as error:
        # Its other arguments are what had been parsed so far, secrets included.
        complaint = str(error.args[0])
    raise ConfigError(f"{path}:{_json5_complaint(text, complaint)}")


def _json5_complaint(text: str, complaint: str) -> str:
    match = _AT.match(complaint)
    if match is None:
        return f" is not JSON5: {complaint}"
    what, offset = match["what"], max(int(match["offset"]) - 1, 0)
    if what.startswith("Extra data"):
        what = "there is something after the end of the object"
        offset += 1
        offset += len(text[offset:]) - len(text[offset:].lstrip())
    elif what.startswith("No JSON data"):
        what = "the file is empty; write at least {}"
    what = _TOKEN.sub(r"\1", what).replace("JSON5Value", "a value")
    what = re.sub(r"U\+([0-9a-f]{4,6})", lambda m: _character(m[1]), what)
    found = f", found {_character(match['found'])}" if match["found"] else ""
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return f"{line}:{column}: {what[0].lower()}{what[1:]}{found}"


def _character(code: str) -> str:
    character = chr(int(code, 16))
    return f"{character!r}" if character.isprintable() else f"U+{code.upper()}"


def _parse_yaml(path: Path, text: str) -> Any:
    try:
        content = yaml.load(text, Loader=CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}: " if mark else " "
        complaint = place + _QUOTED.sub("", str(error.problem or error.context))
    except yaml.YAMLError:
        complaint = " is not YAML"
    except RecursionError:
        complaint = f" is nested deeper than {MAX_DEPTH} levels"
    else:
        return {} if content is None else content
    raise ConfigError(f"{path}:{complaint}")
