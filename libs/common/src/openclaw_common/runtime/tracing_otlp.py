"""The OTLP outlet: the SDK's exporter as the transport, off the event loop.

The exporter is imported when there is an endpoint, and then only by the process that exports. Of
its settings (`OTEL_EXPORTER_OTLP_…`) the endpoint is read here; headers, compression, certificates
and the timeout it reads itself.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.tracing_pipeline import Ended, OutletError

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

_LOGGERS: Final = ("opentelemetry.exporter.otlp.proto.http.trace_exporter",)
_PATH: Final = "v1/traces"


class OtlpSettingError(ConfigError):
    """The environment asks for something that is not there; the text says for what."""


def endpoint_of(environ: Mapping[str, str]) -> str | None:
    """Return the URL that traces are posted to, None where there is none. Raises OtlpSettingError.

    Source: OpenTelemetry specification, OTLP exporter configuration.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    exporters = environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() or "otlp"
    if exporters == "none":
        return None
    own = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    if not own and not base:
        return None
    protocol = (
        environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    if protocol.strip().lower() != "http/protobuf":
        raise OtlpSettingError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol!r} is not spoken; use http/protobuf, which "
            "collectors take on port 4318"
        )
    return own or f"{base.rstrip('/')}/{_PATH}"


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
            spans[0].origin.around(span.field for span in spans) for spans in origins.values()
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
        except (OSError, ValueError, ImportError) as error:
            answer = f"{type(error).__name__}: {error}"
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, answer)

    threading.Thread(target=run, name="otlp-traces", daemon=True).start()
    return await done
