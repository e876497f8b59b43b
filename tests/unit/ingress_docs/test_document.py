"""The OpenAPI document: every route is in it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from openclaw_common.runtime.config import Config
from openclaw_ingress.openapi.document import described, openapi_document
from openclaw_ingress.openapi.operations import operations
from openclaw_ingress.openapi.shapes.responses import ResponseCreate
from openclaw_ingress.openapi.shapes.runs import RunCreation
from openclaw_ingress.routes import route_table
from openclaw_ingress.schemas.response_options import KNOWN, OPENAIS, OWN
from openclaw_ingress.schemas.run_create import RunCreate

ALL_ON: dict[str, Any] = {
    "gateway": {
        "auth": {"mode": "token", "token": "a-token-of-the-tests"},
        "http": {
            "endpoints": {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}
        },
    },
    "hooks": {"enabled": True, "token": "a-hook-token-of-the-tests"},
}


def document(**more: Any) -> dict[str, Any]:
    config = Config.model_validate({**ALL_ON, **more})
    return openapi_document(config, route_table(config))


def listed(made: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in made["paths"].items() for method in methods}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def test_every_route_is_in_the_document_and_every_operation_has_a_route() -> None:
    config = Config.model_validate(ALL_ON)
    routes = {described(route, config) for route in route_table(config)} - {None}
    assert listed(document()) == routes == set(operations(config))


def test_only_what_is_turned_on_is_in_the_document() -> None:
    gateway = {"auth": {"mode": "none"}}
    paths = document(gateway=gateway, hooks={}, cron={"enabled": False})["paths"]
    assert not [path for path in paths if path.startswith(("/hooks", "/v1/cron", "/v1/chat"))]
    assert "/v1/runs" in paths


def test_the_document_can_be_turned_off() -> None:
    config = Config.model_validate({"gateway": {"http": {"docs": False}}})
    assert not {route.path for route in route_table(config)} & {"/docs", "/openapi.json"}


def test_every_reference_leads_to_a_schema_and_every_schema_is_referred_to() -> None:
    made = document()
    named = {f"#/components/schemas/{name}" for name in made["components"]["schemas"]}
    assert set(references(made)) == named


def test_operation_ids_are_unique() -> None:
    rows = operations(Config.model_validate(ALL_ON)).values()
    assert len({row.id for row in rows}) == len(rows)


def test_protected_operations_name_their_scopes() -> None:
    paths = document()["paths"]
    assert paths["/v1/runs"]["post"]["security"] == [
        {"gatewaySecret": ["operator.write"]},
        {"apiKey": ["runs:write"]},
    ]
    assert paths["/hooks/agent"]["post"]["security"] == [{"hookToken": []}, {"apiKey": ["hooks"]}]
    assert paths["/healthz"]["get"]["security"] == []


def test_errors_of_hooks_are_texts_under_the_current_shapes() -> None:
    gateway = {**ALL_ON["gateway"], "http": {"compat": "current"}}
    answers = document(gateway=gateway)["paths"]["/hooks/agent"]["post"]["responses"]
    schema = answers["400"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/HookErrorText"}


@pytest.mark.parametrize("name", ["RunCreation", "ResponseCreate", "KeyCreate", "CronChange"])
def test_bodies_that_refuse_unknown_members_say_so(name: str) -> None:
    assert document()["components"]["schemas"][name]["additionalProperties"] is False


def test_documented_members_of_a_run_are_those_that_are_read() -> None:
    model: type[BaseModel] = RunCreate
    assert set(RunCreation.__annotations__) == set(model.model_fields)


def test_documented_members_of_a_response_are_those_that_are_known() -> None:
    assert set(ResponseCreate.__annotations__) == KNOWN | OPENAIS | OWN


def test_the_document_names_nothing_of_the_configuration() -> None:
    agents = {"entries": {"quartz": {"default": True}}}
    models = {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1"}}}
    text = str(document(agents=agents, models=models))
    assert not [secret for secret in ("quartz", "acme", "of-the-tests") if secret in text]
