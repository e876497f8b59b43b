"""The example and the documentation say what the code does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pyjson5
import pytest
from pydantic import BaseModel, SecretStr

from openclaw_common.runtime.config import Config, LoadedConfig
from openclaw_common.runtime.config.agents import AgentSettings
from openclaw_common.runtime.config.base import Section
from openclaw_common.runtime.config.egress import Egress
from openclaw_common.runtime.config.health import Health
from openclaw_common.runtime.config.inbound import Inbound
from openclaw_common.runtime.config.limits import Deliveries, Ingress, Redis, Runs, Worker
from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.runtime.config.unknown_keys import field_keys

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "openclaw.example.json5"
DOCUMENT = ROOT / "docs" / "configuration.md"

HONOURED = (
    "gateway",
    "agents",
    "models",
    "redis",
    "runs",
    "worker",
    "ingress",
    "inbound",
    "egress",
    "health",
    "tracing",
    "hooks",
    "cron",
    "tools",
    "mcp",
    "secrets",
)
DIFFERENT = {
    "gateway.auth.token",
    "gateway.http.endpoints.chatCompletions.enabled",
    "gateway.http.endpoints.responses.enabled",
    "agents.defaults.model.primary",
    "agents.defaults.models.*.alias",
    "agents.entries.*.name",
    "agents.entries.*.default",
    "models.providers.*.baseUrl",
    "models.providers.*.apiKey",
    "models.providers.*.models.*.id",
    "hooks.enabled",
    "hooks.token",
    "secrets.providers.*.source",
    "secrets.providers.*.path",
}
"""What the example sets to something else than the default; each is marked in the file."""

Load = Callable[..., LoadedConfig]


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((s for s in map(_section_in, get_args(annotation)) if s is not None), None)


def _settings(section: type[Section], written: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield each setting under `section` with its default and what stands in the example.

    `path` has `*` for a key or an index of the author's choice.
    """
    fields = {str(f.validation_alias or f.alias): f for f in section.model_fields.values()}
    for key in field_keys(section):
        if path == "agents.entries.*" and key in field_keys(AgentSettings):
            continue
        if f"{path}.{key}" in ("agents.list", "agents.entries.*.id", "hooks.mappings"):
            continue
        place = f"{path}.{key}"
        assert key in written, f"{place} is missing in the example"
        field, value = fields[key], written[key]
        inner = _section_in(field.annotation)
        if inner is None:
            yield place, field.get_default(call_default_factory=True, validated_data={}), value
        elif get_origin(field.annotation) in (dict, tuple):
            for item in value.values() if isinstance(value, dict) else value:
                yield from _settings(inner, item, f"{place}.*")
        else:
            yield from _settings(inner, value, place)


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    return list(value) if isinstance(value, tuple) else value


def _compared() -> list[tuple[str, Any, Any]]:
    written = pyjson5.decode(EXAMPLE.read_text(encoding="utf-8"))
    return [
        setting
        for name in HONOURED
        for setting in _settings(
            _section_in(Config.model_fields[name].annotation), written[name], name
        )
    ]


def test_the_example_has_every_setting_with_its_default() -> None:
    different = {place for place, default, value in _compared() if _plain(default) != value}
    assert different == DIFFERENT


def test_what_differs_from_the_default_is_marked_in_the_example() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    marked = [line for line in lines if "(example)" in line and not line.startswith("//")]
    assert len(marked) == len(DIFFERENT)
    last_keys = {place.rpartition(".")[2] for place in DIFFERENT}
    assert [line for line in marked if not any(f"{key}:" in line for key in last_keys)] == []


def test_every_number_of_the_example_names_its_unit_or_explains_itself() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    numbers = [line for line in lines if re.search(r"^\s+\w+: \d+,", line)]
    explained = {"maxRedirects", "maxConnections"}
    bare = [line.strip() for line in numbers if "//" not in line]
    assert {line.partition(":")[0] for line in bare} == explained


def test_the_example_loads_without_a_warning(load: Load) -> None:
    environ = {
        "OPENCLAW_GATEWAY_TOKEN": "t",
        "OPENCLAW_HOOKS_TOKEN": "h",
        "OPENAI_API_KEY": "k",
    }
    loaded = load(EXAMPLE.read_text(encoding="utf-8"), environ, require_auth=True)
    assert loaded.warnings == ()
    assert loaded.config.gateway.http.endpoints.chat_completions.enabled


@pytest.mark.parametrize(
    "section", [Redis, Runs, Worker, Ingress, Inbound, Egress, Health, Deliveries, Tracing]
)
def test_the_documents_table_is_the_code_row_by_row(section: type[Section]) -> None:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{section.__name__.lower()}.")
    ]
    bounded = {name for name, _, _ in getattr(section, "bounds", ())}
    expected = [
        (
            f"`{section.__name__.lower()}.{field.alias}`",
            f"{_plain(field.default)}{'*' if name in bounded else ''}",
        )
        for name, field in section.model_fields.items()
    ]
    assert [(row[0], row[1]) for row in rows] == expected
    units = {"Seconds": "seconds", "Ms": "milliseconds", "Bytes": "bytes"}
    for key, _, unit, meaning in rows:
        named = re.search(r"(Seconds|Ms|Bytes)(PerSecond|PerRun)?`$", key)
        of_time = " per second" if named and named[2] == "PerSecond" else ""
        assert unit.startswith(f"{units[named[1]]}{of_time}" if named else "\N{EN DASH}")
        assert meaning


def test_the_document_names_every_variable_that_is_read() -> None:
    package = ROOT / "libs/common/src/openclaw_common/runtime/config"
    code = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    read = set(re.findall(r"\"(OPENCLAW_[A-Z_]+)\"", code))
    text = DOCUMENT.read_text(encoding="utf-8")
    assert sorted(name for name in read if name not in text) == []


def test_the_files_that_the_document_links_to_exist() -> None:
    links = re.findall(r"\]\((\.\./[^)]+)\)", DOCUMENT.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (DOCUMENT.parent / link).exists()] == []
