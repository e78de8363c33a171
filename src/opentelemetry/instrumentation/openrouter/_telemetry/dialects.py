"""Backend-specific attributes: backend -> attribute name -> source.

A row is here only if the backend shows less, or something else, without it. Pure, and nothing is invented: without a
value on the span there is no attribute.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from .. import attributes as names
from .._wire.fields import Attributes, AttributeValue
from .dialect_values import (
    SpanSnapshot,
    costs_as_json,
    disjoint_usage,
    embedding_model,
    false_if,
    first_finish_reason,
    first_token_time,
    input_cost,
    mime_type_if,
    model,
    only_for,
    openrouter_metadata,
    output_cost,
    span_kind,
    token_usage,
    total_tokens,
    true_if,
    usage_metadata,
)
from .indexed_messages import indexed_messages, indexed_texts
from .request_parameters import embedding_parameters, llm_parameters

Source: TypeAlias = "str | Callable[[SpanSnapshot], AttributeValue | None]"
"""The attribute that is copied, or a function of the span."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A source whose value is a cost, or contains one: it replaces what another instrumentation has set."""

    source: Source


@dataclass(frozen=True, slots=True)
class Several:
    """A row of as many attributes as fit, by a function of the span and their maximum number."""

    source: Callable[[SpanSnapshot, int | None], Attributes]


Dialect: TypeAlias = "Mapping[str, Source | Cost | Several]"


def dialect_attributes(span: SpanSnapshot, dialect: Dialect) -> Attributes:
    """Return the attributes of *dialect* for *span*. Those of `Several` come first: a limit drops them first."""
    attributes: Attributes = {}
    for name, row in dialect.items():
        if isinstance(row, Several):
            continue
        source = row.source if isinstance(row, Cost) else row
        value: AttributeValue | None = span.attributes.get(source) if isinstance(source, str) else source(span)
        if value is not None:
            attributes[name] = value
    room = None if span.room is None else span.room - len(attributes.keys() - span.attributes.keys())
    several = [row.source(span, room) for row in dialect.values() if isinstance(row, Several)]
    return {name: value for found in (*several, attributes) for name, value in found.items()}


_KIND: Final = "openinference.span.kind"

# https://arize-ai.github.io/openinference/spec/attributes/semantic-conventions.html
_OPENINFERENCE: Final[Dialect] = {
    _KIND: span_kind({"embeddings": "EMBEDDING", "rerank": "RERANKER"}, "LLM"),
    "llm.model_name": model,
    "llm.token_count.prompt": names.GEN_AI_USAGE_INPUT_TOKENS,
    "llm.token_count.completion": names.GEN_AI_USAGE_OUTPUT_TOKENS,
    "llm.token_count.total": total_tokens,
    "llm.token_count.prompt_details.cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    "llm.token_count.prompt_details.cache_write": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    "llm.token_count.prompt_details.audio": names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
    "llm.token_count.completion_details.reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    "llm.token_count.completion_details.audio": names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
    "llm.cost.total": Cost(names.GEN_AI_USAGE_COST),
    "llm.cost.prompt": Cost(input_cost),
    "llm.cost.completion": Cost(output_cost),
    "input.value": names.GEN_AI_INPUT_MESSAGES,
    "input.mime_type": mime_type_if(names.GEN_AI_INPUT_MESSAGES),
    "output.value": names.GEN_AI_OUTPUT_MESSAGES,
    "output.mime_type": mime_type_if(names.GEN_AI_OUTPUT_MESSAGES),
    # openinference-instrumentation-openai 0.1.66, _request_attributes_extractor.py: the request without its content.
    # Phoenix 20.26.1, trace/gen_ai/conversion.py, derives a part of it from the standard attributes.
    "llm.invocation_parameters": llm_parameters,
    "embedding.invocation_parameters": embedding_parameters,
    "embedding.model_name": embedding_model,
    "embedding.embeddings": Several(indexed_texts),
}

