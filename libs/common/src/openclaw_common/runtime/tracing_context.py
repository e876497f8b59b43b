"""The current span as OpenTelemetry's API shows it: worked out when somebody looks.

To put each span into OpenTelemetry's context as it becomes the current one costs as much as half of
making it, and a short run has four of them that nobody looks for there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING, Final, cast

from opentelemetry import context as api
from opentelemetry.context.context import Context, _RuntimeContext
from opentelemetry.trace import set_span_in_context

if TYPE_CHECKING:
    from opentelemetry.trace import Span as ApiSpan

    from openclaw_common.runtime.tracing_spans import Span

_SHOWN: Final = api.create_key("openclaw-span")


class SpansContext(_RuntimeContext):
    """OpenTelemetry's context with our current span on top of what is in it.

    A span that somebody else makes the current one covers ours, until ours is another.
    """

    def __init__(self, below: _RuntimeContext, current: Callable[[], Span | None]) -> None:
        self._below = below
        self._current = current

    def attach(self, context: Context) -> Token[Context]:
        """See OpenTelemetry's API."""
        return self._below.attach(context)

    def get_current(self) -> Context:
        """See OpenTelemetry's API."""
        context, span = self._below.get_current(), self._current()
        if span is None or context.get(_SHOWN) is span:
            return context
        return api.set_value(_SHOWN, span, set_span_in_context(cast("ApiSpan", span), context))

    def detach(self, token: Token[Context]) -> None:
        """See OpenTelemetry's API."""
        self._below.detach(token)


def show(current: Callable[[], Span | None]) -> None:
    """Let OpenTelemetry's API show what `current` returns, in all of this process.

    Its own way to choose a context is an environment variable that is read when it is imported.
    """
    below = api._RUNTIME_CONTEXT
    if not isinstance(below, SpansContext):
        api._RUNTIME_CONTEXT = SpansContext(below, current)
