"""What somebody tries who wants in, wants more than was meant for them, or wants harm."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import tracemalloc

import pytest

from tests.integration.ingress_hooks.hooked import BEARER, TOKEN, Hooked

SIGNED_FOR_ALL = {
    "mappings": [{"messageTemplate": "m", "signature": {"provider": "github", "secret": "s"}}]
}
NAMED_LIKE_OURS = {
    "mappings": [
        {"match": {"path": "agent"}, "messageTemplate": "mapped"},
        {"messageTemplate": "for all"},
    ]
}
HEADERS = {"mappings": [{"match": {"path": "m"}, "messageTemplate": "<{{headers.x-a}}>"}]}
CREDENTIALS = {
    "mappings": [
        {
            "match": {"path": "m"},
            "messageTemplate": (
                "[{{headers.cookie}}{{headers.proxy-authorization}}{{headers.authorization}}]"
            ),
        }
    ]
}
AROUND = {
    "mappings": [
        {
            "match": {"path": "alerts"},
            "forEach": "alerts",
            "messageTemplate": "{{alerts[0].name}} is {{state}} at {{now}}",
        },
        {"match": {"path": "plain"}, "messageTemplate": "{{text}} in {{query.place}}"},
    ]
}
SLACK = {
    "mappings": [
        {
            "match": {"path": "slack"},
            "messageTemplate": "{{command}} {{text}}",
            "signature": {"provider": "slack", "secret": "s"},
        }
    ]
}
COMMAND = b"command=%2Fdo&text=it&trigger_id=13345224609.738474920.8088930838d88f008e0"


async def raw(gateway: Hooked, head: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request byte by byte as it stands; return status and the rest of the answer."""
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = f"{head}\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    async with asyncio.timeout(5):
        writer.write(lines.encode("latin-1") + body)
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize("settings", [SIGNED_FOR_ALL])
@pytest.mark.parametrize("path", ["agent", "agent/", "wake", "wake//", "/agent", "%2Fwake", ""])
async def test_a_mapping_with_a_signature_opens_no_other_door(gateway: Hooked, path: str) -> None:
    body = b'{"message":"let me in","text":"let me in"}'
    status, _ = await raw(gateway, f"POST /hooks/{path} HTTP/1.1", body)
    assert status == 401
    assert await gateway.runs() == 0


@pytest.mark.parametrize("settings", [NAMED_LIKE_OURS])
@pytest.mark.parametrize("path", ["/agent", "agent%2F", "%2F%2Fwake", "//wake/", "%2fagent"])
async def test_no_spelling_of_the_two_names_reaches_a_mapping(gateway: Hooked, path: str) -> None:
    head = f"POST /hooks/{path} HTTP/1.1\r\nX-OpenClaw-Token: {TOKEN}"
    assert (await raw(gateway, head, b"{}"))[0] == 404
    assert await gateway.runs() == 0


@pytest.mark.parametrize("settings", [HEADERS])
async def test_bytes_that_are_no_text_do_not_break_what_shows_them(gateway: Hooked) -> None:
    for name in ("X-A", "Idempotency-Key"):
        head = f"POST /hooks/m HTTP/1.1\r\nX-OpenClaw-Token: {TOKEN}\r\n{name}: \xff\xfe"
        status, answer = await raw(gateway, head, b"{}")
        assert status == 200, answer
    for path in ("%ff", "m?x=%ff%fe", "%00", "a%0ab"):
        head = f"POST /hooks/{path} HTTP/1.1\r\nX-OpenClaw-Token: {TOKEN}"
        assert (await raw(gateway, head, b"{}"))[0] in (200, 404)


@pytest.mark.parametrize("settings", [HEADERS])
async def test_of_a_header_sent_twice_templates_see_the_one_that_was_checked(
    gateway: Hooked,
) -> None:
    head = f"POST /hooks/m HTTP/1.1\r\nX-OpenClaw-Token: {TOKEN}\r\nX-A: first\r\nx-a: second"
    assert (await raw(gateway, head, b"{}"))[0] == 200
    (run_id,) = await gateway.run_ids()
    assert (await gateway.run(run_id)).message.text == "<first>"


@pytest.mark.parametrize("settings", [CREDENTIALS])
async def test_no_template_shows_a_credential(gateway: Hooked) -> None:
    headers = {**BEARER, "Cookie": "a=secret", "Proxy-Authorization": "Basic secret"}
    answer, said = await gateway.post("/m", {}, headers=headers)
    assert answer.status == 200
    assert (await gateway.run(said["runId"])).message.text == "[]"


@pytest.mark.parametrize("settings", [AROUND])
async def test_an_item_under_other_news_is_another_run(gateway: Hooked) -> None:
    alerts = [{"name": "disk"}]
    seen = []
    for state in ("full", "full", "empty"):
        answer, said = await gateway.post("/alerts", {"alerts": alerts, "state": state})
        assert answer.status == 200
        seen.append(said["runId"])
    assert seen[0] == seen[1] != seen[2]
    text = (await gateway.run(seen[2])).message.text
    assert text.startswith("disk is empty at ")


@pytest.mark.parametrize("settings", [AROUND])
async def test_the_items_of_a_wide_payload_do_not_each_hold_all_of_it(gateway: Hooked) -> None:
    wide = {f"k{n}": 0 for n in range(20_000)}
    body = {**wide, "state": "full", "alerts": [{"name": str(n)} for n in range(100)]}
    tracemalloc.start()
    try:
        answer, said = await gateway.post("/alerts", body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, said["dispatched"]) == (200, 100)
    assert peak < 30_000_000


@pytest.mark.parametrize("settings", [AROUND])
async def test_the_same_key_with_another_message_is_another_run(gateway: Hooked) -> None:
    headers = {**BEARER, "Idempotency-Key": "k"}
    seen = []
    for place in ("Rome", "Rome", "Oslo"):
        path = f"/plain?place={place}"
        seen.append((await gateway.post(path, {"text": "hi"}, headers=headers))[1]["runId"])
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("settings", [SLACK])
@pytest.mark.parametrize("body", [COMMAND, b"command=%2Fdo&text=without+a+trigger"])
async def test_a_caught_command_sent_again_is_the_same_run(gateway: Hooked, body: bytes) -> None:
    at = str(int(time.time()))
    digest = hmac.new(b"s", f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={digest}",
    }
    seen = [
        (await gateway.post("/slack", headers=headers, data=body))[1]["runId"] for _ in range(3)
    ]
    assert len(set(seen)) == 1
