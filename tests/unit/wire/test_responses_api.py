"""Folding of `Response` objects into a `ResponseRecord`."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord
from opentelemetry.instrumentation.openrouter._wire.responses_api import finish_reason, fold_response


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


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ([{"type": "message"}], "stop"),
        ([{"type": "web_search_call", "id": "ws_1"}], "stop"),
        ([{"type": "mcp_call", "id": "mcp_1"}], "stop"),
        ([{"type": "openrouter:bash", "id": "b_1"}], "stop"),
        ([{"type": "tool_search_call", "execution": "server"}], "stop"),
        ([{"type": "tool_search_call", "execution": "client"}], "tool_calls"),
        ([{"type": "message"}, {"type": "function_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "custom_tool_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "computer_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "local_shell_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "apply_patch_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "mcp_approval_request", "id": "m_1"}], "tool_calls"),
        ([{"type": "shell_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "shell_call", "call_id": "c"}, {"type": "shell_call_output", "call_id": "c"}], "stop"),
        ([{"type": "shell_call", "call_id": "c"}, {"type": "shell_call_output", "call_id": "d"}], "tool_calls"),
        ([{"type": []}, None, {"type": "shell_call"}], "tool_calls"),
    ],
)
def test_finish_reason(output: list[Any], reason: str) -> None:
    """A response ends with tool calls if the caller has to run one, or has to approve it; not if the server ran all."""
    assert finish_reason({"status": "completed", "output": output}) == reason
