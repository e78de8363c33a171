"""Folding of `Response` objects into a `ResponseRecord`."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord
from opentelemetry.instrumentation.openrouter._wire.responses_api import fold_response


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ({"status": "failed", "error": None, "output": []}, "unmapped"),
        ({"status": "failed", "error": None, "error_type": "timeout"}, "timeout"),
        ({"status": "failed", "error": {"code": "invalid_prompt", "message": "No"}}, "invalid_prompt"),
        ({"status": "incomplete", "incomplete_details": None, "output": []}, None),
        ({"status": "cancelled", "output": []}, None),
        ({"status": "queued", "output": []}, None),
        ({"error": {"code": 502}}, "provider_unavailable"),
        ({}, "empty_response"),
    ],
)
def test_status(body: dict[str, Any], error_type: str | None) -> None:
    """Status `failed` is an error with or without an error code; the other states are not errors."""
    record = ResponseRecord()
    fold_response(record, body)
    assert (record.error.type if record.error else None) == error_type
    reason = {"failed": "error", "incomplete": "length"}.get(body.get("status", ""))
    assert record.finish_reasons == ({} if reason is None else {0: reason})
