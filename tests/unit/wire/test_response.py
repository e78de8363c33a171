"""Routing metadata and response headers in, attributes out: edge cases that no scenario covers."""

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.response import (
    ResponseRecord,
    fold_error_routing,
    fold_headers,
    fold_routing,
    fold_usage,
    mark_unfinished,
    response_attributes,
)


@pytest.mark.parametrize("routing", [3, [], {}, {"attempts": [], "attempt": -1, "endpoints": {"available": [None]}}])
def test_malformed_routing(routing: object) -> None:
    """Malformed routing metadata adds no attributes."""
    record = ResponseRecord()
    fold_routing(record, routing)
    assert response_attributes(record) == {}


def test_routing_of_a_truncated_error_body() -> None:
    """Routing metadata is read from a complete JSON error body only; a truncated body changes nothing."""
    record = ResponseRecord()
    fold_error_routing(record, b'{"openrouter_metadata": {"strategy": "auto"}}')
    fold_error_routing(record, b"<html></html>")
    fold_error_routing(record, b'{"openrouter_metadata": ' + b"[" * 100_000)
    fold_error_routing(record, b'{"openrouter_metadata": {"strategy": "fall')
    assert response_attributes(record) == {"openrouter.routing.strategy": "auto"}


def test_headers_fill_missing_values() -> None:
    """Values from the body take precedence over headers; unknown headers and a non-numeric age are ignored."""
    headers = [
        (b"X-Generation-Id", b"gen-header"),
        (b"x-provider-name", b"Header"),
        (b"X-OpenRouter-Cache-Age", b"soon"),
        (b"X-OpenRouter-Cache-Status", b"MISS"),
        (b"Set-Cookie", b"secret"),
    ]
    record = ResponseRecord(provider="Body")
    fold_headers(record, SimpleNamespace(raw=headers))
    fold_headers(record, None)
    assert response_attributes(record) == {
        "gen_ai.response.id": "gen-header",
        "openrouter.provider.name": "Body",
        "openrouter.cache.status": "MISS",
    }


FULL: Any = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "cost": 0.1,
    "is_byok": True,
    "prompt_tokens_details": {"cached_tokens": 3},
    "cost_details": {"upstream_inference_cost": 0.2},
}
FIGURES: Any = {
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 3,
    "gen_ai.usage.cost": 0.3,
    "openrouter.usage.cost": 0.1,
    "openrouter.usage.upstream_inference_cost": 0.2,
    "openrouter.usage.is_byok": True,
}


@pytest.mark.parametrize(
    ("usages", "changed"),
    [
        ([FULL], {}),
        ([FULL, {}], {}),
        ([{}, FULL], {}),
        ([FULL, "free"], {}),
        ([FULL, {"cost": None, "prompt_tokens": None}], {}),
        ([FULL, {"prompt_tokens_details": {}, "cost_details": {"upstream_inference_cost": None}}], {}),
        ([FULL, {"prompt_tokens": "many", "cost": -1}], {}),
        ([{"cost": 0.1}, {"prompt_tokens": 10}, {key: FULL[key] for key in FULL if key != "cost"}], {}),
        ([{**FULL, "completion_tokens": 1, "cost": 0.05}, {"completion_tokens": 3}, FULL], {}),
        (
            [FULL, {"completion_tokens": 6, "cost": 0}],
            {
                "gen_ai.usage.output_tokens": 6,
                "openrouter.usage.cost": 0.0,
                "gen_ai.usage.cost": 0.2,
            },
        ),
    ],
)
def test_several_usage_objects(usages: list[Any], changed: dict[str, Any]) -> None:
    """A later `usage` replaces the figures that it has and removes none; the total cost is that of all of them."""
    record = ResponseRecord()
    for usage in usages:
        fold_usage(record, usage)
    assert response_attributes(record) == {**FIGURES, **changed}


@pytest.mark.parametrize("usage", [None, {}, {"cost": None}, "free", []])
def test_usage_without_figures(usage: object) -> None:
    """An empty `usage` is absent: a stream that ends after it can still be settled."""
    record = ResponseRecord()
    fold_usage(record, usage)
    assert record.usage is None


@pytest.mark.parametrize(
    ("count", "reasons"),
    [(None, ("stop",)), (3, ("stop", "error", "error")), ("x", ("stop",)), (-1, ("stop",)), (10**9, None)],
)
def test_unfinished_choices(count: object, reasons: tuple[str, ...] | None) -> None:
    """Each choice that did not finish has the finish reason `error`, at its place, if there was a stream at all."""
    record = ResponseRecord(finish_reasons={0: "stop"})
    mark_unfinished(record, count)
    assert record.finish_reasons == {0: "stop"}
    record.has_identity = True
    mark_unfinished(record, count)
    found = response_attributes(record)["gen_ai.response.finish_reasons"]
    assert found == reasons if reasons else len(str(found)) < 1000


@pytest.mark.parametrize(
    ("body_id", "header", "expected"),
    [("msg_1", b"gen-1", "gen-1"), ("msg_1", b"", "msg_1"), ("gen-2", b"gen-1", "gen-2"), (None, b"gen-1", "gen-1")],
)
def test_generation_id(body_id: str | None, header: bytes, expected: str) -> None:
    """The id is OpenRouter's, also where the body has the upstream provider's."""
    record = ResponseRecord(id=body_id)
    fold_headers(record, SimpleNamespace(raw=[(b"X-Generation-Id", header)]))
    assert record.id == expected
