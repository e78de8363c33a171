"""Hypothesis strategies for arbitrary JSON with the field names of the wire, and checks of what the package makes of it."""

import math
from typing import Final

from hypothesis import strategies as st
from opentelemetry.instrumentation.openrouter._content.accumulators import _DELTAS
from opentelemetry.instrumentation.openrouter._content.messages import _BLOCKS
from opentelemetry.instrumentation.openrouter._content.parts import _PIECES
from opentelemetry.instrumentation.openrouter._wire.fields import Attributes
from opentelemetry.instrumentation.openrouter._wire.request import _BODY
from opentelemetry.instrumentation.openrouter._wire.usage import _USAGE

COMPLETIONS: Final = (
    "choices",
    "delta",
    "message",
    "finish_reason",
    "index",
    "error",
    "usage",
    "id",
    "model",
    "content",
)
ERRORS: Final = ("code", "message", "metadata", "error_type", "provider_name", "reasons")
NESTED: Final = ("cached_tokens", "upstream_inference_cost", "effort", "order", "sort", "by", "type")
RESPONSES: Final = ("response", "output", "status", "item", "output_index", "delta", "input", "instructions", "summary")
MESSAGES: Final = (
    "messages",
    "role",
    "parts",
    "tool_calls",
    "function",
    "arguments",
    "reasoning_details",
    "data",
    "url",
)
BLOCKS: Final = (
    "system",
    "content_block",
    "source",
    "citations",
    "citation",
    "partial_json",
    "thinking",
    "tools",
    "input_schema",
    "stop_reason",
    "input_tokens",
    "cache_read_input_tokens",
    "output_tokens_details",
    "thinking_tokens",
)
TYPES: Final = (
    *_PIECES,
    *_DELTAS,
    "response.completed",
    "response.output_item.done",
    "function_call",
    "error",
    "file",
    *_BLOCKS,
    "message_start",
    "message_delta",
    "message_stop",
    "content_block_start",
    "content_block_delta",
    "base64",
    "web_search_tool_result",
    "web_search_result_location",
    "server_tool_use",
)

text = st.text(st.characters(), max_size=4) | st.just("lone surrogate: \ud83d")
names = (
    st.sampled_from(sorted({*_BODY, *_USAGE, *COMPLETIONS, *ERRORS, *NESTED, *RESPONSES, *MESSAGES, *BLOCKS})) | text
)
leaves = (
    st.sampled_from(TYPES)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**18, 10**400)
    | st.floats()
    | text
)
values = st.recursive(
    leaves,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(names, children, max_size=6),
    max_leaves=20,
)
bodies = st.dictionaries(names, values, max_size=8)


def check_attributes(attributes: Attributes) -> None:
    """Check that any exporter can encode the attributes: UTF-8 text, finite floats, 64-bit integers."""
    for name, value in attributes.items():
        name.encode()
        for item in value if isinstance(value, tuple) else (value,):
            assert type(item) in (str, bool, int, float)
            if isinstance(item, str):
                item.encode()
            elif isinstance(item, float):
                assert math.isfinite(item)
            else:
                assert -(2**63) <= item < 2**63


def check_structure(value: object) -> None:
    """Check that an exporter of events can encode a nested value."""
    if isinstance(value, dict):
        for key, each in value.items():
            assert isinstance(key, str)
            key.encode()
            check_structure(each)
    elif isinstance(value, list):
        for each in value:
            check_structure(each)
    elif value is not None:
        assert not isinstance(value, tuple)
        check_attributes({"leaf": value})  # type: ignore[dict-item] - the type is what this checks
