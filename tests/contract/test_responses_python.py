"""The official `openai` Python SDK's `responses`, unchanged, against the gateway.

It validates every answer and event against its published type.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import openai
import pytest
import pytest_asyncio
from openai.types.responses import (
    FunctionToolParam,
    Response,
    ResponseFailedEvent,
    ResponseFunctionToolCall,
    ResponseIncompleteEvent,
    ResponseInputMessageItem,
)

from tests.contract.pdf import pdf
from tests.fakes.provider import expected_text
from tests.harness.fleet import TOKEN, Fleet
from tests.unit.ingress_responses.response_requests import PNG

pytestmark = pytest.mark.asyncio(loop_scope="package")

TOOLS: list[FunctionToolParam] = [
    {
        "type": "function",
        "name": "lookup",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
        "strict": False,
    }
]


@pytest_asyncio.fixture(loop_scope="package")
async def client(fleet: Fleet) -> AsyncIterator[openai.AsyncOpenAI]:
    """The SDK as an application sets it up, but for its strictness."""
    async with (
        asyncio.timeout(20),
        openai.AsyncOpenAI(
            base_url=f"{fleet.ingresses[0].url}/v1",
            api_key=TOKEN,
            max_retries=0,
            _strict_response_validation=True,
        ) as client,
    ):
        yield client


async def ended(client: openai.AsyncOpenAI, response: Response) -> Response:
    """Poll a response as OpenAI's guide does it."""
    while response.status in ("queued", "in_progress"):
        await asyncio.sleep(0.05)
        response = await client.responses.retrieve(response.id)
    return response


async def test_a_response_has_text_usage_and_the_gateways_id(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(
        model="openclaw",
        input="/fake text tokens=5",
        instructions="be kind",
        metadata={"order": "66"},
    )
    assert (answer.output_text, answer.status) == (expected_text(5), "completed")
    assert answer.id.startswith("resp_")
    assert (answer.instructions, answer.metadata) == ("be kind", {"order": "66"})
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0


async def test_a_stream_is_put_together_by_the_sdk(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model="openclaw", input="/fake text tokens=5") as stream:
        numbers = [event.sequence_number async for event in stream]
        final = await stream.get_final_response()
    assert numbers == list(range(1, len(numbers) + 1))
    assert final.output_text == expected_text(5)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("continued", [False, True])
async def test_a_function_is_called_and_answered(
    client: openai.AsyncOpenAI, streamed: bool, continued: bool
) -> None:
    question = "/fake tool name=lookup"
    first: Any
    if streamed:
        async with client.responses.stream(model="openclaw", input=question, tools=TOOLS) as stream:
            first = await stream.get_final_response()
    else:
        first = await client.responses.create(model="openclaw", input=question, tools=TOOLS)
    (call,) = (item for item in first.output if isinstance(item, ResponseFunctionToolCall))
    assert (call.name, json.loads(call.arguments)) == ("lookup", {"q": "weather in Paris"})
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    whole: Any = [{"role": "user", "content": question}, *first.output, result]
    second = await client.responses.create(
        model="openclaw",
        tools=TOOLS,
        input=[result] if continued else whole,
        previous_response_id=first.id if continued else None,
    )
    assert second.output_text == "The tool said: sunny"
    assert second.previous_response_id == (first.id if continued else None)


async def test_a_response_goes_on_from_the_previous_one(client: openai.AsyncOpenAI) -> None:
    first = await client.responses.create(model="openclaw", input="/fake say my name is Ada")
    second = await client.responses.create(
        model="openclaw", input="/fake echo", previous_response_id=first.id
    )
    contents = [message["content"] for message in json.loads(second.output_text)["messages"]]
    assert contents[-3:] == ["/fake say my name is Ada", "my name is Ada", "/fake echo"]


async def test_one_in_the_background_is_polled(client: openai.AsyncOpenAI) -> None:
    begun = await client.responses.create(
        model="openclaw", input="/fake text tokens=20 delay_ms=10", background=True
    )
    assert begun.background
    assert begun.status in ("queued", "in_progress")
    answer = await ended(client, begun)
    assert (answer.status, answer.output_text) == ("completed", expected_text(20))


async def test_a_stream_that_was_left_is_resumed_behind_its_last_event(
    client: openai.AsyncOpenAI,
) -> None:
    stream = await client.responses.create(
        model="openclaw",
        input="/fake text tokens=20 delay_ms=20",
        background=True,
        stream=True,
    )
    got: list[Any] = []
    async with stream:
        async for event in stream:
            got.append(event)
            if len(got) == 9:
                break
    response_id = got[0].response.id
    rest = await client.responses.retrieve(
        response_id, stream=True, starting_after=got[-1].sequence_number
    )
    got += [event async for event in rest]
    again = await client.responses.retrieve(response_id, stream=True)
    assert [event.sequence_number for event in got] == list(range(1, len(got) + 1))
    assert got == [event async for event in again]
    deltas = [event.delta for event in got if event.type == "response.output_text.delta"]
    assert "".join(deltas) == expected_text(20) == got[-1].response.output_text


async def test_the_sdks_own_helper_resumes(client: openai.AsyncOpenAI) -> None:
    begun = await client.responses.create(
        model="openclaw", input="/fake text tokens=5", background=True
    )
    async with client.responses.stream(response_id=begun.id, starting_after=3) as stream:
        numbers = [event.sequence_number async for event in stream]
        final = await stream.get_final_response()
    assert numbers[0] == 4
    assert final.output_text == expected_text(5)


async def test_one_that_runs_is_cancelled(client: openai.AsyncOpenAI) -> None:
    begun = await client.responses.create(
        model="openclaw", input="/fake hang after=2", background=True
    )
    assert (await client.responses.cancel(begun.id)).status == "cancelled"
    assert (await client.responses.cancel(begun.id)).status == "cancelled"
    assert (await client.responses.retrieve(begun.id)).status == "cancelled"


async def test_input_items_are_paged(client: openai.AsyncOpenAI) -> None:
    said: Any = [
        {"role": role, "content": f"{role} says"}
        for role in ("system", "user", "assistant", "user")
    ]
    answer = await client.responses.create(model="openclaw", input=said)
    page = await client.responses.input_items.list(answer.id, limit=3)
    items = [item async for item in page]
    assert [getattr(item, "role", "") for item in items] == ["user", "assistant", "user", "system"]
    assert isinstance(items[0], ResponseInputMessageItem)
    assert len({item.id for item in items}) == 4


async def test_one_that_was_deleted_is_gone(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(model="openclaw", input="/fake text tokens=1")
    await client.responses.delete(answer.id)
    for ask in (client.responses.retrieve, client.responses.cancel, client.responses.delete):
        with pytest.raises(openai.NotFoundError):
            await ask(answer.id)
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model="openclaw", input="hi", previous_response_id=answer.id)
    assert refused.value.code == "previous_response_not_found"


async def test_one_that_is_not_stored_cannot_be_read(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(model="openclaw", input="hi", store=False)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(answer.id)


async def test_an_image_reaches_the_model(client: openai.AsyncOpenAI) -> None:
    picture = f"data:image/png;base64,{PNG}"
    answer = await client.responses.create(
        model="openclaw",
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "/fake echo"},
                    {"type": "input_image", "image_url": picture, "detail": "low"},
                ],
            }
        ],
    )
    parts = json.loads(answer.output_text)["messages"][-1]["content"]
    assert parts[1]["image_url"] == {"url": picture, "detail": "low"}


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.pdf", lambda: pdf("Quarterly figures", pages=2), "Quarterly figures 2"),
        ("a.md", lambda: "# Zürich".encode(), "# Zürich"),
        ("a.html", lambda: b"<h1>Head</h1><script>x()</script><p>Body</p>", "Body"),
        ("a.csv", lambda: b"a,b\n1,2\n", "a,b\n1,2"),
        ("a.json", lambda: b'{"a":1}', '{"a":1}'),
    ],
)
async def test_a_files_text_reaches_the_model(
    client: openai.AsyncOpenAI, name: str, data: Callable[[], bytes], text: str
) -> None:
    answer = await client.responses.create(
        model="openclaw",
        input=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "input_file",
                        "filename": name,
                        "file_data": b64encode(data()).decode(),
                    },
                    {"type": "input_text", "text": "/fake echo"},
                ],
            }
        ],
    )
    system = json.loads(answer.output_text)["messages"][0]
    assert system["role"] in ("system", "developer")
    assert f"Attached file {name}" in system["content"]
    assert text in system["content"]
    assert "x()" not in system["content"]