DIALECTS: Final[Mapping[str, Dialect]] = {
    # https://arize.com/docs/ax/observe/tracing: it reads OpenInference first
    "arize": {
        **_OPENINFERENCE,
        # openinference-instrumentation-openai 0.1.66, _response_attributes_extractor.py
        "llm.finish_reason": first_finish_reason,
        # https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md: the host of the model
        "llm.provider": names.GEN_AI_PROVIDER_NAME,
        "llm.input_messages": Several(indexed_messages),  # and the output messages and tools
    },
    # Phoenix 20.26.1, trace/gen_ai/conversion.py, derives messages, tools, finish reason and provider from the standard
    # attributes itself, and ignores every cost but its own.
    "phoenix": _OPENINFERENCE,
    # https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/: no cost. Token details
    # are read by OpenInference's names only; unknown `gen_ai.*` attributes are kept, as tags.
    "datadog": {
        **{name: row for name, row in _OPENINFERENCE.items() if name == _KIND or "_details." in name},
        "_dd.ml_obs.metadata": Cost(openrouter_metadata),
        "gen_ai.openrouter.provider.name": names.OPENROUTER_PROVIDER_NAME,
        "gen_ai.openrouter.user.id": names.USER_ID,
    },
    # https://langfuse.com/integrations/native/opentelemetry; packages/shared/src/server/otel of its source
    "langfuse": {
        "langfuse.observation.type": span_kind({"embeddings": "embedding"}, "generation"),
        "langfuse.observation.cost_details": Cost(costs_as_json("total", "{}")),
        "langfuse.observation.usage_details": disjoint_usage,
        "langfuse.observation.completion_start_time": first_token_time,
    },
    # mlflow 3.17.2, tracing/otel/translation; MLflow adds up tokens only if both kinds are present
    "mlflow": {
        "mlflow.spanType": span_kind({"chat": "CHAT_MODEL", "embeddings": "EMBEDDING", "rerank": "RERANKER"}, "LLM"),
        "mlflow.llm.cost": Cost(costs_as_json("total_cost", "{}_cost")),
        "mlflow.chat.tokenUsage": token_usage,
    },
    # https://posthog.com/docs/ai-observability/manual-capture: a span's attributes become the event's properties.
    # Source: https://github.com/PostHog/posthog, nodejs/src/ingestion/pipelines/ai
    "posthog": {
        # otel/attribute-mapping.ts: an event without it is no generation unless its operation is `chat`
        "llm.request.type": only_for(dict.fromkeys(("text_completion", "generate_content"), "completion")),
        "$ai_total_cost_usd": Cost(names.GEN_AI_USAGE_COST),
        "$ai_input_cost_usd": Cost(input_cost),
        "$ai_output_cost_usd": Cost(output_cost),
        "$ai_cost_passthrough": true_if(names.GEN_AI_USAGE_COST),  # costs/index.ts: the parts are not estimated
        # costs/input-costs.ts: otherwise tokens of Claude are counted twice, because input excludes the cache there
        "$ai_cache_reporting_exclusive": false_if(names.GEN_AI_USAGE_INPUT_TOKENS),
        # otel/attribute-mapping.ts reads `cache_creation`, and older versions no cached tokens at all
        "$ai_cache_read_input_tokens": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        "$ai_cache_creation_input_tokens": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
        "$ai_reasoning_tokens": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        # costs/index.ts, extractCoreModelParams; otel/middleware sets them for other instrumentations
        "$ai_temperature": names.GEN_AI_REQUEST_TEMPERATURE,
        "$ai_max_tokens": names.GEN_AI_REQUEST_MAX_TOKENS,
        "$ai_stream": names.GEN_AI_REQUEST_STREAM,
        "$ai_stop_reason": first_finish_reason,
        "$ai_time_to_first_token": names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN,
        "$ai_session_id": names.SESSION_ID,
    },
    "logfire": {"operation.cost": Cost(names.GEN_AI_USAGE_COST)},  # logfire 5.2.0, pydantic-ai 2.68.0 write it
    # https://getsentry.github.io/sentry-conventions/attributes/gen_ai/; Sentry prices the models that it knows itself
    "sentry": {
        "gen_ai.cost.total_tokens": Cost(names.GEN_AI_USAGE_COST),
        "gen_ai.cost.input_tokens": Cost(input_cost),
        "gen_ai.cost.output_tokens": Cost(output_cost),
        # https://getsentry.github.io/relay/relay_conventions/attributes/: the older name of the convention
        "gen_ai.usage.cache_creation.input_tokens": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    },
    # https://docs.langchain.com/langsmith/trace-with-opentelemetry
    "langsmith": {
        "langsmith.span.kind": span_kind({"embeddings": "embedding", "rerank": "retriever"}, "llm"),
        "langsmith.usage_metadata": Cost(usage_metadata),
        "langsmith.metadata.thread_id": names.SESSION_ID,
        "langsmith.metadata.user_id": names.USER_ID,
    },
}

COST_ATTRIBUTES: Final = frozenset(
    name for dialect in DIALECTS.values() for name, row in dialect.items() if isinstance(row, Cost)
)
"""Names of cost attributes; ours replace those that another instrumentation has set."""


def cost_attributes(attributes: Mapping[str, Any]) -> list[str]:
    """Return the names of the costs of dialects among *attributes*, totals after their parts."""
    return [name for name in reversed([*attributes]) if name in COST_ATTRIBUTES]
