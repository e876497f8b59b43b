"""Takes what came in from one account: policy, routing, and a run, or whatever else follows.

    message ─▶ policy ─▶ agent and session ─┬▶ command ─▶ answer
                                            ├▶ not addressed ─▶ history of the group
                                            └▶ run, whose result goes back to where it came from

Each way ends in one atomic step that knows repeats of the platform's event.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.errors import QueueFull, SessionBusy
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.contracts.multitask import MultitaskRule
from openclaw_common.contracts.run import ChannelFiles, DeliveryPlan, RunRequest, Turn
from openclaw_common.inbound import words
from openclaw_common.inbound.busy import busy_rule
from openclaw_common.inbound.commands import STATUS, STOP, Command, command_of, spoken_text
from openclaw_common.inbound.pairing import Choose, ask_pairing
from openclaw_common.inbound.policy import Decision, Verdict, decide, needs_pairing
from openclaw_common.inbound.routing import Route, route_of
from openclaw_common.inbound.rules import AccountRules
from openclaw_common.inbound.status import status_text
from openclaw_common.queue.job_queue import DeliveryQueue, Idempotency, RunQueue
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.metrics.instruments import INBOUND
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.store.inbound import EventMark
from openclaw_common.store.store import Store

SOURCE: Final = "channel"
_MESSAGES: Final = frozenset({"message", "command", "choice"})
_SAME: Final = sha256(b"event of a channel").hexdigest()
"""What stands for every repeat of an event, whatever the configuration says by then."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes messages in; `choose` picks letters of pairing codes, `metrics` counts."""

    config: Config
    store: Store
    choose: Choose = secrets.choice
    metrics: Metrics = field(default_factory=Metrics)

    async def take(self, rules: AccountRules, messages: Sequence[InboundMessage]) -> None:
        """Take messages of one account in; when this returns, what follows from them is in Redis.

        Those of one chat are taken in order. May be asked again with the same messages, and then
        does what is left. Raises StoreUnavailable, QueueFull when the fleet takes no more.
        """
        chats: dict[tuple[str, str | None], list[InboundMessage]] = defaultdict(list)
        for message in messages:
            chats[message.chat_id, message.thread_id].append(message)
        taking = [self._take_chat(rules, chat) for chat in chats.values()]
        for failure in await asyncio.gather(*taking, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _take_chat(self, rules: AccountRules, messages: Sequence[InboundMessage]) -> None:
        for message in messages:
            await _Taking(self, rules, message).take()


@dataclass(frozen=True, slots=True)
class _Taking:
    """One message on its way."""

    intake: Intake
    rules: AccountRules
    message: InboundMessage

    async def take(self) -> None:
        message, rules = self.message, self.rules
        pairings = self.intake.store.pairings
        paired = needs_pairing(message, rules) and await pairings.is_paired(
            message.channel, message.account_id, message.sender.id
        )
        decision = decide(message, rules, paired=paired)
        if decision.verdict is Verdict.IGNORE:
            self._ignored(decision.reason)
        elif decision.verdict is Verdict.PAIR:
            await self._stranger(decision)
        elif message.kind not in _MESSAGES:
            await self._happened()
        else:
            await self._let_in(decision, route_of(self.intake.config, message))

    async def _let_in(self, decision: Decision, route: Route) -> None:
        command = command_of(self.message, self.intake.config.session.reset_triggers)
        if command is not None and not decision.commands:
            self._ignored("command_not_allowed")
        elif command is not None and command.at_once:
            await self._obey(command, route)
        elif command is not None:
            await self._command(command, route)
        elif self._addressed(decision, route):
            own = route.session_key != route.chat_session
            text = words.message_text(self.message, spoken_text(self.message, own_session=own))
            rule = busy_rule(self.intake.config, route.agent_id, self.message)
            await self._start(route, text, route.session_key, rule)
        else:
            await self._overhear(decision, route)

    def _addressed(self, decision: Decision, route: Route) -> bool:
        message = self.message
        if message.chat_kind == "direct" or message.mentions_me or message.kind != "message":
            return True
        if not decision.chat.require_mention:
            return True
        patterns = self.intake.config.messages.group_chat.mention_patterns
        return words.mentioned(message.text, patterns)

    async def _command(self, command: Command, route: Route) -> None:
        request = self._request(route, command.text, route.chat_session)
        await self._submit(request, route, MultitaskRule())

    async def _start(self, route: Route, text: str, session_key: str, rule: MultitaskRule) -> None:
        direct = self.message.chat_kind == "direct"
        request = replace(self._request(route, text, session_key), may_command=direct)
        await self._submit(request, route, rule)

    def _request(self, route: Route, text: str, session_key: str) -> RunRequest:
        """Return the run. Its answer goes back to where the message came from."""
        message = self.message
        files = words.shown(message.attachments)[: self.intake.config.inbound.max_media]
        return RunRequest(
            agent_id=route.agent_id,
            session_key=session_key,
            source=SOURCE,
            model=f"openclaw/{route.agent_id}",
            message=Turn("user", text),
            ephemeral=False,
            message_channel=message.channel,
            delivery=DeliveryPlan(
                message.channel, message.to, message.account_id, message.thread_id, self._reply_to
            ),
            files=ChannelFiles(message.channel, message.account_id, files) if files else None,
            reads_history=message.chat_kind != "direct",
        )

    async def _submit(self, request: RunRequest, route: Route, rule: MultitaskRule) -> None:
        message, store = self.message, self.intake.store
        scope = f"{SOURCE}\n{message.channel}\n{message.account_id}"
        key = Idempotency(scope, message.event_id, _SAME, self._mark.keep_ms)
        try:
            accepted = await RunQueue(store).submit(
                new_run_id(), request, idempotency=key, rule=rule
            )
        except SessionBusy:
            await self._answer(words.BUSY, route)
        except QueueFull as full:
            # A chat that is full must not keep the others of its account from being taken.
            if full.body.status != 429:
                raise
            await self._answer(words.LANE_FULL, route)
        else:
            self._count("accepted")
            _logger.info("message_accepted", extra={"run_id": accepted.id, **self._facts})

    async def _obey(self, command: Command, route: Route) -> None:
        if command.name == STATUS:
            text = await status_text(self.intake.config, self.intake.store, route)
            await self._answer(text, route)
        elif command.name == STOP:
            await self._answer(words.NOTHING_TO_STOP, route, stops=route.chat_session)

    async def _answer(self, text: str, route: Route, *, stops: str = "") -> None:
        """Answer without a run; `stops` is a session whose runs are cancelled with it."""
        notice = self._notice(text, route)
        steps = self.intake.store.inbound
        queue = DeliveryQueue(self.intake.store)
        prepared = queue.prepare(notice)
        stopped = None
        if stops:
            stopped = queue.prepare(self._notice(words.STOPPED, route))
        most = self.intake.config.inbound.max_queued_notices
        await steps.answer(self._mark, prepared, most=most, stops=stops, stopped=stopped)
        self._count("answered")

    def _notice(self, text: str, route: Route) -> DeliveryRequest:
        message = self.message
        return DeliveryRequest(
            Destination(message.channel, message.to, message.account_id, message.thread_id),
            text,
            session_key=route.chat_session,
            agent_id=route.agent_id,
            source="notice",
            reply_to=self._reply_to,
        )

    async def _overhear(self, decision: Decision, route: Route) -> None:
        """Keep a group's message until the agent is addressed there."""
        config = self.intake.config
        most = self.rules.history_limit(decision.chat, config.messages.group_chat.history_limit)
        if most <= 0:
            self._ignored("not_addressed")
            return
        line = words.history_line(self.message, config.inbound.max_history_chars)
        keep_ms = config.inbound.history_retention_seconds * 1000
        await self.intake.store.inbound.note_history(
            self._mark, route.session_key, line, most=most, keep_ms=keep_ms
        )
        self._count("overheard")

    async def _happened(self) -> None:
        """Tell the agent of a reaction to what it wrote; the rest means nothing to it."""
        message, config = self.message, self.intake.config
        if message.kind != "reaction" or not message.mentions_me or not self.rules.tells_reactions:
            self._ignored(message.kind)
            return
        route = route_of(config, message)
        text = f"Reaction {message.text} by {words.label(message.sender)}"
        limits = (
            config.runs.max_system_events,
            config.runs.system_event_retention_seconds * 1000,
        )
        await self.intake.store.inbound.note_event(
            self._mark, route.chat_session, route.agent_id, text, limits
        )
        self._count("told")

    async def _stranger(self, decision: Decision) -> None:
        if self.message.kind not in _MESSAGES:
            self._ignored(decision.reason)
            return
        limits = self.intake.config.inbound
        asked = await ask_pairing(
            self.intake.store,
            self.message,
            self.intake.choose,
            valid_ms=limits.pairing_code_seconds * 1000,
            most=limits.max_pending_pairings,
        )
        self._count("stranger")
        _logger.info("stranger_wrote", extra={"pairing": str(asked), **self._facts})

    @property
    def _reply_to(self) -> str | None:
        return self.message.message_id if self.rules.replies_to_message else None

    @property
    def _mark(self) -> EventMark:
        message, keep_s = self.message, self.intake.config.inbound.event_retention_seconds
        return EventMark(message.channel, message.account_id, message.event_id, keep_s * 1000)

    @property
    def _facts(self) -> dict[str, Any]:
        message = self.message
        return {
            "channel": message.channel,
            "account_id": message.account_id,
            "event_id": message.event_id,
        }

    def _count(self, outcome: str) -> None:
        self.intake.metrics.counter(INBOUND).add(1, self.message.channel, outcome)

    def _ignored(self, reason: str) -> None:
        self._count("ignored")
        _logger.debug("message_ignored", extra={"reason": reason, **self._facts})
