"""Arguments of a call against the tool's schema."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest

from openclaw_agent_worker.tools.arguments import parse_arguments
from openclaw_agent_worker.tools.tool import InvalidArguments

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"enum": ["C", "F"]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "at": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "where": {"type": "object", "properties": {"lat": {"type": "number"}}},
    },
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "text",
    [
        '{"city":"Paris"}',
        '{"city":"Paris","days":3.0,"unit":"C","tags":["a"],"at":null,"where":{"lat":1,"x":2}}',
    ],
)
def test_what_fits_is_passed_on(text: str) -> None:
    assert parse_arguments(text, SCHEMA)["city"] == "Paris"


def test_of_many_faults_only_the_first_are_looked_for() -> None:
    text = '{"city":"P","tags":[' + ",".join(["1"] * 500_000) + "]}"
    begun = process_time()
    with pytest.raises(InvalidArguments) as caught:
        parse_arguments(text, SCHEMA)
    assert process_time() - begun < 0.2
    assert str(caught.value).count(";") == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "city is required"),
        ("{", "The arguments are not valid JSON"),
        ("[]", "The arguments must be a JSON object."),
        ('{"city":""}', "city must have at least 1 characters"),
        ('{"city":"P","days":0}', "days must be at least 1"),
        ('{"city":"P","days":true}', "days must be of type integer"),
        ('{"city":"P","days":1.5}', "days must be of type integer"),
        ('{"city":"P","unit":"K"}', 'unit must be one of "C", "F"'),
        ('{"city":"P","tags":["a",1]}', "tags[1] must be of type string"),
        ('{"city":"P","tags":["a","b","c"]}', "tags must have at most 2 items"),
        ('{"city":"P","at":1}', "at fits none of the forms that are allowed"),
        ('{"city":"P","where":{"lat":"x"}}', "where.lat must be of type number"),
        ('{"city":"P","more":1}', "more is not known"),
    ],
)
def test_what_does_not_fit_is_told_by_place(text: str, told: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        parse_arguments(text, SCHEMA)
    assert told in str(caught.value)
