"""Where a call's span and event leave the process, in whose words, and to what they point.

What is said, and when, is the call's matter (`_call`).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry._logs import Logger, LogRecord
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, TraceFlags, Tracer

from .. import attributes as names
from .._wire.broadcast import sent_ids
from .._wire.fields import Attributes
from .dialect_values import Told
from .dialects import Dialect, translate


@dataclass(frozen=True, slots=True)
class Outlets:
    """Those of one `instrument()`, but for the metrics."""

    tracer: Tracer
    logger: Logger
    dialect: Dialect
    links: bool
    """Whether spans point at those that OpenRouter sends itself."""

    def words(self, span: Span, began: int) -> Attributes:
        """What *span* says, said once more in the words of the backends that were named.

        Args:
            span: ours or a neighbour's, on which several calls may stand.
            began: nanoseconds since the epoch.
        """
        return translate(Told(getattr(span, "attributes", None) or {}, began), self.dialect)

    def link(self, span: Span, generation: str | None) -> None:
        """Point at the trace that OpenRouter Broadcast sends; where that is not switched on, nothing is there."""
        if self.links and generation is not None:
            trace_id, span_id = sent_ids(generation)
            flags = TraceFlags(TraceFlags.SAMPLED)
            span.add_link(SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags))

    def emit(self, attributes: Mapping[str, Any], context: Context) -> None:
        """Send the event that carries content."""
        now, name = time.time_ns(), names.EVENT_DETAILS
        self.logger.emit(LogRecord(timestamp=now, context=context, event_name=name, attributes=attributes))
