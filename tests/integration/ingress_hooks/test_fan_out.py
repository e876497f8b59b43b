"""`forEach` and the Gmail preset: one webhook, a run for each item (contract §3.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ingress_hooks.hooked import Hooked

GMAIL = {"presets": ["gmail"], "allowedSessionKeyPrefixes": ["hook:"], "maxBodyBytes": 2000}
EACH = {
    "mappings": [{"match": {"path": "m"}, "forEach": "items", "messageTemplate": "{{items[0].t}}"}],
    "forEachMaxItems": 3,
}


def mail(*ids: str) -> dict[str, Any]:
    return {
        "messages": [
            {"id": i, "from": "a@b", "subject": f"S{i}", "snippet": "sn", "body": "bo"} for i in ids
        ]
    }


@pytest.mark.parametrize("settings", [GMAIL])
async def test_each_mail_is_a_run_in_a_session_of_its_own(gateway: Hooked) -> None:
    answer, said = await gateway.post("/gmail", mail("m1", "m2"))
    assert answer.status == 200
    assert said == {
        "ok": True,
        "runId": said["runIds"][0],
        "runIds": said["runIds"],
        "dispatched": 2,
    }
    first, second = [await gateway.run(run_id) for run_id in said["runIds"]]
    assert first.message.text == "New email from a@b\nSubject: Sm1\nsn\nbo"
    assert (first.session_key, second.session_key) == (
        "agent:main:hook:gmail:m1",
        "agent:main:hook:gmail:m2",
    )


@pytest.mark.parametrize("settings", [GMAIL])
async def test_one_mail_has_the_single_answer_and_a_repeated_one_its_run(gateway: Hooked) -> None:
    _, first = await gateway.post("/gmail", mail("m1"))
    assert set(first) == {"ok", "runId"}
    _, again = await gateway.post("/gmail", mail("m0", "m1"))
    assert again["runIds"][1] == first["runId"]
    assert await gateway.runs() == 2


@pytest.mark.parametrize("settings", [GMAIL])
async def test_the_gmail_path_takes_larger_bodies_than_others(gateway: Hooked) -> None:
    large = mail("m1")
    large["messages"][0]["body"] = "x" * 500_000
    assert (await gateway.post("/gmail", large))[0].status == 200
    assert (await gateway.post("/agent", {"message": "x" * 3000}))[0].status == 413


@pytest.mark.parametrize("settings", [EACH])
async def test_items_over_the_limit_are_left_out(gateway: Hooked) -> None:
    _, said = await gateway.post("/m", {"items": [{"t": str(n)} for n in range(5)]})
    assert said["dispatched"] == 3
    texts = [(await gateway.run(run_id)).message.text for run_id in said["runIds"]]
    assert texts == ["0", "1", "2"]


@pytest.mark.parametrize("settings", [EACH])
async def test_equal_items_of_one_webhook_are_two_runs(gateway: Hooked) -> None:
    _, said = await gateway.post("/m", {"items": [{"t": "a"}, {"t": "a"}]})
    assert len(set(said["runIds"])) == 2


@pytest.mark.parametrize("settings", [EACH])
async def test_what_could_not_be_accepted_is_told_and_the_rest_stays(gateway: Hooked) -> None:
    body = {"items": [{"t": "a"}, {}, {"t": "c"}]}
    answer, said = await gateway.post("/m", body)
    assert answer.status == 400
    assert said["ok"] is False
    assert (
        said["error"]["message"] == "hook fan-out incomplete: 2/3 dispatched, 1 failed, 0 pending"
    )
    assert said["errors"] == ["hook mapping requires message"]
    assert len(said["runIds"]) == await gateway.runs() == 2
    _, again = await gateway.post("/m", body)
    assert again["runIds"] == said["runIds"]
    assert await gateway.runs() == 2


@pytest.mark.parametrize(
    "settings",
    [
        {
            "mappings": [
                {
                    "match": {"path": "m"},
                    "forEach": "items",
                    "action": "wake",
                    "textTemplate": "{{items[0]}}",
                }
            ]
        }
    ],
)
async def test_items_may_be_events(gateway: Hooked) -> None:
    _, said = await gateway.post("/m", {"items": ["a", "b"]})
    assert said == {"ok": True, "mode": "now", "eventOutcome": "queued", "dispatched": 2}
    events = await gateway.store.system_events.pending("agent:main:main")
    assert [event.text for event in events] == ["a", "b"]
