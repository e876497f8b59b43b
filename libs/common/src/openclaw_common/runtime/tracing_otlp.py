"""The OTLP outlet: the SDK's exporter as the transport, off the event loop.

The exporter is imported when there is an endpoint, and then only by the process that exports. Of
its settings (`OTEL_EXPORTER_OTLP_…`) it reads headers, compression, certificates and the timeout
itself; the endpoint is given (`otlp_environ`).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from openclaw_common.runtime.tracing_pipeline import Ended, OutletError

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

_LOGGERS: Final = ("opentelemetry.exporter.otlp.proto.http.trace_exporter",)


class OtlpOutlet:
    """Posts batches to one endpoint. `send` is what an Outlet takes."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._exporter: OTLPSpanExporter | None = None

    async def load(self) -> None:
        """Import the exporter now, so that no request pays for it."""
        await _in_thread(self._loaded)

    async def send(self, batch: Sequence[Ended]) -> None:
        """Post a batch; raises OutletError once the exporter has given it up."""
        origins: dict[int, list[Ended]] = {}
        for span in batch:
            origins.setdefault(id(span.origin), []).append(span)
        body = b"".join(
            spans[0].origin.around(each.fields for each in spans) for spans in origins.values()
        )
        error = await _in_thread(lambda: self._post(body))
        if error is not None:
            raise OutletError(error)

    def close(self) -> None:
        """Let nothing be tried again."""
        if self._exporter is not None:
            self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _loaded(self) -> None:
        if self._exporter is None:
            self._exporter = _load(self._endpoint)

    def _post(self, body: bytes) -> str | None:
        self._loaded()
        if self._exporter is None:
            return "the exporter is closed"
        # The one thing taken that is no public name: `export` would encode spans of the SDK.
        result = self._exporter._client.export(body)
        if result.success:
            return None
        status = f"it answered {result.status_code}" if result.status_code else str(result.error)
        return f"{self._endpoint} took no spans: {status}; look at OTEL_EXPORTER_OTLP_ENDPOINT"


def _load(endpoint: str) -> OTLPSpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    for name in _LOGGERS:
        # It would log every failure with its traceback; the outlet says it once.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return OTLPSpanExporter(endpoint=endpoint)


async def _in_thread(call: Callable[[], str | None]) -> str | None:
    """Return what `call` does in a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str | None] = loop.create_future()

    def settle(answer: str | None) -> None:
        if not done.done():
            done.set_result(answer)

    def run() -> None:
        try:
            answer = call()
        except Exception as error:
            # The top of the thread: what is not told here is waited for for ever.
            answer = f"{type(error).__name__}: {error}"
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, answer)

    threading.Thread(target=run, name="otlp-traces", daemon=True).start()
    return await done
