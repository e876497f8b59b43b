"""Images and files by URL, as OpenAI's SDK sends them, fetched by a worker that may."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.pdf import pdf
from tests.harness.fleet import TOKEN, Fleet
from tests.unit.ingress_responses.response_requests import PNG

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def picture(_: web.Request) -> web.Response:
    return web.Response(body=b64decode(PNG), content_type="image/png")


async def paper(_: web.Request) -> web.Response:
    return web.Response(body=pdf("Figures"), content_type="application/octet-stream")


async def test_they_reach_the_model_and_what_cannot_be_had_is_refused(tmp_path: Path) -> None:
    app = web.Application()
    app.add_routes([web.get("/a.png", picture), web.get("/a.pdf", paper)])
    async with TestServer(app, host="127.0.0.1") as site:
        base = f"http://127.0.0.1:{site.port}"
        egress = {"allowPrivateHosts": ["127.0.0.1"], "ports": [site.port]}
        async with (
            asyncio.timeout(40),
            Fleet(tmp_path, config={"egress": egress}) as fleet,
            openai.AsyncOpenAI(
                base_url=f"{fleet.ingresses[0].url}/v1", api_key=TOKEN, max_retries=0
            ) as client,
        ):
            parts: Any = [
                {"type": "input_text", "text": "/fake echo"},
                {"type": "input_image", "image_url": f"{base}/a.png", "detail": "auto"},
                {"type": "input_file", "file_url": f"{base}/a.pdf"},
            ]
            answer = await client.responses.create(
                model="openclaw", input=[{"role": "user", "content": parts}]
            )
            system, *_, message = json.loads(answer.output_text)["messages"]
            assert "Figures 1" in system["content"]
            assert message["content"][1]["image_url"]["url"] == f"data:image/png;base64,{PNG}"
            for name in ("missing.png", "a.pdf"):
                parts[1]["image_url"] = f"{base}/{name}"
                with pytest.raises(openai.BadRequestError) as refused:
                    await client.responses.create(
                        model="openclaw", input=[{"role": "user", "content": parts}]
                    )
                assert refused.value.response.json()["error"]["message"] == "invalid request"
