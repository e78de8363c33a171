"""The context in which a call is made: suppression, baggage, and the span of another instrumentation of this call."""

from typing import Final, NamedTuple

from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from .._wire.fields import Attributes
from .._wire.request import baggage_attributes
from .enclosing_span import EnclosingSpan
from .recognized_spans import RECORDED_BY_UTIL_GENAI, recorded_by


class CallContext(NamedTuple):
    """The context of one call."""

    context: Context
    enclosing: EnclosingSpan | None
    baggage_attributes: Attributes


class CallContexts:
    """Reads the context of each call."""

    def __init__(self, baggage_keys: tuple[str, ...]) -> None:
        self._baggage_keys = baggage_keys
        self._in_use: set[int] = set()
        """The keys of the enclosing spans that carry an open call."""

    def current(self, operation: str) -> CallContext | None:
        """Return the context of a call that is made now; None if instrumentation is suppressed.

        Args:
            operation: its `gen_ai.operation.name`.
        """
        current = otel_context.get_current()
        if not current:
            return _EMPTY
        enclosing = self._enclosing_span(current, operation)
        # An instrumentation that suppresses others around a call that it traces itself wants no second span, but its
        # own may be completed. In any other place suppression means: nothing.
        if enclosing is None and _is_suppressed(current):
            return None
        entries = baggage.get_all(current)
        return CallContext(current, enclosing, baggage_attributes(entries, self._baggage_keys) if entries else {})

    def _enclosing_span(self, current: Context, operation: str) -> EnclosingSpan | None:
        span = trace.get_current_span(current)
        invocation = current.get(_EMBEDDING if operation == "embeddings" else _INFERENCE)
        recorded = RECORDED_BY_UTIL_GENAI if invocation is not None else recorded_by(span, operation)
        if recorded is None:
            return None
        enclosing = EnclosingSpan(span, current, recorded, invocation, self._in_use)
        return None if enclosing.is_in_use else enclosing


def _is_suppressed(current: Context) -> bool:
    return not is_instrumentation_enabled() or bool(current.get(_SUPPRESS_LANGUAGE_MODEL))


_EMPTY: Final = CallContext(Context(), None, {})

# Set by OpenLLMetry around calls that it traces itself (opentelemetry-semantic-conventions-ai, semconv_ai/__init__.py).
_SUPPRESS_LANGUAGE_MODEL: Final = "suppress_language_model_instrumentation"

# The keys under which opentelemetry-util-genai keeps its outer invocation (1.3b0, _inference_invocation.py and
# _embedding_invocation.py).
_INFERENCE: Final = "opentelemetry.genai.client.inference.context"
_EMBEDDING: Final = "opentelemetry.genai.client.embedding.context"
