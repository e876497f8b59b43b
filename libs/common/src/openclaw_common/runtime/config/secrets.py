"""Credentials that do not stand in the file: SecretRefs, mounted files, a secrets directory.

A SecretRef is `{ source: "env" | "file", provider?, id }`. For `env`, `id` is a variable's name.
For `file` it is a JSON pointer (RFC 6901) into the provider's file, `value` for a provider of mode
`singleValue`, or, without a provider, the path of a file that holds the credential and no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from openclaw_common.runtime.config.automation import SecretProvider, Secrets
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.key_path import KeyPath, show

MAX_SECRET_BYTES: Final = 65_536
"""Size of one mounted credential."""

_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
_REF_KEYS: Final = {"source", "provider", "id"}
_UNSUPPORTED: Final = ("exec", "store")
_FILE_VARIABLES: Final = (
    "OPENCLAW_GATEWAY_TOKEN",
    "OPENCLAW_GATEWAY_PASSWORD",
    "OPENCLAW_REDIS_URL",
)
_NO_REFERENCE: Final = {("hooks", "token")}


class SecretUnavailable(Exception):
    """The credential is not where the reference says; the text says why, not what."""


def read_secret_file(path: Path) -> str:
    """Return the file's text without the newline at its end; raises SecretUnavailable."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
        text = raw.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SecretUnavailable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretUnavailable(f"{path} is not UTF-8 text") from None
    if len(raw) > MAX_SECRET_BYTES:
        raise SecretUnavailable(f"{path} is larger than {MAX_SECRET_BYTES} bytes")
    if not text:
        raise SecretUnavailable(f"{path} is empty")
    return text


def mounted_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what OPENCLAW_SECRETS_DIR and the `…_FILE` variables hold, by variable name.

    Every file of the directory counts whose name is that of a variable. Raises ConfigError when a
    named file or the directory cannot be read, or a value is given twice.
    """
    secrets: dict[str, str] = {}
    directory = environ.get("OPENCLAW_SECRETS_DIR")
    try:
        if directory:
            secrets = _directory(Path(directory))
        for name in _FILE_VARIABLES:
            file = environ.get(f"{name}_FILE")
            if file and environ.get(name):
                raise ConfigError(f"{name} and {name}_FILE are both set; unset one of them")
            if file:
                secrets[name] = read_secret_file(Path(file))
    except SecretUnavailable as error:
        raise ConfigError(f"mounted secret {error}") from None
    return secrets


def _directory(directory: Path) -> dict[str, str]:
    try:
        files = [file for file in directory.iterdir() if _NAME.match(file.name) and file.is_file()]
    except OSError as error:
        raise ConfigError(
            f"OPENCLAW_SECRETS_DIR: {directory} cannot be read: {error.strerror}"
        ) from None
    return {file.name: read_secret_file(file) for file in files}


@dataclass(slots=True)
class SecretReferences:
    """Puts credentials in place of SecretRefs and remembers those that could not be had."""

    environ: Mapping[str, str]
    secrets: Secrets
    directory: Path
    unavailable: dict[KeyPath, str] = field(default_factory=dict)

    def resolve(self, tree: Any, path: KeyPath = ()) -> Any:
        """Return `tree` with every SecretRef replaced; one that cannot be had is left out."""
        if isinstance(tree, list):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(tree)]
        if not isinstance(tree, dict):
            return tree
        kept: dict[str, Any] = {}
        for key, value in tree.items():
            place = (*path, key)
            if not _is_reference(value):
                kept[key] = self.resolve(value, place)
                continue
            try:
                kept[key] = self._look_up(value, place)
            except SecretUnavailable as error:
                self.unavailable[place] = str(error)
        return kept

    def _look_up(self, reference: dict[str, str], place: KeyPath) -> str:
        source = reference["source"]
        provider = self._provider(reference, place)
        if source in _UNSUPPORTED or (provider and provider.source in _UNSUPPORTED):
            raise ConfigError(
                f'{show(place)}: a SecretRef of source "{source}" is not supported here; mount the'
                ' credential as a file and use source "file", or set a variable and use source'
                ' "env"'
            )
        if place in _NO_REFERENCE:
            raise ConfigError(f"{show(place)}: may not be a SecretRef; write ${{NAME}} instead")
        if source == "env":
            value = self.environ.get(reference["id"])
            if not value:
                raise SecretUnavailable(f"environment variable {reference['id']} is not set")
            return value
        if provider is None:
            return read_secret_file(self._path(reference["id"]))
        return self._from_provider(provider, reference["id"], place)

    def _provider(self, reference: dict[str, str], place: KeyPath) -> SecretProvider | None:
        source = reference["source"]
        name = reference.get("provider") or self.secrets.defaults.get(source) or "default"
        provider = self.secrets.providers.get(name)
        if provider is None:
            if reference.get("provider") not in (None, "default"):
                raise ConfigError(
                    f'{show(place)}: secrets.providers has no "{name}"; known are:'
                    f" {', '.join(sorted(self.secrets.providers)) or 'none'}"
                )
            return None
        if provider.source != source:
            raise ConfigError(
                f'{show(place)}: the source is "{source}", but secrets.providers.{name} has the'
                f' source "{provider.source}"'
            )
        return provider

    def _from_provider(self, provider: SecretProvider, pointer: str, place: KeyPath) -> str:
        if provider.path is None:
            raise ConfigError(f"{show(place)}: its provider in secrets.providers needs a path")
        text = read_secret_file(self._path(provider.path))
        if provider.mode == "singleValue":
            if pointer != "value":
                raise ConfigError(f'{show(place)}: the id must be "value" for mode "singleValue"')
            return text
        try:
            found = json.loads(text)
        except ValueError:
            raise SecretUnavailable(f"{provider.path} is not JSON") from None
        for step in pointer.removeprefix("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, str) or not found:
            raise SecretUnavailable(f"{provider.path} has no text at {pointer}")
        return found

    def _path(self, name: str) -> Path:
        home = self.environ.get("HOME")
        expanded = f"{home}{name[1:]}" if home and name.startswith("~/") else name
        return self.directory / expanded


def _is_reference(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"source", "id"} <= value.keys() <= _REF_KEYS
        and value["source"] in ("env", "file", *_UNSUPPORTED)
        and all(isinstance(part, str) for part in value.values())
    )
