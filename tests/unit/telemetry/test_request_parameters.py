"""The parameters of a request as JSON."""

import json
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialect_values import SpanSnapshot
from opentelemetry.instrumentation.openrouter._telemetry.request_parameters import (
    embedding_parameters,
    llm_parameters,
)
from opentelemetry.instrumentation.openrouter._wire.request import request_attributes


def _span(operation: str, body: dict[str, Any]) -> SpanSnapshot:
    return SpanSnapshot({"gen_ai.operation.name": operation, **request_attributes(body)}, 0)


def test_parameters_are_those_of_the_request() -> None:
    """The JSON has the fields of the request, without content, user, session and metadata."""
    body: dict[str, Any] = {
        "model": "m",
        "models": ["a", "b"],
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 3,
        "max_tokens": 10,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "stop": ["x"],
        "seed": 0,
        "n": 2,
        "stream": True,
        "reasoning_effort": "low",
        "provider": {"order": ["azure"], "allow_fallbacks": False, "sort": "price"},
        "service_tier": "flex",
    }
    span = _span("chat", {**body, "user": "u", "session_id": "s", "metadata": {"a": "b"}, "messages": ["secret"]})
    assert json.loads(llm_parameters(span) or "") == body
    assert embedding_parameters(span) is None


def test_parameters_of_embeddings() -> None:
    """Embeddings have parameters under another name."""
    body: dict[str, Any] = {"model": "m", "dimensions": 4, "encoding_format": "float", "provider": {"zdr": True}}
    span = _span("embeddings", body)
    assert json.loads(embedding_parameters(span) or "") == body
    assert llm_parameters(span) is None


@pytest.mark.parametrize("operation", ["chat", "embeddings"])
def test_no_parameters(operation: str) -> None:
    """Without parameters there is no attribute."""
    span = _span(operation, {})
    assert llm_parameters(span) is None
    assert embedding_parameters(span) is None
