"""The configuration file that a first start writes, so that there is something to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openclaw_standalone.errors import StartError

NAME: Final = "openclaw.json5"

STARTER: Final = """\
// Configuration of the OpenClaw gateway, in OpenClaw's own format (JSON5: comments and trailing
// commas are fine). Every key and its default: openclaw.example.json5 of the project.
// Check it with `openclaw-gateway config check`; restart the gateway after a change.
{
  gateway: {
    port: 18789,
    // Only this machine; "lan" listens on every address.
    bind: "loopback",
    // With no token here or in OPENCLAW_GATEWAY_TOKEN, .openclaw/gateway-token holds it.
    // auth: { mode: "token", token: "${OPENCLAW_GATEWAY_TOKEN}" },
    http: {
      endpoints: {
        // POST /v1/chat/completions; OpenClaw leaves it off unless asked.
        chatCompletions: { enabled: true },
        // POST /v1/responses, likewise.
        responses: { enabled: true },
      },
    },
  },

  agents: {
    defaults: {
      // "provider/model". Without any provider the embedded SmolLM2-135M-Instruct answers.
      // model: { primary: "openai/gpt-5.4-mini" },
      systemPrompt: "You are a helpful assistant.",
    },
  },

  models: {
    providers: {
      // With OPENAI_API_KEY in the environment, openai needs no entry here.
      // Any other OpenAI-compatible server:
      // local: { baseUrl: "http://127.0.0.1:11434/v1", models: [{ id: "llama3.2" }] },
    },
  },

  // Without a URL here or in OPENCLAW_REDIS_URL, an embedded Valkey keeps its data under .openclaw.
  // redis: { url: "redis://127.0.0.1:6379/0" },
}
"""


def write_starter(folder: Path) -> Path:
    """Write the file into `folder` and return its path; raises StartError where that fails."""
    path = folder / NAME
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(STARTER)
    except OSError as error:
        raise StartError(
            f"{path} cannot be written ({error.strerror}); start the gateway in a folder that you "
            "may write to, or name a configuration file with --config"
        ) from error
    return path
