"""The document as a page: plain HTML, without a script and without anything from elsewhere."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import orjson

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.8rem;border:1px solid}
details{border-top:1px solid;padding:.5rem 0}summary{cursor:pointer}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0}
:root{color-scheme:light dark}
"""
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src"
    f" 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
_REF: Final = "#/components/schemas/"


def docs_page(document: Mapping[str, Any]) -> str:
    """Return the page that lists a document's operations, parameters and schemas."""
    return "".join(_page(document))


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    title = escape(info["title"])
    yield (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body>"
        f"<h1>{title} {escape(info['version'])}</h1><p>{escape(info['description'])}"
        ' The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>'
    )
    for tag, rows in _by_tag(document).items():
        yield f"<h2>{escape(tag)}</h2>"
        for method, path, operation in rows:
            yield from _operation(method, path, operation)
    yield "<h2>Who may ask</h2><table>"
    for name, scheme in document["components"]["securitySchemes"].items():
        yield f"<tr><th>{escape(name)}</th><td>{escape(scheme['description'])}</td></tr>"
    yield "</table><h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield (
            f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
            f"<pre>{_json(schema)}</pre></details>"
        )
    yield "</body></html>"


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append((method, path, operation))
    return found


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f'<details id="{escape(operation["operationId"])}"><summary>'
        f"<code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</summary>"
    )
    if "description" in operation:
        yield f"<p>{escape(operation['description'])}</p>"
    if operation["security"]:
        allowed = [
            " ".join((name, *scopes))
            for each in operation["security"]
            for name, scopes in each.items()
        ]
        yield f"<p>Who may: <code>{escape(' | '.join(allowed))}</code></p>"
    if "parameters" in operation:
        yield "<table><tr><th>Parameter</th><th>in</th><th>is</th><th>says</th></tr>"
        for each in operation["parameters"]:
            yield (
                f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td>"
                f"<td>{_shape(each['schema'])}</td><td>{escape(each['description'])}</td></tr>"
            )
        yield "</table>"
    if "requestBody" in operation:
        yield f"<p>Body: {_contents(operation['requestBody'])}</p>"
    yield "<table><tr><th>Status</th><th>means</th><th>body</th></tr>"
    for status, answer in operation["responses"].items():
        yield (
            f"<tr><td>{status}</td><td>{escape(answer['description'])}</td>"
            f"<td>{_contents(answer)}</td></tr>"
        )
    yield "</table></details>"


def _contents(told: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{escape(kind)} {_shape(each['schema'])}" for kind, each in told.get("content", {}).items()
    )


def _shape(schema: Mapping[str, Any]) -> str:
    reference = schema.get("$ref")
    if reference is None:
        return f"<code>{_json(schema)}</code>"
    name = escape(reference.removeprefix(_REF))
    return f'<a href="#{name}">{name}</a>'


def _json(schema: Any) -> str:
    return escape(orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode())