async def test_a_pdf_that_is_none_is_refused(client: openai.AsyncOpenAI) -> None:
    broken = b64encode(b"%PDF-1.7\nnothing of the kind").decode()
    part: Any = {"type": "input_file", "filename": "a.pdf", "file_data": broken}
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model="openclaw", input=[{"role": "user", "content": [part]}])
    assert refused.value.message.endswith("invalid request")


async def test_an_answer_that_reached_its_limit_is_incomplete(client: openai.AsyncOpenAI) -> None:
    stream = await client.responses.create(
        model="openclaw", input="/fake text tokens=2 finish=length", stream=True
    )
    last = [event async for event in stream][-1]
    assert isinstance(last, ResponseIncompleteEvent)
    answer = await client.responses.retrieve(last.response.id)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


async def test_a_failure_in_mid_stream_is_a_failed_response(fleet: Fleet) -> None:
    # Contract §1.4 has a code that OpenAI's list lacks, so this one is not strict.
    async with openai.AsyncOpenAI(
        base_url=f"{fleet.ingresses[0].url}/v1", api_key=TOKEN, max_retries=0
    ) as client:
        stream = await client.responses.create(
            model="openclaw", input="/fake error after=3 code=400", stream=True
        )
        last = [event async for event in stream][-1]
    assert isinstance(last, ResponseFailedEvent)
    assert last.response.error is not None
    assert last.response.status == "failed"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
async def test_an_upstream_failure_is_raised_as_the_sdks_own_error(
    client: openai.AsyncOpenAI, code: int, error: type[openai.APIStatusError]
) -> None:
    with pytest.raises(error) as raised:
        await client.responses.create(
            model="openclaw", input=f"/fake status code={code} retry_after=0"
        )
    body = raised.value.response.json()
    assert (body["object"], body["status"], body["output"]) == ("response", "failed", [])
