"""The span of a call that no other instrumentation traces. It has the same methods as `EnclosingSpan`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from .._wire.fields import Attributes
from .attribute_limit import attribute_limit, has_dropped, key_attributes, span_attributes
from .dialect_values import SpanSnapshot
from .dialects import cost_attributes

_NONE: Final[frozenset[str]] = frozenset()
_NO_ATTRIBUTES: Final[Mapping[str, Any]] = {}


class OwnSpan:
    """A span that the instrumentation starts and ends."""

    __slots__ = ("_end_attributes", "_start_attributes", "context", "span")

    recorded_metrics: Final = _NONE

    def __init__(self, tracer: Tracer, name: str, attributes: Attributes, parent: Context, start_ns: int) -> None:
        """Start the span. *start_ns* is in nanoseconds since the epoch."""
        self.span = tracer.start_span(name, parent, SpanKind.CLIENT, attributes, start_time=start_ns)
        self._start_attributes, self._end_attributes = attributes, _NO_ATTRIBUTES
        self.context = trace.set_span_in_context(self.span, parent)

    @property
    def accepts_attributes(self) -> bool:
        """Whether `set` has an effect."""
        return self.span.is_recording()

    def set(self, attributes: Mapping[str, Any], _: Callable[[], Attributes]) -> None:
        """Set attributes. The metric attributes are for enclosing spans."""
        self._end_attributes = attributes
        self.span.set_attributes(attributes)
        if has_dropped(self.span):
            self.span.set_attributes(key_attributes(self._known()))

    def snapshot(self, start_ns: int) -> SpanSnapshot:
        """Return what a dialect reads, with the attributes that the span has lost."""
        known, limit = self._known(), attribute_limit(self.span)
        return SpanSnapshot(known, start_ns, None if limit is None else max(0, limit - len(known)))

    def set_dialect(self, attributes: Attributes) -> None:
        """Set backend-specific attributes."""
        self.span.set_attributes(attributes)
        if has_dropped(self.span):
            self.span.set_attributes(key_attributes({**self._known(), **attributes}, cost_attributes(attributes)))

    def _known(self) -> Mapping[str, Any]:
        return {**self._start_attributes, **self._end_attributes, **span_attributes(self.span)}

    def set_error(self, message: str | None, *, was_raised: bool) -> None:  # noqa: ARG002 - for enclosing spans
        """Set the error status."""
        self.span.set_status(Status(StatusCode.ERROR, message))

    def release(self) -> None:
        """An own span carries one call only."""

    def end(self, end_ns: int) -> None:
        """End the span, at nanoseconds since the epoch."""
        self.span.end(end_ns)
