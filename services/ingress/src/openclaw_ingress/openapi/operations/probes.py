"""Probes, the document itself, and models."""

from __future__ import annotations

from typing import Any, Final

from openclaw_ingress.openapi.model import HTML, JSON, Answer, Operation, Operations, answers
from openclaw_ingress.openapi.shapes.common import Health, Model, ModelList, Readiness, Startup

_TAG: Final = "Probes"


def _probe(path: str, name: str, summary: str, shape: Any, *, may_fail: bool) -> Operations:
    said = {200: "Yes.", 503: "No."} if may_fail else {200: "Yes."}
    told = {status: Answer(text, {JSON: shape}) for status, text in said.items()}
    bare = {status: Answer(text) for status, text in said.items()}
    return {
        ("GET", path): Operation(f"get{name}", _TAG, summary, told),
        ("HEAD", path): Operation(f"head{name}", _TAG, summary, bare),
    }


PROBES: Final[Operations] = {
    **_probe("/health", "Health", "Whether the process answers", Health, may_fail=False),
    **_probe("/healthz", "Healthz", "Whether the process answers", Health, may_fail=False),
    **_probe("/ready", "Ready", "Whether requests are taken", Readiness, may_fail=True),
    **_probe("/readyz", "Readyz", "Whether requests are taken", Readiness, may_fail=True),
    **_probe("/startup", "Startup", "Whether the process has started", Startup, may_fail=True),
    **_probe("/startupz", "Startupz", "Whether the process has started", Startup, may_fail=True),
    ("GET", "/openapi.json"): Operation(
        "getOpenapi", "Documents", "This document", answers({"type": "object"})
    ),
    ("GET", "/docs"): Operation(
        "getDocs",
        "Documents",
        "This document as a page",
        {200: Answer("The page.", {HTML: {"type": "string"}})},
    ),
    ("GET", "/v1/models"): Operation(
        "listModels", "Models", "List the models, which are agents", answers(ModelList)
    ),
    ("GET", "/v1/models/{id}"): Operation(
        "readModel", "Models", "Read a model", answers(Model), errors=(404,)
    ),
}
