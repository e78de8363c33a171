"""The ids of OpenRouter Broadcast's traces, and the `trace` field of a request."""

import hashlib
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.broadcast import broadcast_ids, trace_field

GENERATION_ID = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"


def test_ids() -> None:
    """The trace id is the first 32 hex digits of the SHA-256 of the generation id, the span id the first 16."""
    digest = hashlib.sha256(GENERATION_ID.encode()).hexdigest()
    assert broadcast_ids(GENERATION_ID) == (int(digest[:32], 16), int(digest[:16], 16))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"trace_id": "00000000000000000000000000000001", "parent_span_id": "0000000000000002"}),
        (
            {"trace": {"trace_name": "mine", "feature": "search"}},
            {
                "trace_name": "mine",
                "feature": "search",
                "trace_id": "00000000000000000000000000000001",
                "parent_span_id": "0000000000000002",
            },
        ),
        ({"trace": {"trace_id": "mine"}}, None),
        ({"trace": {"parent_span_id": "00f067aa0ba902b7"}}, None),
        ({"trace": "mine"}, None),
    ],
)
def test_trace_field(body: dict[str, Any], expected: dict[str, str] | None) -> None:
    """Our ids are added to the caller's `trace` field, unless the caller sets an id or the field is not an object."""
    assert trace_field(body, 1, 2) == expected
