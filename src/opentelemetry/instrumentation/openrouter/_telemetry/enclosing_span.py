"""Where a call comes from: its context, and the instrumentor that traces the very call already, if one does.

Neighbours are known by the conventions of their spans, never imported; what each records itself is data, below.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import Span

from .. import attributes as names
from .._wire.fields import Attributes
from .._wire.request import carried_attributes
from .dialects import COSTS


class Neighbour:
    """Another instrumentor's span for the very call: what we know goes onto it, and nothing is counted twice.

    Its own words stay where both have one; ours are the provider, the cost, and all that is `openrouter.`.
    """

    __slots__ = ("_carrying", "_key", "_sampled", "_shared", "records", "span", "unfinished")

    def __init__(self, span: Span, records: frozenset[str], shared: Any, carrying: set[int]) -> None:
        """Args: shared: what an outer invocation keeps in the context. carrying: as in `Origins`."""
        self.span, self.records = span, records
        """Metrics and events, by name, that it records itself."""
        self.unfinished = records if shared is None else records & {names.METRIC_TOKEN_USAGE}
        """Those of them that it does not record where it ends its span too early."""
        self._shared, self._carrying, self._sampled = shared, carrying, span.is_recording()
        self._key = id(span if shared is None else shared)  # where nothing is sampled, all may have one span

    @property
    def has_ended(self) -> bool:
        """Whether it ended its span, and so cannot be told any more."""
        return self._sampled and not self.span.is_recording()

    @property
    def is_busy(self) -> bool:
        """Whether it carries a call that has not ended: then a second one is another call."""
        return self._key in self._carrying

    def join(self) -> None:
        """A call begins on this span."""
        self._carrying.add(self._key)

    def leave(self) -> None:
        """The call has ended; the span may carry another, such as a second attempt."""
        self._carrying.discard(self._key)

    def tell(self, found: Mapping[str, Any], point: Attributes) -> None:
        """Put what we know onto the span, and onto the metrics where the neighbour takes them over.

        Args:
            found: attributes of a span.
            point: attributes of its metrics.
        """
        told: Mapping[str, Any] = getattr(self.span, "attributes", None) or {}
        ours: dict[str, Any] = {}
        for name, value in found.items():
            if name in _COSTS and isinstance(told.get(name), float):  # one span may cover several calls
                ours[name] = float(Decimal(repr(told[name])) + Decimal(repr(value)))
            elif name == names.GEN_AI_PROVIDER_NAME or name not in told or name.startswith(_PREFIX):
                ours[name] = value
        self.span.set_attributes(ours)
        if self._shared is not None:
            known = {name: value for name, value in ours.items() if name in _KNOWN or name.startswith(_PREFIX)}
            self._shared.attributes.update(known)
            self._shared.metric_attributes.update(point)
            for name, field in _FIELDS.items():
                if name in found and hasattr(self._shared, field):
                    setattr(self._shared, field, found[name])

    def translate(self, words: Mapping[str, Any]) -> None:
        """Put what we say in a backend's words onto the span, where it does not say it itself; money is ours."""
        told: Mapping[str, Any] = getattr(self.span, "attributes", None) or {}
        self.span.set_attributes({word: value for word, value in words.items() if word in COSTS or word not in told})


class Origin(NamedTuple):
    """Where one call comes from."""

    context: Context
    neighbour: Neighbour | None
    carried: Attributes
    """What its baggage tells."""


class Origins:
    """Tells where calls come from."""

    def __init__(self, baggage_keys: tuple[str, ...]) -> None:
        self._baggage_keys = baggage_keys
        self._carrying: set[int] = set()
        """The neighbours, by identity, whose call has not ended."""

    def find(self, operation: str) -> Origin | None:
        """Where a call comes from that is made now, or None where nobody wants to hear of it.

        Args:
            operation: its `gen_ai.operation.name`.
        """
        current = otel_context.get_current()
        if not current:
            return _NOWHERE
        neighbour = self._neighbour(current, operation)
        # Who suppresses instrumentation around a call that it traces itself does not want another span; its own may
        # well be true. Anywhere else it means: nothing.
        if neighbour is None and _is_suppressed(current):
            return None
        carried = baggage.get_all(current)
        return Origin(current, neighbour, carried_attributes(carried, self._baggage_keys) if carried else {})

    def _neighbour(self, current: Context, operation: str) -> Neighbour | None:
        span = trace.get_current_span(current)
        shared = current.get(_EMBEDDING if operation == "embeddings" else _INFERENCE)
        records = _UTIL_GENAI if shared is not None else _recorded_by(span, operation)
        if records is None:
            return None
        neighbour = Neighbour(span, records, shared, self._carrying)
        return None if neighbour.is_busy else neighbour


_NOWHERE: Final = Origin(Context(), None, {})


def _is_suppressed(current: Context) -> bool:
    return not is_instrumentation_enabled() or bool(current.get(_SUPPRESS_LANGUAGE_MODEL))


