"""What a start tells its user: what the gateway runs on, how to reach it, what to try."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from openclaw_common.runtime.config.channels import NOT_CHANNELS
from openclaw_standalone.embedded_model import MODEL
from openclaw_standalone.setup import Setup
from openclaw_standalone.state_folder import StateFolder

CREDENTIAL_PLACEHOLDER: Final = "YOUR_TOKEN"

TRY: Final = """\
Try it from another terminal:

  curl -N {url}/v1/chat/completions \\
    {header}-H 'Content-Type: application/json' \\
    -d '{{"model": "openclaw", "stream": true, "messages": [{{"role": "user", "content": "hi"}}]}}'

  {command} send "What is the capital of France?"

or from Python, with any OpenAI client:

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{credential}")
  answer = client.chat.completions.create(
      model="openclaw", messages=[{{"role": "user", "content": "hi"}}])
  print(answer.choices[0].message.content)
"""

CHAT_IS_OFF: Final = """\
The chat endpoint is off in this configuration; to try it, set
gateway.http.endpoints.chatCompletions.enabled to true and start again.
"""


@dataclass(frozen=True, slots=True)
class Report:
    """One start. `setup` is as it was before embedded parts were filled in."""

    setup: Setup
    url: str
    state: StateFolder
    folder: Path
    command: Path

    def as_json(self) -> str:
        """Return one line for a script."""
        return json.dumps(
            {
                "url": self.url,
                "token": self._credential(),
                "config": str(self.setup.path),
                "config_written": self.setup.wrote_config,
                "store": self._store(),
                "model": self._model(),
                "channels": self._channels(),
                "warnings": list(self.setup.warnings),
            }
        )

    def as_text(self, *, show_token: bool) -> str:
        """Return lines for a person. Without `show_token` a credential stands nowhere in them."""
        credential = self._credential() if show_token else None
        rows = {
            "URL": self.url,
            "access": self._access(credential),
            "config": self._show(self.setup.path) + self._config_note(),
            "store": self._store(),
            "model": self._model(),
            "channels": ", ".join(self._channels()) or "none; `channels` in the config adds them",
        }
        table = "".join(f"  {name:8} {value}\n" for name, value in rows.items())
        return f"The OpenClaw gateway is ready.\n\n{table}\n{self._try(credential)}"

    def _credential(self) -> str | None:
        auth = self.setup.config.gateway.auth
        secret = {"token": auth.token, "password": auth.password}.get(auth.mode)
        return secret.get_secret_value() if secret else None

    def _access(self, credential: str | None) -> str:
        auth = self.setup.config.gateway.auth
        if auth.mode == "none":
            return "open to everybody who reaches the URL (gateway.auth.mode is none)"
        if auth.mode == "trusted-proxy":
            return f"through a trusted proxy that sets {auth.trusted_proxy.user_header}"
        if self.setup.token_file is None:
            return f"{auth.mode} from the configuration or the environment"
        kept = f"kept in {self._show(self.setup.token_file)}"
        return f"token {credential} ({kept})" if credential else f"token {kept}"

    def _config_note(self) -> str:
        return " (just written: edit it and start again)" if self.setup.wrote_config else ""

    def _store(self) -> str:
        if self.setup.embedded_store:
            return f"embedded Valkey, data in {self._show(self.state.valkey)}, every write synced"
        parts = urlsplit(self.setup.config.redis.cells[0].get_secret_value())
        # The part before the @ is the password.
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def _model(self) -> str:
        if self.setup.embedded_model:
            return f"embedded {MODEL}, a very small one (OPENAI_API_KEY or models.providers: more)"
        agents = self.setup.config.agents
        default = agents.entries.get(agents.default_id)
        return (default.model.primary if default else None) or "none named for the default agent"

    def _channels(self) -> list[str]:
        sections = self.setup.config.channels
        return sorted(
            name for name in sections if name not in NOT_CHANNELS and sections[name].enabled
        )

    def _try(self, credential: str | None) -> str:
        if not self.setup.config.gateway.http.endpoints.chat_completions.enabled:
            return CHAT_IS_OFF
        shown = credential or CREDENTIAL_PLACEHOLDER
        open_to_all = self.setup.config.gateway.auth.mode == "none"
        return TRY.format(
            url=self.url,
            header="" if open_to_all else f"-H 'Authorization: Bearer {shown}' ",
            credential=shown,
            command=self._show(self.command),
        )

    def _show(self, path: Path) -> str:
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)
