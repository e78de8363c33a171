"""What a span says in the words of one backend: a table, backend -> word -> how it is read off the span.

Only words are here without which that backend shows less or something else. Pure, and nothing is made up: where the
span does not tell, the word is not said.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from .. import attributes as names
from .._wire.fields import Attributes, AttributeValue
from .dialect_values import (
    Told,
    all_tokens,
    costs_as_json,
    disjoint_usage,
    first_output,
    input_cost,
    json_where,
    kind,
    metadata_of_openrouter,
    model,
    output_cost,
    spread_messages,
    token_usage,
    usage_metadata,
)

Row: TypeAlias = "str | Callable[[Told], AttributeValue | Attributes | None]"
"""The attribute that a word repeats, or what makes it of several; where that are many, each under the word's prefix."""
Dialect: TypeAlias = Mapping[str, Row]


def translate(told: Told, dialect: Dialect) -> Attributes:
    """The words of *dialect* for what *told* tells."""
    found: Attributes = {}
    for word, row in dialect.items():
        value: AttributeValue | Attributes | None = told.attributes.get(row) if isinstance(row, str) else row(told)
        if isinstance(value, dict):
            found.update({f"{word}.{rest}": each for rest, each in value.items()})
        elif value is not None:
            found[word] = value
    return found


_KIND: Final = "openinference.span.kind"

# https://arize-ai.github.io/openinference/spec/attributes/semantic-conventions.html
_OPENINFERENCE: Final[Dialect] = {
    _KIND: kind({"embeddings": "EMBEDDING", "rerank": "RERANKER"}, "LLM"),
    "llm.model_name": model,
    "llm.token_count.prompt": names.GEN_AI_USAGE_INPUT_TOKENS,
    "llm.token_count.completion": names.GEN_AI_USAGE_OUTPUT_TOKENS,
    "llm.token_count.total": all_tokens,
    "llm.token_count.prompt_details.cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    "llm.token_count.prompt_details.cache_write": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    "llm.token_count.prompt_details.audio": names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
    "llm.token_count.completion_details.reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    "llm.token_count.completion_details.audio": names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
    "llm.cost.total": names.GEN_AI_USAGE_COST,
    "llm.cost.prompt": input_cost,
    "llm.cost.completion": output_cost,
    "input.value": names.GEN_AI_INPUT_MESSAGES,
    "input.mime_type": json_where(names.GEN_AI_INPUT_MESSAGES),
    "output.value": names.GEN_AI_OUTPUT_MESSAGES,
    "output.mime_type": json_where(names.GEN_AI_OUTPUT_MESSAGES),
}

DIALECTS: Final[Mapping[str, Dialect]] = {
    # https://arize.com/docs/ax/observe/tracing: it reads OpenInference first
    "arize": {
        **_OPENINFERENCE,
        "llm.input_messages": spread_messages(names.GEN_AI_INPUT_MESSAGES),
        "llm.output_messages": spread_messages(names.GEN_AI_OUTPUT_MESSAGES),
    },
    # Phoenix 20.26.1 makes messages of the standard names itself, and ignores every cost but its own.
    "phoenix": _OPENINFERENCE,
    # https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/: no cost. Details of tokens
    # are read by OpenInference's names alone; of what it does not know it keeps `gen_ai.*`, as tags.
    "datadog": {
        **{word: row for word, row in _OPENINFERENCE.items() if word == _KIND or "_details." in word},
        "_dd.ml_obs.metadata": metadata_of_openrouter,
        "gen_ai.openrouter.provider.name": names.OPENROUTER_PROVIDER_NAME,
        "gen_ai.openrouter.user.id": names.USER_ID,
    },
    # https://langfuse.com/integrations/native/opentelemetry; packages/shared/src/server/otel of its source
    "langfuse": {
        "langfuse.observation.type": kind({"embeddings": "embedding"}, "generation"),
        "langfuse.observation.cost_details": costs_as_json("total", "{}"),
        "langfuse.observation.usage_details": disjoint_usage,
        "langfuse.observation.completion_start_time": first_output,
    },
    # mlflow 3.17.2, run: tracing/otel/translation; it counts tokens by itself only where there are both kinds
    "mlflow": {
        "mlflow.spanType": kind({"chat": "CHAT_MODEL", "embeddings": "EMBEDDING", "rerank": "RERANKER"}, "LLM"),
        "mlflow.llm.cost": costs_as_json("total_cost", "{}_cost"),
        "mlflow.chat.tokenUsage": token_usage,
    },
    # https://posthog.com/docs/ai-observability/manual-capture: a span's attributes become the event's properties
    "posthog": {
        "$ai_total_cost_usd": names.GEN_AI_USAGE_COST,
        "$ai_input_cost_usd": input_cost,
        "$ai_output_cost_usd": output_cost,
        "$ai_time_to_first_token": names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN,
        "$ai_session_id": names.SESSION_ID,
    },
    "logfire": {"operation.cost": names.GEN_AI_USAGE_COST},  # logfire 5.2.0, pydantic-ai 2.68.0 write it
    # https://getsentry.github.io/sentry-conventions/attributes/gen_ai/; a model that Sentry knows is priced by it
    "sentry": {
        "gen_ai.cost.total_tokens": names.GEN_AI_USAGE_COST,
        "gen_ai.cost.input_tokens": input_cost,
        "gen_ai.cost.output_tokens": output_cost,
    },
    # https://docs.langchain.com/langsmith/trace-with-opentelemetry
    "langsmith": {
        "langsmith.span.kind": kind({"embeddings": "embedding", "rerank": "retriever"}, "llm"),
        "langsmith.usage_metadata": usage_metadata,
        "langsmith.metadata.thread_id": names.SESSION_ID,
        "langsmith.metadata.user_id": names.USER_ID,
    },
}

COSTS: Final = {
    "llm.cost.total",
    "llm.cost.prompt",
    "llm.cost.completion",
    "langfuse.observation.cost_details",
    "mlflow.llm.cost",
    "$ai_total_cost_usd",
    "$ai_input_cost_usd",
    "$ai_output_cost_usd",
    "operation.cost",
    "gen_ai.cost.total_tokens",
    "gen_ai.cost.input_tokens",
    "gen_ai.cost.output_tokens",
    "langsmith.usage_metadata",
    "_dd.ml_obs.metadata",
}
"""The words for money: they are ours, also where another instrumentor has said them."""
