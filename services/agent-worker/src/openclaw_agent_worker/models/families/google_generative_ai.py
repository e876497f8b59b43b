"""`api: google-generative-ai`: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

from typing import Final

import httpx2
from google.genai import Client
from google.genai.types import HttpOptions, HttpRetryOptions
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from openclaw_agent_worker.models.endpoint import GOOGLE_VERSIONS
from openclaw_agent_worker.models.sdk_model import SdkModel, profile_of
from openclaw_agent_worker.models.target import Target

NO_KEY: Final = "none"


def build(target: Target, http: httpx2.AsyncClient) -> SdkModel:
    """Return the model that `target` names."""
    base, _, version = target.base_url.rpartition("/")
    if version not in GOOGLE_VERSIONS:
        base, version = target.base_url, GOOGLE_VERSIONS[0]
    client = Client(
        vertexai=False,
        api_key=target.key or NO_KEY,
        http_options=HttpOptions(
            base_url=base,
            api_version=version,
            headers=dict(target.headers),
            httpx_async_client=http,
            retry_options=HttpRetryOptions(attempts=1),
        ),
    )
    model = GoogleModel(
        target.model_id, provider=GoogleProvider(client=client), profile=profile_of(target)
    )
    return SdkModel(model, target)
