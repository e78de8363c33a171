"""Routing metadata and response headers in, attributes out: edge cases that no scenario covers."""

from types import SimpleNamespace

import pytest
from opentelemetry.instrumentation.openrouter._wire.response import (
    ResponseRecord,
    fold_error_routing,
    fold_headers,
    fold_routing,
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
