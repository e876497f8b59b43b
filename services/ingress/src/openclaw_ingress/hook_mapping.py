"""Mappings: which one a webhook is for, and what it makes of it (contract §3.5)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.runtime.config import ConfigError
from openclaw_common.runtime.config.hook_mappings import HookMapping
from openclaw_common.runtime.config.hooks import GMAIL, Hooks
from openclaw_ingress.hook_actions import (
    AgentAction,
    DeliveryWish,
    SessionWish,
    WakeAction,
    one_line,
    optional_text,
    timeout_seconds,
    wants_now,
)
from openclaw_ingress.hook_admission import sha256_of
from openclaw_ingress.hook_signatures import SignatureCheck
from openclaw_ingress.hook_template import Template, TemplateContext, TemplateTooLong
from openclaw_ingress.hook_transforms import Transform, TransformError, load_transform
from openclaw_ingress.schemas.js import trimmed

GMAIL_MAX_BYTES: Final = 20_000
"""OpenClaw's default of `hooks.gmail.maxBytes`."""
GMAIL_MAX_BODY: Final = 33_554_432
GMAIL_MESSAGES: Final = 100
"""Messages that one push of the Gmail watcher may hold."""
_TEMPLATED: Final = {
    "message": "message_template",
    "text": "text_template",
    "name": "name",
    "sessionKey": "session_key",
    "to": "to",
    "model": "model",
    "thinking": "thinking",
}
"""Field of the action → the setting that is its template."""

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping whose templates are cut and whose transform is loaded."""

    id: str
    settings: HookMapping
    templates: Mapping[str, Template]
    signature: SignatureCheck | None
    transform: Transform | None
    template_max_bytes: int

    def is_for(self, sub_path: str, payload: Any) -> bool:
        """Whether a webhook's path and `source` are the mapping's."""
        match = self.settings.match
        if match.sub_path is not None and match.sub_path != sub_path:
            return False
        source = payload.get("source") if isinstance(payload, dict) else None
        return match.source is None or match.source == source

    def items(self, payload: Any, most: int) -> list[Any] | None:
        """Return the items of `forEach`, at most `most`; None without `forEach`."""
        key = self.settings.for_each
        if key is None:
            return None
        items = payload.get(key) if isinstance(payload, dict) else None
        if not isinstance(items, list):
            return []
        if len(items) > most:
            _logger.warning(
                "hook.items_left_out",
                extra={"mapping": self.id, "items": len(items), "taken": most},
            )
        return items[:most]

    def identity(self, context: TemplateContext) -> str:
        """Return what tells the webhook from one that becomes another run; the time does not.

        Raises InvalidRequest.
        """
        fields = self._rendered(replace(context, now=""))
        seen = context.payload if self.transform is not None else None
        return sha256_of(self.id, orjson.dumps([fields, seen]))

    async def action(self, context: TemplateContext, url: str) -> AgentAction | WakeAction | None:
        """Return what the webhook becomes, None when the transform drops it.

        Raises InvalidRequest and MappingFailed.
        """
        fields = self._rendered(context)
        if self.transform is not None:
            event = {
                "payload": context.payload,
                "headers": dict(context.headers),
                "url": url,
                "path": context.path,
            }
            changed = await self.transform(event)
            if changed is None:
                return None
            fields = {**fields, **changed}
        if fields.get("kind", fields.get("action")) == "wake":
            return _wake_action(fields, self._session(fields))
        return self._agent_action(fields)

    def _rendered(self, context: TemplateContext) -> dict[str, Any]:
        settings = self.settings
        fields: dict[str, Any] = {
            "action": settings.action,
            "agentId": settings.agent_id,
            "wakeMode": settings.wake_mode,
            "sessionMode": settings.session_mode,
            "deliver": settings.deliver,
            "channel": settings.channel,
            "accountId": settings.account_id,
            "timeoutSeconds": settings.timeout_seconds,
            "allowUnsafeExternalContent": settings.allow_unsafe_external_content,
        }
        for field, template in self.templates.items():
            try:
                fields[field] = template.render(context, max_bytes=self.template_max_bytes)
            except TemplateTooLong:
                raise InvalidRequest(
                    f"hook mapping {field} is longer than {self.template_max_bytes} bytes; shorten"
                    " its template or raise hooks.templateMaxBytes",
                    status=413,
                ) from None
        key = fields.get("sessionKey")
        if key is not None and not key.strip():
            raise InvalidRequest("hook mapping sessionKey template rendered empty")
        return fields

    def _agent_action(self, fields: Mapping[str, Any]) -> AgentAction:
        message = trimmed(fields.get("message"))
        if not message:
            raise InvalidRequest("hook mapping requires message")
        mode = fields.get("sessionMode")
        if mode not in (None, "isolated", "persistent"):
            raise InvalidRequest("hook mapping sessionMode must be isolated or persistent")
        return AgentAction(
            message=message,
            name=one_line(trimmed(fields.get("name"))),
            agent_id=trimmed(fields.get("agentId")) or None,
            session=self._session(fields, mode),
            wake_now=wants_now(fields.get("wakeMode")),
            delivery=DeliveryWish(
                wanted=fields.get("deliver") is not False,
                channel=trimmed(fields.get("channel")).lower() or None,
                to=trimmed(fields.get("to")) or None,
                account_id=optional_text(
                    fields.get("accountId"),
                    "accountId must be a non-empty string for hook delivery",
                ),
            ),
            model=trimmed(fields.get("model")) or None,
            thinking=trimmed(fields.get("thinking")) or None,
            timeout_s=timeout_seconds(fields.get("timeoutSeconds")),
            trusted=fields.get("allowUnsafeExternalContent") is True,
            mapped=True,
        )

    def _session(self, fields: Mapping[str, Any], mode: str | None = None) -> SessionWish:
        key = trimmed(fields.get("sessionKey")) or None
        own = (self.settings.session_key or "").strip()
        return SessionWish(key, external="{{" in own or key != own, mode=mode)


class HookMappings:
    """All mappings in their order. Raises ConfigError for a transform that cannot be loaded."""

    def __init__(self, hooks: Hooks) -> None:
        settings = [*hooks.mappings, *_presets(hooks)]
        problems: list[str] = []
        self._mappings = [
            _compiled(mapping, index, hooks, problems) for index, mapping in enumerate(settings)
        ]
        self._max_body_bytes = hooks.max_body_bytes
        if problems:
            raise ConfigError("\n".join(problems))

    def find(self, sub_path: str, payload: Any) -> CompiledMapping | None:
        """Return the first mapping that a webhook is for."""
        return next((m for m in self._mappings if m.is_for(sub_path, payload)), None)

    def knows(self, sub_path: str) -> bool:
        """Whether a mapping names this path, so that it may stand in a metric."""
        return any(m.settings.match.sub_path == sub_path for m in self._at(sub_path))

    def may_be_signed(self, sub_path: str) -> bool:
        """Whether a webhook at this path may prove itself by a signature instead of a token.

        Never at the empty one, which stands for the hooks that are not mapped.
        """
        return any(m.signature is not None for m in self._at(sub_path))

    def max_body_bytes(self, sub_path: str) -> int:
        """Return how large a body may be that comes to this path."""
        own = [m.settings.max_body_bytes for m in self._at(sub_path)]
        return max((size for size in own if size is not None), default=self._max_body_bytes)

    def _at(self, sub_path: str) -> Iterator[CompiledMapping]:
        for mapping in self._mappings if sub_path else ():
            if mapping.settings.match.sub_path in (None, sub_path):
                yield mapping


def _wake_action(fields: Mapping[str, Any], session: SessionWish) -> WakeAction:
    text = trimmed(fields.get("text"))
    if not text:
        raise InvalidRequest("hook mapping requires text")
    now = wants_now(fields.get("mode", fields.get("wakeMode")))
    if session.key is not None and not now:
        raise InvalidRequest("hook mapping sessionKey requires wakeMode=now")
    return WakeAction(
        text=text,
        now=now,
        agent_id=trimmed(fields.get("agentId")) or None,
        session=session,
        mapped=True,
    )


def _compiled(
    mapping: HookMapping, index: int, hooks: Hooks, problems: list[str]
) -> CompiledMapping:
    transform = None
    if mapping.transform is not None:
        try:
            transform = load_transform(
                mapping.transform,
                hooks.transforms_dir,
                timeout_s=hooks.transform_timeout_ms / 1000,
            )
        except TransformError as error:
            problems.append(f"hooks.mappings[{index}].transform: {error}")
    signature = None
    if mapping.signature is not None:
        signature = SignatureCheck(mapping.signature, hooks.signature_tolerance_seconds)
    sources = {field: getattr(mapping, name) for field, name in _TEMPLATED.items()}
    templates = {field: Template.parse(text) for field, text in sources.items() if text is not None}
    return CompiledMapping(
        mapping.id or f"mapping-{index + 1}",
        mapping,
        templates,
        signature,
        transform,
        hooks.template_max_bytes,
    )


def _presets(hooks: Hooks) -> Iterator[HookMapping]:
    if GMAIL in hooks.presets:
        yield _gmail(hooks)


def _gmail(hooks: Hooks) -> HookMapping:
    gmail = hooks.gmail
    each = gmail.get("maxBytes")
    each = each if isinstance(each, int) and each > 0 else GMAIL_MAX_BYTES
    body = max(hooks.max_body_bytes, min(GMAIL_MAX_BODY, GMAIL_MESSAGES * (3 * each + 8192)))
    return HookMapping.model_validate(
        {
            "id": GMAIL,
            "match": {"path": GMAIL},
            "name": "Gmail",
            "wakeMode": "now",
            "sessionKey": "hook:gmail:{{messages[0].id}}",
            "messageTemplate": (
                "New email from {{messages[0].from}}\nSubject: {{messages[0].subject}}\n"
                "{{messages[0].snippet}}\n{{messages[0].body}}"
            ),
            "forEach": "messages",
            "model": trimmed(gmail.get("model")) or None,
            "thinking": trimmed(gmail.get("thinking")) or None,
            "allowUnsafeExternalContent": gmail.get("allowUnsafeExternalContent") is True,
            "maxBodyBytes": body,
        }
    )
