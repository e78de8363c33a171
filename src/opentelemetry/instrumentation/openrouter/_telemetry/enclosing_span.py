"""The span of another instrumentation that traces the same call: what it lacks is added, and nothing is counted twice.

Which spans these are, and what their instrumentations record, is known in `recognized_spans`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode

from .. import attributes as names
from .._guard import guarded
from .._wire.fields import Attributes
from .attribute_limit import attribute_limit, before_end, is_filling, key_attributes, span_attributes
from .dialect_values import SpanSnapshot
from .dialects import COST_ATTRIBUTES, cost_attributes
from .indexed_messages import INDEXED_PREFIXES
from .recognized_spans import sets_provider_at_end


class EnclosingSpan:
    """The span of another instrumentation. It has the same methods as `OwnSpan`.

    Attributes that it has already stay, except for the provider, the cost and `openrouter.*`.
    """

    __slots__ = (
        "_has_messages",
        "_in_use",
        "_invocation",
        "_keeps_until_end",
        "_key",
        "_ours",
        "_sent",
        "_was_acquired",
        "_was_sampled",
        "context",
        "orphaned_metrics",
        "recorded_metrics",
        "span",
        "was_updated",
    )

    def __init__(
        self, span: Span, context: Context, recorded_metrics: frozenset[str], invocation: Any, in_use: set[int]
    ) -> None:
        """Wrap *span*, the current one of *context*.

        Args:
            span: the span.
            context: the context of the call.
            recorded_metrics: the names of metrics and events that the other instrumentation records itself.
            invocation: the object that opentelemetry-util-genai keeps in the context, if any.
            in_use: the keys of the spans that carry an open call, shared by all calls.
        """
        self.span, self.context, self.recorded_metrics = span, context, recorded_metrics
        self.orphaned_metrics = (
            recorded_metrics if invocation is None else recorded_metrics & {names.METRIC_TOKEN_USAGE}
        )
        """Those that are not recorded at all if the span ends before the call."""
        self._invocation, self._in_use, self._was_sampled = invocation, in_use, span.is_recording()
        self._key = id(span if invocation is None else invocation)  # unsampled spans may all be one object
        self._was_acquired = False
        self._sent: dict[str, Any] = {}
        self._ours: dict[str, Any] = {}  # as `_sent`, with the costs of all calls
        self._keeps_until_end = False
        # An instrumentation of OpenInference records them itself, most of them after the call.
        self._has_messages = "openinference.span.kind" in span_attributes(span)
        self.was_updated = False
        """Whether the response's attributes were set before the call's end."""

    @property
    def has_ended(self) -> bool:
        """Whether the other instrumentation has ended the span, so that no attribute can be set any more."""
        return self._was_sampled and not self.span.is_recording()

    @property
    def is_in_use(self) -> bool:
        """Whether the span carries a call that has not ended: then the next one is another call."""
        return self._key in self._in_use

    @property
    def accepts_attributes(self) -> bool:
        """Always: an unsampled span's invocation takes attributes too."""
        return True

    def acquire(self) -> None:
        """A call starts on this span."""
        self._was_acquired = True
        self._in_use.add(self._key)

    def release(self) -> None:
        """The call has ended; the span may carry another one, such as a second attempt."""
        if self._was_acquired:
            self._was_acquired = False
            self._in_use.discard(self._key)

    def set(self, attributes: Mapping[str, Any], metric_attributes: Callable[[], Attributes]) -> None:
        """Set attributes on the span, and on the metrics that the other instrumentation records for both.

        Args:
            attributes: the attributes; values that were sent before are skipped.
            metric_attributes: returns the attributes of the call's metrics.
        """
        before = self._sent
        changed = {name: value for name, value in attributes.items() if before.get(name) != value}
        self._sent = {**before, **changed}
        present = span_attributes(self.span)
        ours: dict[str, Any] = {}
        for name, value in changed.items():
            if name in _COSTS and isinstance(present.get(name), float):  # one span may cover several calls
                # A later usage object of the same call replaces the cost of an earlier one.
                sent = Decimal(repr(before.get(name, 0)))
                ours[name] = float(Decimal(repr(present[name])) - sent + Decimal(repr(value)))
            elif (
                # The Anthropic SDK 1.17 sets None for what an error in place of a message lacks.
                present.get(name) is None
                or present[name] == before.get(name)
                or name == names.GEN_AI_PROVIDER_NAME
                or name.startswith(_PREFIX)
            ):
                ours[name] = value
        if not self.has_ended:  # the SDK logs a warning for each attribute of a span that has ended
            self.span.set_attributes(ours)
            self._ours.update(ours)
            self._keep_key_attributes()
        if self._invocation is not None:
            shared = {name: value for name, value in ours.items() if name in _SHARED or name.startswith(_PREFIX)}
            self._invocation.attributes.update(shared)
            self._invocation.metric_attributes.update(metric_attributes())
            for name, field in _INVOCATION_FIELDS.items():
                if name in changed and hasattr(self._invocation, field):
                    setattr(self._invocation, field, changed[name])

    def snapshot(self, start_ns: int) -> SpanSnapshot:
        """Return what a dialect reads. Half of the room is left for the other instrumentation."""
        present, limit = span_attributes(self.span), attribute_limit(self.span)
        return SpanSnapshot(present, start_ns, None if limit is None else max(0, limit - len(present)) // 2)

    def set_dialect(self, attributes: Attributes) -> None:
        """Set backend-specific attributes that the span lacks, and those that are a cost."""
        present = span_attributes(self.span)
        self.span.set_attributes(
            {
                name: value
                for name, value in attributes.items()
                if name in COST_ATTRIBUTES
                or (name not in present and not (self._has_messages and name.startswith(INDEXED_PREFIXES)))
            }
        )
        self._ours.update({name: attributes[name] for name in cost_attributes(attributes)})
        self._keep_key_attributes()

    def _keep_key_attributes(self) -> None:
        filling = is_filling(self.span)
        if filling:
            self._set_key_attributes()
        if (filling or self._has_messages or sets_provider_at_end(self.span)) and not self._keeps_until_end:
            self._keeps_until_end = True
            before_end(self.span, self._set_key_attributes)

    @guarded
    def _set_key_attributes(self) -> None:
        known = {**self._sent, **self._ours, **span_attributes(self.span)}
        known[names.GEN_AI_PROVIDER_NAME] = self._ours[names.GEN_AI_PROVIDER_NAME]  # Agent Framework sets its own again
        self.span.set_attributes(key_attributes(known, cost_attributes(self._ours)))

    def set_error(self, message: str | None, *, was_raised: bool) -> None:
        """Set the error status, unless the error was raised: then the other instrumentation sets it."""
        if not was_raised and not self.has_ended:
            self.span.set_status(Status(StatusCode.ERROR, message))

    def end(self, _: int) -> None:
        """Leave the span to the other instrumentation, which ends it."""
        self.release()


_PREFIX: Final = "openrouter."
_COSTS: Final = {
    names.GEN_AI_USAGE_COST,
    names.OPENROUTER_USAGE_COST,
    names.OPENROUTER_USAGE_UPSTREAM_INFERENCE_COST,
    names.OPENROUTER_USAGE_INPUT_COST,
    names.OPENROUTER_USAGE_OUTPUT_COST,
    names.OPENROUTER_USAGE_SERVER_TOOL_COST,
}

# An invocation of opentelemetry-util-genai takes from inner instrumentations: `attributes` for its span and event,
# `metric_attributes` for its metrics, and fields for what it did not find itself, such as the tokens of a response that
# it does not parse (1.3b0, _inference_invocation.py and _embedding_invocation.py).
_SHARED: Final = {names.GEN_AI_PROVIDER_NAME, names.GEN_AI_USAGE_COST, names.USER_ID, names.SESSION_ID}
_INVOCATION_FIELDS: Final = {
    names.GEN_AI_USAGE_INPUT_TOKENS: "usage_input_tokens",
    names.GEN_AI_USAGE_OUTPUT_TOKENS: "usage_output_tokens",
    names.GEN_AI_RESPONSE_MODEL: "response_model",
}
