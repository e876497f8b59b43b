"""The OpenAPI document of a configuration: its routes, each with the operation it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from openclaw_common.runtime.config import Config
from openclaw_ingress.auth.key_scopes import HOOKS_KEY, key_scope_of
from openclaw_ingress.openapi.model import FORM, JSON, Answer, Operation, Operations, Parameter
from openclaw_ingress.openapi.operations import operations
from openclaw_ingress.openapi.parameters import path_parameter
from openclaw_ingress.openapi.shapes.common import (
    ErrorEnvelope,
    HookErrorEnvelope,
    HookErrorText,
)
from openclaw_ingress.openapi.typed import Schemas
from openclaw_ingress.route import Route

_BRACES: Final = re.compile(r"\{(\w+)(:[^}]*)?\}")
_SLASHES: Final = "slashes"
_ALWAYS: Final = (400, 431)
_AUTHENTICATED: Final = (401, 403, 429, 500, 503)
_WITH_BODY: Final = (408, 413)
_SECRET: Final = "gatewaySecret"
_KEY: Final = "apiKey"
_HOOK: Final = "hookToken"


def document_path(route: Route) -> str:
    """Return a route's path as OpenAPI writes it: `{name}` without a pattern."""
    return _BRACES.sub(lambda found: "" if found[1] == _SLASHES else f"{{{found[1]}}}", route.path)


def described(route: Route, config: Config) -> tuple[str, str] | None:
    """Return the method and path under which a route is described.

    None for the bare path of the hooks, which names no hook and answers 404.
    """
    path = document_path(route)
    if route.gate is None:
        # A route for every method answers what is no POST itself.
        return route.method.replace("*", "POST"), path
    return ("POST", path) if path != config.hooks.path else None


def openapi_document(config: Config, routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document of `routes`. Raises KeyError for one that nobody described."""
    return _Builder(config, operations(config)).build(routes)


class _Builder:
    def __init__(self, config: Config, known: Operations) -> None:
        self._config = config
        self._known = known
        self._schemas = Schemas()

    def build(self, routes: Iterable[Route]) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        for route in routes:
            place = described(route, self._config)
            if place is not None:
                method, path = place
                operation = self._operation(route, self._known[place])
                paths.setdefault(path, {})[method.lower()] = operation
        return {
            "openapi": "3.1.1",
            "info": {
                "title": "OpenClaw Gateway",
                "version": version("openclaw-ingress"),
                "description": "The endpoints that this gateway's configuration turns on. Times"
                " are Unix seconds unless their name says otherwise.",
            },
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "paths": paths,
            "components": {
                "schemas": dict(sorted(self._schemas.components.items())),
                "securitySchemes": self._schemes(),
            },
        }

    def _operation(self, route: Route, operation: Operation) -> dict[str, Any]:
        told: dict[str, Any] = {
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
        }
        if operation.description:
            told["description"] = operation.description
        parameters = [*map(path_parameter, _path_names(route)), *operation.parameters]
        if parameters:
            told["parameters"] = [self._parameter(each) for each in parameters]
        if operation.body is not None:
            told["requestBody"] = self._body(operation)
        told["responses"] = self._responses(route, operation)
        told["security"] = self._security(route)
        return told

    def _parameter(self, parameter: Parameter) -> dict[str, Any]:
        return {
            "name": parameter.name,
            "in": parameter.place,
            "required": parameter.required,
            "description": parameter.description,
            "schema": self._schemas.of(parameter.schema),
        }

    def _body(self, operation: Operation) -> dict[str, Any]:
        body = operation.body
        assert body is not None
        content = {JSON: {"schema": self._schemas.of(body.shape, closed=body.closed)}}
        if body.forms:
            content[FORM] = {"schema": {"type": "object"}}
        return {"required": body.required, "content": content}

    def _responses(self, route: Route, operation: Operation) -> dict[str, Any]:
        told = {str(status): self._answer(answer) for status, answer in operation.answers.items()}
        error = {JSON: {"schema": self._schemas.of(self._envelope(route))}}
        for status in _error_statuses(route, operation):
            told.setdefault(
                str(status), {"description": HTTPStatus(status).phrase, "content": error}
            )
        return dict(sorted(told.items()))

    def _answer(self, answer: Answer) -> dict[str, Any]:
        told: dict[str, Any] = {"description": answer.description}
        if answer.headers:
            told["headers"] = {
                name: {"required": True, "schema": {"type": "string"}} for name in answer.headers
            }
        if answer.content:
            told["content"] = {
                kind: {"schema": self._schemas.of(shape)} for kind, shape in answer.content.items()
            }
        return told

    def _envelope(self, route: Route) -> Any:
        if not route.says_ok:
            return ErrorEnvelope
        current = self._config.gateway.http.compat == "current"
        return HookErrorText if current else HookErrorEnvelope

    def _security(self, route: Route) -> list[dict[str, list[str]]]:
        if route.gate is not None:
            return [{_HOOK: []}, {_KEY: [HOOKS_KEY]}]
        if route.scope is None:
            return []
        ours: dict[str, list[str]] = (
            {} if self._config.gateway.auth.mode == "none" else {_SECRET: [route.scope]}
        )
        return [ours, {_KEY: [key_scope_of(route)]}]

    def _schemes(self) -> dict[str, Any]:
        auth = self._config.gateway.auth
        schemes: dict[str, Any] = {
            _KEY: {
                "type": "http",
                "scheme": "bearer",
                "description": "A named API key of `/v1/keys`, with the scope that is named.",
            }
        }
        if auth.mode == "trusted-proxy":
            schemes[_SECRET] = {
                "type": "apiKey",
                "in": "header",
                "name": auth.trusted_proxy.user_header or "X-Forwarded-User",
                "description": "The user for whom the proxy in front vouches.",
            }
        elif auth.mode != "none":
            schemes[_SECRET] = {
                "type": "http",
                "scheme": "bearer",
                "description": f"The gateway's {auth.mode}; `x-openclaw-scopes` may narrow it.",
            }
        if self._config.hooks.enabled:
            schemes[_HOOK] = {
                "type": "http",
                "scheme": "bearer",
                "description": "The token of the hooks (`hooks.token`).",
            }
        return schemes


def _path_names(route: Route) -> Iterator[str]:
    return (found[1] for found in _BRACES.finditer(route.path) if found[1] != _SLASHES)


def _error_statuses(route: Route, operation: Operation) -> Iterator[int]:
    yield from operation.errors
    if route.scope is None and route.gate is None:
        return
    yield from _ALWAYS
    yield from _AUTHENTICATED
    if operation.body is not None:
        yield from _WITH_BODY
