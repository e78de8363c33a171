"""Messages, events and requests of the Anthropic Messages API in, attributes out: edge cases that no scenario covers."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.messages import (
    finish_reason,
    fold_message,
    fold_message_event,
    message_request_attributes,
    unified_usage,
)
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes
from opentelemetry.instrumentation.openrouter._wire.usage import usage_attributes

INPUT = "gen_ai.usage.input_tokens"
READ = "gen_ai.usage.cache_read.input_tokens"
WRITE = "gen_ai.usage.cache_write.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, {}),
        ("free", {}),
        ({"input_tokens": 20, "output_tokens": 30}, {INPUT: 20, OUTPUT: 30}),
        (
            {"input_tokens": 20, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 200},
            {INPUT: 320, WRITE: 100, READ: 200},
        ),
        ({"input_tokens": 0, "cache_creation_input_tokens": None, "cache_read_input_tokens": 7}, {INPUT: 7, READ: 7}),
        ({"cache_read_input_tokens": 7}, {INPUT: 7, READ: 7}),
        ({"input_tokens": "20", "output_tokens": -1}, {}),
        ({"output_tokens_details": {"thinking_tokens": 5}}, {"gen_ai.usage.reasoning.output_tokens": 5}),
        (
            {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0}},
            {
                "openrouter.usage.server_tool_use.web_search_requests": 2,
                "openrouter.usage.server_tool_use.web_fetch_requests": 0,
            },
        ),
        (
            {"cost": 0.5, "cost_details": {"upstream_inference_input_cost": 0.2}, "iterations": [{"input_tokens": 1}]},
            {"gen_ai.usage.cost": 0.5, "openrouter.usage.cost": 0.5, "openrouter.usage.input_cost": 0.2},
        ),
    ],
)
def test_usage(usage: object, expected: dict[str, Any]) -> None:
    """Input tokens include the cached ones; absent figures stay absent."""
    assert usage_attributes(unified_usage(usage)) == expected


def test_usage_of_a_stream_is_cumulative() -> None:
    """A later usage replaces what it has, and null keeps what was sent before."""
    first = unified_usage({"input_tokens": 20, "cache_read_input_tokens": 5, "cost": 0.1})
    second = unified_usage({"input_tokens": None, "cache_read_input_tokens": 8, "output_tokens": 3}, first)
    third = unified_usage({"input_tokens": 21, "output_tokens": 4, "cost": 0.2}, second)
    assert usage_attributes(second) == {
        INPUT: 28,
        READ: 8,
        OUTPUT: 3,
        "gen_ai.usage.cost": 0.1,
        "openrouter.usage.cost": 0.1,
    }
    assert usage_attributes(third)[INPUT] == 29
    assert usage_attributes(third)["gen_ai.usage.cost"] == 0.2


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("end_turn", "stop"), ("pause_turn", "stop"), ("tool_use", "tool_calls"), ("new", "new"), (None, None), (3, None)],
)
def test_finish_reasons(reason: object, expected: str | None) -> None:
    """Stop reasons become those of chat; an unknown one stays."""
    assert finish_reason(reason) == expected


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ({"content": []}, None),
        ({}, "empty_response"),
        ({"type": "error", "error": {"type": "overloaded_error"}}, "provider_overloaded"),
        ({"type": "error", "error": {"type": "new_error"}}, "unmapped"),
    ],
)
def test_errors(body: dict[str, Any], error_type: str | None) -> None:
    """A body without content is empty, and an error has OpenRouter's type or Anthropic's."""
    record = ResponseRecord()
    fold_message(record, body)
    assert (record.error.type if record.error else None) == error_type


@pytest.mark.parametrize(
    ("event", "is_output"),
    [
        ({"type": "content_block_start", "content_block": {"type": "text", "text": ""}}, False),
        ({"type": "content_block_start", "content_block": {"type": "thinking"}}, False),
        ({"type": "content_block_start", "content_block": {"type": "tool_use", "name": "look"}}, True),
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": ""}}, False),
        ({"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "x"}}, False),
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}}, True),
        ({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "a"}}, True),
        ({"type": "ping"}, False),
        ({"type": 3}, False),
        ("x", False),
        (None, False),
    ],
)
def test_first_token(event: object, is_output: bool) -> None:
    """The first token is the first piece of text, thinking or a tool call."""
    record = ResponseRecord()
    fold_message_event(record, event, 1.0)
    assert record.first_token == (1.0 if is_output else None)
    assert response_attributes(record) == {}


def test_stream() -> None:
    """A stream that is left has the tokens of its input; the last usage is final, and its cost may be missing."""
    record = ResponseRecord()
    usage = {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 1}
    fold_message_event(record, {"type": "message_start", "message": {"id": "gen-1", "usage": usage}}, 1.0)
    assert record.usage is None
    assert response_attributes(record) == {"gen_ai.response.id": "gen-1", INPUT: 25, READ: 5}
    fold_message_event(record, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, 2.0)
    assert record.usage is None
    fold_message_event(
        record, {"type": "message_delta", "usage": {"output_tokens": 9, "service_tier": "standard"}}, 3.0
    )
    assert record.lacks_cost
    fold_message_event(record, {"type": "message_delta", "usage": {"output_tokens": 9, "cost": 0.5}}, 4.0)
    assert not record.lacks_cost
    fold_message_event(record, {"type": "message_stop", "openrouter_metadata": {"strategy": "auto"}}, 5.0)
    assert response_attributes(record) == {
        "gen_ai.response.id": "gen-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "openrouter.response.native_finish_reasons": ("end_turn",),
        "openrouter.response.service_tier": "standard",
        "openrouter.routing.strategy": "auto",
        INPUT: 25,
        READ: 5,
        OUTPUT: 9,
        "gen_ai.usage.cost": 0.5,
        "openrouter.usage.cost": 0.5,
    }


def test_error_event() -> None:
    """An error event has routing metadata beside the error."""
    record = ResponseRecord()
    error = {"type": "api_error", "message": "m", "error_type": "provider_unavailable"}
    fold_message_event(record, {"type": "error", "error": error, "openrouter_metadata": {"region": "iad"}}, 1.0)
    assert record.error is not None
    assert (record.error.type, record.error.message) == ("provider_unavailable", "m")
    assert response_attributes(record) == {"openrouter.routing.region": "iad"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"metadata": {"user_id": "u-1", "key": "x"}}, {"user.id": "u-1"}),
        ({"metadata": None}, {}),
        ({"stop_sequences": ["a", "b"]}, {"gen_ai.request.stop_sequences": ("a", "b")}),
        ({"output_config": {"effort": "low"}}, {"gen_ai.request.reasoning.level": "low"}),
        ({"output_config": {"format": {"type": "json_schema"}}}, {"gen_ai.output.type": "json"}),
        ({"output_format": {"type": "json_schema"}}, {"gen_ai.output.type": "json"}),
        ({"output_format": {"type": "new"}}, {}),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 9}, {"gen_ai.request.max_tokens": 9}),
        ({"top_k": object(), "metadata": object(), "tools": object()}, {}),
    ],
)
def test_requests(body: dict[str, object], expected: dict[str, Any]) -> None:
    """`metadata.user_id` is the user; values that the SDK leaves out when it sends are absent."""
    assert message_request_attributes(body) == expected
