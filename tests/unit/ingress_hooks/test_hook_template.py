"""The template language of mappings (contract §3.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_ingress.hook_template import (
    Template,
    TemplateContext,
    TemplateTooLong,
    js_number,
)

PAYLOAD = {
    "commits": [{"message": "fix", "author": {"name": "Ada"}}, {"message": "more"}],
    "text": "plain",
    "yes": True,
    "no": False,
    "nothing": None,
    "zero": 0,
    "half": 0.5,
    "whole": 2.0,
    "nested": {"a": [1, None, "é\n"], "b-c": {"d": 1.0}},
    "items": "a key named items",
    "__proto__": "proto",
    "constructor": {"name": "Object"},
    "a": {"prototype": "x", "constructor": "y"},
    "x-y": "dash",
    "matrix": [[1, 2], [3, 4]],
}


def context(payload: Any = None) -> TemplateContext:
    return TemplateContext(
        payload=PAYLOAD if payload is None else payload,
        headers={"x-github-event": "push"},
        query={"team": "core"},
        path="github",
        now="2026-11-22T02:00:00.000Z",
    )


def render(source: str, payload: Any = None, max_bytes: int = 10_000) -> str:
    return Template.parse(source).render(context(payload), max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("", ""),
        ("no expressions } { }}", "no expressions } { }}"),
        ("{{ payload.commits[0].message }}", "fix"),
        ("{{commits[0].author.name}} & {{ commits[1].message }}", "Ada & more"),
        ("{{commits.1.message}} of {{commits.length}}", "more of 2"),
        ("{{matrix[1][0]}}", "3"),
        ("{{text}}{{text}}", "plainplain"),
        ("{{yes}} {{no}} {{zero}} {{half}} {{whole}}", "true false 0 0.5 2"),
        ("[{{nothing}}|{{missing}}|{{text.deeper}}|{{commits[9].message}}]", "[|||]"),
        ("{{nested}}", '{"a":[1,null,"é\\n"],"b-c":{"d":1}}'),
        ("{{nested.b-c.d}} {{x-y}}", "1 dash"),
        ("{{items}}", "a key named items"),
        ("{{headers.x-github-event}} {{query.team}} {{path}} {{now}}", "push core github "
         "2026-11-22T02:00:00.000Z"),
        ("{{headers.cookie}}|{{query.nix}}", "|"),
        ("{{__proto__}}{{constructor.name}}{{a.prototype}}{{a.constructor}}", ""),
        ("{{payload.__proto__}}{{headers.constructor}}", ""),
        ("{{payload}}", ""),
        ("{{}} {{ }}", "{{}} "),
        ("{{{text}}}", "}"),
        ("{{ {{text}} }}", " }}"),
        ("{{text | upper}}", ""),
        ("{{text}", "{{text}"),
        ("{{commits[-1].message}}{{commits[0]]}}", '{"message":"fix","author":{"name":"Ada"}}'),
        ("{{text[0]}}{{text.length}}", ""),
    ],
)  # fmt: skip
def test_an_expression_becomes_what_javascript_would_write(source: str, rendered: str) -> None:
    assert render(source) == rendered


def test_an_array_as_body_is_the_payload() -> None:
    body = [{"id": 7}, {"id": 8}]
    assert render("{{payload[1].id}} {{payload}}", body) == '8 [{"id":7},{"id":8}]'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1, "1"),
        (12345678901234567890, "12345678901234567890"),
        (1.0, "1"),
        (-0.0, "0"),
        (-1.5, "-1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_number_is_written_as_javascript_does(value: float, written: str) -> None:
    assert js_number(value) == written


def test_output_stops_at_its_limit_to_the_byte() -> None:
    assert render("{{text}}", {"text": "é" * 5}, max_bytes=10) == "é" * 5
    for text in ("é" * 5 + "x", "x" * 11):
        with pytest.raises(TemplateTooLong):
            render("{{text}}", {"text": text}, max_bytes=10)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    # Beyond these JavaScript writes digits that only a double reads back as the same number.
    | st.floats(-1e15, 1e15)
    | st.text()
    | st.sampled_from(["{{secret}}", "}}{{ payload.secret }}{{", "{{", "}}", "{{now}}"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(first=JSON, second=JSON)
def test_no_payload_changes_what_stands_around_its_values(first: Any, second: Any) -> None:
    payload = {"a": first, "b": second, "secret": "SECRET"}
    rendered = render("BEGIN {{a}} MIDDLE {{payload.b}} END", payload)
    one, two = render("{{a}}", payload), render("{{b}}", payload)
    assert rendered == f"BEGIN {one} MIDDLE {two} END"
    if "SECRET" not in str((first, second)):
        assert "SECRET" not in rendered


@given(value=st.lists(JSON) | st.dictionaries(st.text(), JSON))
def test_an_object_is_written_as_json_that_says_the_same(value: Any) -> None:
    assert json.loads(render("{{v}}", {"v": value}, max_bytes=10**6)) == value


@given(text=st.text())
def test_a_text_is_written_as_it_is(text: str) -> None:
    assert render("<{{v}}>", {"v": text}, max_bytes=10**6) == f"<{text}>"


@given(source=st.text(alphabet="{} .[]0a_payload"), payload=JSON)
def test_any_template_renders_anything_within_its_limit(source: str, payload: Any) -> None:
    template = Template.parse(source)
    try:
        rendered = template.render(context(payload), max_bytes=64)
    except TemplateTooLong:
        return
    assert len(rendered.encode()) <= 64


@given(name=st.sampled_from(["__proto__", "prototype", "constructor"]), value=JSON)
def test_prototype_names_lead_nowhere(name: str, value: Any) -> None:
    payload = {name: value, "a": {name: value}, "l": [{name: value}]}
    source = "".join(f"{{{{{p}}}}}" for p in (name, f"payload.{name}", f"a.{name}", f"l[0].{name}"))
    assert render(source, payload) == ""
