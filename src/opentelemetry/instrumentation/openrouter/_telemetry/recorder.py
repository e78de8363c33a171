"""What one `instrument()` records with: tracer, logger, instruments, and the options that shape spans and events.

When something is recorded is decided by `call`.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opentelemetry._logs import Logger, LogRecord
from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import Span, SpanContext, TraceFlags, Tracer, get_current_span

from .. import attributes as names
from .._wire.broadcast import broadcast_ids
from .._wire.fields import Attributes
from .call_context import CallContexts
from .captured_content import Capture
from .dialect_values import SpanSnapshot
from .dialects import Dialect, dialect_attributes
from .metrics import Instruments


class Recorder:
    """Emits events and links, and renders dialect attributes."""

    def __init__(  # noqa: PLR0913 - one argument an option
        self,
        tracer: Tracer,
        meter: Meter,
        logger: Logger,
        providers: Callable[[], Iterable[object]],
        *,
        dialect: Dialect,
        capture: Capture | None,
        links: bool,
        metric_attributes: tuple[str, ...],
        baggage_keys: tuple[str, ...],
    ) -> None:
        """Create the instruments.

        Args:
            tracer: starts the spans.
            meter: creates the instruments.
            logger: emits the event that carries content.
            providers: returns the providers that are used now: a global one may be set later.
            dialect: backend-specific attributes; empty by default.
            capture: where content is recorded; None where it is not.
            links: whether each span links to the trace that OpenRouter Broadcast sends.
            metric_attributes: attributes of a request that its metrics carry too.
            baggage_keys: baggage entries that become attributes.
        """
        self.tracer, self._logger, self._providers = tracer, logger, providers
        self._has_provider = False
        self.dialect, self.capture, self.metric_attributes = dialect, capture, metric_attributes
        self._links = links
        self.call_contexts = CallContexts(baggage_keys)
        self.instruments = Instruments(meter)

    def has_effect(self) -> bool:
        """Whether anything that is recorded now goes anywhere: to a provider, or to an enclosing span.

        A library may call `instrument()` in a program that has no telemetry SDK. Its calls should cost nothing.
        """
        if not self._has_provider:  # a provider that was set once stays
            self._has_provider = not all(_is_of_the_api(provider) for provider in self._providers())
        return self._has_provider or get_current_span().is_recording()

    def dialect_attributes(self, span: SpanSnapshot) -> Attributes:
        """Return the backend-specific attributes for *span*, which may cover several calls."""
        return dialect_attributes(span, self.dialect)

    def add_link(self, span: Span, generation_id: str | None) -> None:
        """Link *span* to the trace that OpenRouter Broadcast sends for a generation; it dangles without Broadcast."""
        if self._links and generation_id is not None:
            trace_id, span_id = broadcast_ids(generation_id)
            flags = TraceFlags(TraceFlags.SAMPLED)
            span.add_link(SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags))

    def emit_event(self, attributes: Mapping[str, Any], context: Context) -> None:
        """Emit the event that carries content."""
        now, name = time.time_ns(), names.EVENT_DETAILS
        self._logger.emit(LogRecord(timestamp=now, context=context, event_name=name, attributes=attributes))


def _is_of_the_api(provider: object) -> bool:
    """Whether a provider is defined by opentelemetry-api, whose providers record nothing themselves."""
    return type(provider).__module__.startswith(_API_MODULES)


# opentelemetry/trace/__init__.py, metrics/_internal/__init__.py and _logs/_internal/__init__.py: `Proxy*` and `NoOp*`.
_API_MODULES: Final = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")