def _recorded_by(span: Span, operation: str) -> frozenset[str] | None:
    """What the instrumentor of a span records itself, or None where the span is not of a call of this operation."""
    told: Mapping[str, object] | None = getattr(span, "attributes", None) if span.is_recording() else None
    if not told:
        return None
    for marker, kinds, records in _MARKERS:
        kind = told.get(marker)
        if kind is not None and operation in kinds.get(str(kind), ()):
            scope = getattr(getattr(span, "instrumentation_scope", None), "name", None)
            return None if scope == _OWN_SCOPE else _BY_SCOPE.get(str(scope), {}).get(operation, records)
    return None


_PREFIX: Final = "openrouter."
_OWN_SCOPE: Final = __package__.rpartition(".")[
    0
]  # a call made while another is sent, by a transport or a hook, is a call of its own
_COSTS: Final = {
    names.GEN_AI_USAGE_COST,
    names.OPENROUTER_USAGE_COST,
    names.OPENROUTER_USAGE_UPSTREAM_INFERENCE_COST,
    names.OPENROUTER_USAGE_INPUT_COST,
    names.OPENROUTER_USAGE_OUTPUT_COST,
    names.OPENROUTER_USAGE_SERVER_TOOL_COST,
}
_KNOWN: Final = {names.GEN_AI_PROVIDER_NAME, names.GEN_AI_USAGE_COST, names.USER_ID, names.SESSION_ID}

# Set by OpenLLMetry around calls that it traces itself (opentelemetry-semantic-conventions-ai, semconv_ai/__init__.py).
_SUPPRESS_LANGUAGE_MODEL: Final = "suppress_language_model_instrumentation"

# Under these an outer invocation of opentelemetry-util-genai keeps what it takes from inner ones: `attributes` for its
# span and event, `metric_attributes` for its metrics, and fields for what it did not find out itself, such as the
# tokens of an answer that it does not parse (1.3b0, _inference_invocation.py and _embedding_invocation.py).
_INFERENCE: Final = "opentelemetry.genai.client.inference.context"
_EMBEDDING: Final = "opentelemetry.genai.client.embedding.context"
_FIELDS: Final = {
    names.GEN_AI_USAGE_INPUT_TOKENS: "usage_input_tokens",
    names.GEN_AI_USAGE_OUTPUT_TOKENS: "usage_output_tokens",
    names.GEN_AI_RESPONSE_MODEL: "response_model",
}

_NOTHING: Final[frozenset[str]] = frozenset()
_TOKENS_AND_DURATION: Final = frozenset({names.METRIC_TOKEN_USAGE, names.METRIC_DURATION})
_UTIL_GENAI: Final = _TOKENS_AND_DURATION | {
    names.METRIC_TIME_TO_FIRST_CHUNK,
    names.METRIC_TIME_PER_OUTPUT_CHUNK,
    names.EVENT_DETAILS,
}

_GENERATION: Final = frozenset({"chat", "text_completion"})
_ANY_BUT_EMBEDDINGS: Final = frozenset(
    {"chat", "text_completion", "generate_content", "rerank", "speech", "transcription"}
)
_EMBEDDINGS: Final = frozenset({"embeddings"})

# The attribute by which a span says what it is, the operations of ours that each of its values may stand for, and what
# instrumentors of that convention record beside their spans.
_MARKERS: Final = (
    (
        names.GEN_AI_OPERATION_NAME,
        {
            "chat": _GENERATION,
            "text_completion": _GENERATION,
            "generate_content": _GENERATION | {"generate_content"},
            "embeddings": _EMBEDDINGS,
        },
        _TOKENS_AND_DURATION,
    ),
    # https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md: traces, no metrics
    ("openinference.span.kind", {"LLM": _ANY_BUT_EMBEDDINGS, "EMBEDDING": _EMBEDDINGS}, _NOTHING),
    # What OpenLLMetry said before 0.53 (semconv_ai, LLMRequestTypeValues)
    (
        "llm.request.type",
        {"chat": _GENERATION, "completion": _GENERATION, "embedding": _EMBEDDINGS},
        _TOKENS_AND_DURATION,
    ),
)

_PYDANTIC_AI: Final = frozenset({names.METRIC_TOKEN_USAGE, names.METRIC_TIME_TO_FIRST_CHUNK})

# Those that record otherwise than their convention says, by operation.
_BY_SCOPE: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    # logfire 5.2.0, integrations/llm_providers
    "logfire.openai": {"chat": _NOTHING, "text_completion": _NOTHING, "embeddings": _NOTHING},
    "opentelemetry.instrumentation.openai.v1": {"text_completion": _NOTHING},  # OpenLLMetry 0.62.4
    "pydantic-ai": {"chat": _PYDANTIC_AI},  # pydantic-ai 2.68.0, models/instrumented.py, InstrumentationSettings
}
