"""Recognises the spans of other instrumentations that trace the same call, and knows what each records itself.

They are recognised by the conventions of their spans, never imported. `enclosing_span` completes such a span.
"""

from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import Span

from .. import attributes as names
from .attribute_limit import span_attributes


def recorded_by(span: Span, operation: str) -> frozenset[str] | None:
    """Return the metrics that the instrumentation of *span* records itself.

    Args:
        span: the current span.
        operation: the `gen_ai.operation.name` of the call.

    Returns:
        None if *span* does not trace a call of this operation.
    """
    attributes = span_attributes(span) if span.is_recording() else None
    if not attributes or _LITELLM_CALLBACK in attributes:
        return None
    for marker, operations, recorded in _CONVENTIONS:
        kind = attributes.get(marker)
        if kind is not None and operation in operations.get(str(kind), ()):
            scope = _scope(span)
            return None if scope == _OWN_SCOPE else _BY_SCOPE.get(scope, {}).get(operation, recorded)
    return None


def sets_provider_at_end(span: Span) -> bool:
    """Whether the instrumentation of *span* sets its provider once more when the call has ended."""
    return _scope(span) in _SETS_PROVIDER_AT_END


def _scope(span: Span) -> str:
    return str(getattr(getattr(span, "instrumentation_scope", None), "name", None))


# A call inside our own span, made by a transport or a hook while another call is sent, is a call of its own.
_OWN_SCOPE: Final = "opentelemetry.instrumentation.openrouter"

# LiteLLM's callback `otel` describes a call after its end, on a span of its own or on the program's span around it
# (litellm 1.110.2, integrations/opentelemetry.py). The next call in that span is another one.
_LITELLM_CALLBACK: Final = "litellm.call_id"

_NOTHING: Final[frozenset[str]] = frozenset()
_TOKENS_AND_DURATION: Final = frozenset({names.METRIC_TOKEN_USAGE, names.METRIC_DURATION})
RECORDED_BY_UTIL_GENAI: Final = _TOKENS_AND_DURATION | {
    names.METRIC_TIME_TO_FIRST_CHUNK,
    names.METRIC_TIME_PER_OUTPUT_CHUNK,
    names.EVENT_DETAILS,
}

_GENERATION: Final = frozenset({"chat", "text_completion"})
_ANY_BUT_EMBEDDINGS: Final = frozenset(
    {"chat", "text_completion", "generate_content", "rerank", "speech", "transcription"}
)
_EMBEDDINGS: Final = frozenset({"embeddings"})

# The attribute by which a convention marks a span, the operations that each value may mean, and the metrics that
# instrumentations of that convention record.
_CONVENTIONS: Final = (
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
    # OpenLLMetry before 0.53 (semconv_ai, LLMRequestTypeValues)
    (
        "llm.request.type",
        {"chat": _GENERATION, "completion": _GENERATION, "embedding": _EMBEDDINGS},
        _TOKENS_AND_DURATION,
    ),
)

_PYDANTIC_AI: Final = frozenset({names.METRIC_TOKEN_USAGE, names.METRIC_TIME_TO_FIRST_CHUNK})

# Instrumentations that record other metrics than their convention suggests, by operation.
_BY_SCOPE: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "com.anthropic.sdk.python": {"chat": _NOTHING},  # anthropic 2.14.0, _tracing.py: spans, no metrics
    # logfire 5.4.0, integrations/llm_providers
    "logfire.anthropic": {"chat": _NOTHING},
    "logfire.openai": {"chat": _NOTHING, "text_completion": _NOTHING, "embeddings": _NOTHING},
    "opentelemetry.instrumentation.openai.v1": {"text_completion": _NOTHING},  # OpenLLMetry 0.62.4
    "strands.telemetry.tracer": {"chat": _NOTHING},  # strands-agents 1.62.0, telemetry/metrics.py: none of GenAI
    "pydantic-ai": {"chat": _PYDANTIC_AI},  # pydantic-ai 2.68.0, models/instrumented.py, InstrumentationSettings
}

# agent-framework-core 1.23.0, observability.py, _capture_response
_SETS_PROVIDER_AT_END: Final = frozenset({"agent_framework"})
