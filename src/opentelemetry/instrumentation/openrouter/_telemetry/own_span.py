"""The span of a call that no other instrumentation traces. It has the same methods as `EnclosingSpan`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from .._wire.fields import Attributes

_NONE: Final[frozenset[str]] = frozenset()


class OwnSpan:
    """A span that the instrumentation starts and ends."""

    __slots__ = ("context", "span")

    recorded_metrics: Final = _NONE

    def __init__(self, tracer: Tracer, name: str, attributes: Attributes, parent: Context, start_ns: int) -> None:
        """Start the span. *start_ns* is in nanoseconds since the epoch."""
        self.span = tracer.start_span(name, parent, SpanKind.CLIENT, attributes, start_time=start_ns)
        self.context = trace.set_span_in_context(self.span, parent)

    @property
    def accepts_attributes(self) -> bool:
        """Whether `set` has an effect."""
        return self.span.is_recording()

    def set(self, attributes: Mapping[str, Any], _: Callable[[], Attributes]) -> None:
        """Set attributes. The metric attributes are for enclosing spans."""
        self.span.set_attributes(attributes)

    def set_dialect(self, attributes: Attributes) -> None:
        """Set backend-specific attributes."""
        self.span.set_attributes(attributes)

    def set_error(self, message: str | None, *, was_raised: bool) -> None:  # noqa: ARG002 - for enclosing spans
        """Set the error status."""
        self.span.set_status(Status(StatusCode.ERROR, message))

    def release(self) -> None:
        """An own span carries one call only."""

    def end(self, end_ns: int) -> None:
        """End the span, at nanoseconds since the epoch."""
        self.span.end(end_ns)
