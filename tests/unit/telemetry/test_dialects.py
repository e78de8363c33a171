"""The attributes of each dialect, computed from the attributes of a span."""

import json
from typing import Any, Final

import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialect_values import SpanSnapshot
from opentelemetry.instrumentation.openrouter._telemetry.dialects import (
    COST_ATTRIBUTES,
    DIALECTS,
    cost_attributes,
    dialect_attributes,
)

CHAT: Final[dict[str, Any]] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openrouter",
    "gen_ai.request.model": "openrouter/auto",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 300,
    "gen_ai.request.stream": True,
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "gen_ai.response.finish_reasons": ("stop", "length"),
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 200,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "gen_ai.usage.cache_write.input_tokens": 100,
    "gen_ai.usage.reasoning.output_tokens": 50,
    "gen_ai.usage.cost": 0.0123,
    "openrouter.usage.input_cost": 0.0023,
    "openrouter.usage.output_cost": 0.01,
    "openrouter.response.time_to_first_token": 0.25,
    "openrouter.provider.name": "Azure",
    "user.id": "u-1",
    "session.id": "s-1",
}
OPENINFERENCE: Final[dict[str, Any]] = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "openai/gpt-4o-mini",
    "llm.token_count.prompt": 1000,
    "llm.token_count.completion": 200,
    "llm.token_count.total": 1200,
    "llm.token_count.prompt_details.cache_read": 400,
    "llm.token_count.prompt_details.cache_write": 100,
    "llm.token_count.completion_details.reasoning": 50,
    "llm.cost.total": 0.0123,
    "llm.cost.prompt": 0.0023,
    "llm.cost.completion": 0.01,
    "llm.invocation_parameters": {"model": "openrouter/auto", "temperature": 0.5, "max_tokens": 300, "stream": True},
}


