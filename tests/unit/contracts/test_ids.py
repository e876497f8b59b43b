"""Identifiers, and how one leads to another."""

from __future__ import annotations

import re

import pytest

from openclaw_common.contracts.ids import (
    chat_completion_id,
    new_process_id,
    new_request_id,
    new_run_id,
    of_response,
    parse_run_id,
    response_id,
    response_item_id,
)


def test_every_id_a_client_holds_leads_to_the_run() -> None:
    run_id = new_run_id()
    assert parse_run_id(run_id) == run_id
    assert parse_run_id(chat_completion_id(run_id)) == run_id
    assert parse_run_id(response_id(run_id)) == run_id


def test_items_of_a_response_have_the_same_ids_wherever_they_are_made() -> None:
    run_id = new_run_id()
    made = {response_item_id(run_id, "msg", place) for place in ("a", "b", "a")}
    assert len(made) == 2
    assert all(re.fullmatch(r"msg_[0-9a-f-]{36}", item) for item in made)
    assert response_item_id(new_run_id(), "msg", "a") not in made


@pytest.mark.parametrize(
    ("session_key", "made"),
    [
        ("agent:main:openresponses:5", True),
        ("agent:main:openresponses-user:ada", False),
        ("agent:main:main", False),
        ("openresponses:5", False),
        ("", False),
    ],
)
def test_a_session_made_for_a_response_shows_it(session_key: str, made: bool) -> None:
    assert of_response(session_key) is made


def test_ids_are_fresh_and_have_their_form() -> None:
    assert len({new_run_id() for _ in range(100)}) == 100
    assert re.fullmatch(r"req_[0-9a-f]{32}", new_request_id())
    assert re.fullmatch(r"worker-[0-9a-f]{16}", new_process_id("worker"))


RUN_ID = "run_123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "run_",
        "run_123",
        "queue",
        RUN_ID + "\n",
        " " + RUN_ID,
        RUN_ID.upper(),
        "chatcmpl-" + RUN_ID.removeprefix("run_"),
        "run_" + RUN_ID,
        RUN_ID + ":events",
    ],
)
def test_anything_else_is_no_run_id(value: str) -> None:
    assert parse_run_id(value) is None