def _dialect_attributes(backend: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a dialect, with JSON values decoded."""
    found: dict[str, Any] = dialect_attributes(SpanSnapshot(attributes, 1_700_000_000_000_000_000), DIALECTS[backend])
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith(("{", '"')) else value
        for name, value in found.items()
    }


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("arize", {**OPENINFERENCE, "llm.finish_reason": "stop", "llm.provider": "openrouter"}),
        ("phoenix", OPENINFERENCE),
        (
            "datadog",
            {
                "openinference.span.kind": "LLM",
                "llm.token_count.prompt_details.cache_read": 400,
                "llm.token_count.prompt_details.cache_write": 100,
                "llm.token_count.completion_details.reasoning": 50,
                "_dd.ml_obs.metadata": {
                    "openrouter": {"cost": 0.0123, "provider": "Azure", "time_to_first_token": 0.25}
                },
                "gen_ai.openrouter.provider.name": "Azure",
                "gen_ai.openrouter.user.id": "u-1",
            },
        ),
        (
            "langfuse",
            {
                "langfuse.observation.type": "generation",
                "langfuse.observation.cost_details": {"input": 0.0023, "output": 0.01, "total": 0.0123},
                "langfuse.observation.usage_details": {
                    "input": 500,
                    "input_cached_tokens": 400,
                    "input_cache_creation": 100,
                    "output": 150,
                    "output_reasoning_tokens": 50,
                    "total": 1200,
                },
                "langfuse.observation.completion_start_time": "2023-11-14T22:13:20.250+00:00",
            },
        ),
        (
            "mlflow",
            {
                "mlflow.spanType": "CHAT_MODEL",
                "mlflow.llm.cost": {"input_cost": 0.0023, "output_cost": 0.01, "total_cost": 0.0123},
                "mlflow.chat.tokenUsage": {
                    "input_tokens": 1000,
                    "output_tokens": 200,
                    "total_tokens": 1200,
                    "cache_read_input_tokens": 400,
                    "cache_creation_input_tokens": 100,
                },
            },
        ),
        (
            "posthog",
            {
                "$ai_total_cost_usd": 0.0123,
                "$ai_input_cost_usd": 0.0023,
                "$ai_output_cost_usd": 0.01,
                "$ai_cost_passthrough": True,
                "$ai_cache_reporting_exclusive": False,
                "$ai_cache_read_input_tokens": 400,
                "$ai_cache_creation_input_tokens": 100,
                "$ai_reasoning_tokens": 50,
                "$ai_temperature": 0.5,
                "$ai_max_tokens": 300,
                "$ai_stream": True,
                "$ai_stop_reason": "stop",
                "$ai_time_to_first_token": 0.25,
                "$ai_session_id": "s-1",
            },
        ),
        ("logfire", {"operation.cost": 0.0123}),
        (
            "sentry",
            {
                "gen_ai.cost.total_tokens": 0.0123,
                "gen_ai.cost.input_tokens": 0.0023,
                "gen_ai.cost.output_tokens": 0.01,
                "gen_ai.usage.cache_creation.input_tokens": 100,
            },
        ),
        (
            "langsmith",
            {
                "langsmith.span.kind": "llm",
                "langsmith.usage_metadata": {
                    "input_tokens": 1000,
                    "output_tokens": 200,
                    "total_tokens": 1200,
                    "input_token_details": {"cache_read": 400, "cache_creation": 100},
                    "output_token_details": {"reasoning": 50},
                    "input_cost": 0.0023,
                    "output_cost": 0.01,
                    "total_cost": 0.0123,
                },
                "langsmith.metadata.thread_id": "s-1",
                "langsmith.metadata.user_id": "u-1",
            },
        ),
    ],
)
def test_attributes(backend: str, expected: dict[str, Any]) -> None:
    """Each dialect sets exactly its documented attributes."""
    assert _dialect_attributes(backend, CHAT) == expected


KINDS: Final = {
    "datadog": {"openinference.span.kind": "LLM"},
    "arize": {
        "openinference.span.kind": "LLM",
        "llm.model_name": "m",
        "llm.invocation_parameters": {"model": "m"},
    },
    "phoenix": {
        "openinference.span.kind": "LLM",
        "llm.model_name": "m",
        "llm.invocation_parameters": {"model": "m"},
    },
    "mlflow": {"mlflow.spanType": "CHAT_MODEL"},
    "langfuse": {"langfuse.observation.type": "generation"},
    "langsmith": {"langsmith.span.kind": "llm"},
}


@pytest.mark.parametrize("backend", DIALECTS)
def test_call_without_usage(backend: str) -> None:
    """A call without usage, such as a failed one, has a kind and a model, but no tokens or cost."""
    found = _dialect_attributes(backend, {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"})
    assert found == KINDS.get(backend, {})


@pytest.mark.parametrize("backend", DIALECTS)
def test_zero_is_a_value(backend: str) -> None:
    """A cost of zero is set."""
    free = {"gen_ai.usage.cost": 0.0, "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}
    costs = [value for name, value in _dialect_attributes(backend, free).items() if name in COST_ATTRIBUTES]
    assert costs
    for cost in costs:
        total = cost.get("openrouter", cost) if isinstance(cost, dict) else {"total": cost}
        assert (total.get("total"), total.get("total_cost"), total.get("cost")).count(0.0) == 1


def test_cost_attributes_are_complete() -> None:
    """Each dialect has a cost attribute, and `COST_ATTRIBUTES` lists exactly those of all dialects."""
    costs = {backend: set(_dialect_attributes(backend, CHAT)) & COST_ATTRIBUTES for backend in DIALECTS}
    assert all(costs.values())
    assert set.union(*costs.values()) == COST_ATTRIBUTES


@pytest.mark.parametrize(
    "parts",
    [
        {"openrouter.usage.input_cost": 0.0023, "openrouter.usage.output_cost": 0.0099},  # a server tool has a cost too
        {"openrouter.usage.input_cost": 0.0123},
        {"openrouter.usage.output_cost": 0.0123},
    ],
)
def test_partial_cost_is_not_split(parts: dict[str, float]) -> None:
    """Input and output costs are set only if they add up to the total, because backends sum them."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0.0123, **parts}
    assert _dialect_attributes("posthog", attributes) == {
        "$ai_total_cost_usd": 0.0123,
        "$ai_cost_passthrough": True,
    }
    assert _dialect_attributes("mlflow", attributes)["mlflow.llm.cost"] == {"total_cost": 0.0123}


def test_costs_are_compared_in_decimal() -> None:
    """Costs are added in decimal: 0.1 + 0.2 equals 0.3."""
    attributes = {"gen_ai.usage.cost": 0.3, "openrouter.usage.input_cost": 0.1, "openrouter.usage.output_cost": 0.2}
    assert _dialect_attributes("sentry", attributes)["gen_ai.cost.input_tokens"] == 0.1


@pytest.mark.parametrize(
    ("operation", "kinds"),
    [
        ("chat", ("LLM", "generation", "llm")),
        ("text_completion", ("LLM", "generation", "llm")),
        ("generate_content", ("LLM", "generation", "llm")),
        ("embeddings", ("EMBEDDING", "embedding", "embedding")),
        ("rerank", ("RERANKER", "generation", "retriever")),
    ],
)
def test_kinds(operation: str, kinds: tuple[str, ...]) -> None:
    """Each backend has its own span kind for an operation."""
    attributes = {"gen_ai.operation.name": operation}
    found = {
        **_dialect_attributes("phoenix", attributes),
        **_dialect_attributes("langfuse", attributes),
        **_dialect_attributes("langsmith", attributes),
    }
    assert tuple(found.values()) == kinds


def test_inconsistent_usage() -> None:
    """More cached than input tokens, or more reasoning than output tokens, do not give a negative count."""
    attributes = {
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 5,
    }
    usage = _dialect_attributes("langfuse", attributes)["langfuse.observation.usage_details"]
    assert usage == {"input_cached_tokens": 5, "output_reasoning_tokens": 5, "total": 2}


def test_content() -> None:
    """OpenInference has messages twice: as the span's input and output values, and as indexed attributes."""
    messages = '[{"role": "user", "parts": [{"type": "text", "content": "Look"}]}]'
    attributes = {"gen_ai.input.messages": messages, "gen_ai.output.messages": messages}
    found: dict[str, Any] = dialect_attributes(SpanSnapshot(attributes, 0), DIALECTS["arize"])
    assert found == {
        "openinference.span.kind": "LLM",
        "input.value": messages,
        "input.mime_type": "application/json",
        "output.value": messages,
        "output.mime_type": "application/json",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "Look",
        "llm.output_messages.0.message.role": "user",
        "llm.output_messages.0.message.content": "Look",
    }


@pytest.mark.parametrize(("room", "expected"), [(0, [0, 0]), (9, [0, 0]), (10, [2, 0]), (12, [2, 2]), (None, [2, 2])])
def test_room_is_for_other_attributes_first(room: int | None, expected: list[int]) -> None:
    """Messages have the room that the other attributes of the dialect leave, and come before them."""
    messages = '[{"role": "user", "parts": [{"type": "text", "content": "Look"}]}]'
    attributes = {
        "gen_ai.input.messages": messages,
        "gen_ai.output.messages": messages,
        "gen_ai.usage.cost": 0.5,
        "openinference.span.kind": "LLM",  # present: it needs no room
    }
    found = list(dialect_attributes(SpanSnapshot(attributes, 0, room), DIALECTS["arize"]))
    counts = [len([name for name in found if name.startswith(f"llm.{kind}_m")]) for kind in ("output", "input")]
    assert counts == expected
    assert found.index("llm.cost.total") >= sum(counts)


def test_embeddings() -> None:
    """An embedding has its own names for the model and the parameters."""
    attributes = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.request.model": "m",
        "gen_ai.embeddings.dimension.count": 4,
    }
    found = _dialect_attributes("arize", attributes)
    assert found == {
        "openinference.span.kind": "EMBEDDING",
        "llm.model_name": "m",
        "embedding.model_name": "m",
        "embedding.invocation_parameters": {"model": "m", "dimensions": 4},
    }


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("chat", None), ("embeddings", None), ("text_completion", "completion"), ("generate_content", "completion")],
)
def test_generations_of_posthog(operation: str, expected: str | None) -> None:
    """PostHog takes an operation that it does not know for a span, unless it has a request type."""
    found = _dialect_attributes("posthog", {"gen_ai.operation.name": operation})
    assert found == ({} if expected is None else {"llm.request.type": expected})


def test_costs_of_a_dialect() -> None:
    """The costs of a dialect are listed with the total last."""
    assert cost_attributes(dialect_attributes(SpanSnapshot(CHAT, 0), DIALECTS["arize"])) == [
        "llm.cost.completion",
        "llm.cost.prompt",
        "llm.cost.total",
    ]


def test_truncated_messages() -> None:
    """Messages that are truncated do not affect the other attributes."""
    attributes: dict[str, Any] = {"gen_ai.input.messages": '[{"role": "us', "gen_ai.usage.cost": 0.5}
    found = dialect_attributes(SpanSnapshot(attributes, 0), DIALECTS["arize"])
    assert found["llm.cost.total"] == 0.5
    assert not [name for name in found if name.startswith("llm.input_messages")]
