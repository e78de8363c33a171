"""Any JSON in any place: the pure floors never raise, and what they give any exporter can encode."""

import json
import math
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai._models import construct_type
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter import _operations
from opentelemetry.instrumentation.openrouter._content.accumulators import _DELTAS
from opentelemetry.instrumentation.openrouter._content.parts import _PIECES, make_text_filter
from opentelemetry.instrumentation.openrouter._telemetry.captured_content import as_json
from opentelemetry.instrumentation.openrouter._wire.errors import error_from_body
from opentelemetry.instrumentation.openrouter._wire.fields import Attributes
from opentelemetry.instrumentation.openrouter._wire.request import _BODY, baggage_attributes, request_attributes
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes
from opentelemetry.instrumentation.openrouter._wire.usage import _USAGE, usage_attributes

ANSWERS: Final = ("choices", "delta", "message", "finish_reason", "index", "error", "usage", "id", "model", "content")
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
KINDS: Final = (*_PIECES, *_DELTAS, "response.completed", "response.output_item.done", "function_call", "error", "file")

text = st.text(st.characters(), max_size=4) | st.just("half a pair: \ud83d")
names = st.sampled_from(sorted({*_BODY, *_USAGE, *ANSWERS, *ERRORS, *NESTED, *RESPONSES, *MESSAGES})) | text
leaves = (
    st.sampled_from(KINDS)
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


def _check(attributes: Attributes) -> None:
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


def _check_structure(value: object) -> None:
    """What the exporter of events must encode."""
    if isinstance(value, dict):
        for key, each in value.items():
            assert isinstance(key, str)
            key.encode()
            _check_structure(each)
    elif isinstance(value, list):
        for each in value:
            _check_structure(each)
    elif value is not None:
        assert not isinstance(value, tuple)
        _check({"leaf": value})  # type: ignore[dict-item] - that is what is checked


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(bodies)
def test_any_json(body: dict[str, Any]) -> None:
    """Bodies of requests, usage, errors and baggage, wherever they may come."""
    _check(request_attributes(body, body))
    _check(baggage_attributes(body, ["session.id", "user.id", "model"]))
    _check(usage_attributes(body))
    failure = error_from_body(body, error_type=body.get("error_type"))
    _check(failure.attributes())
    assert failure.message is None or failure.message.encode()


@pytest.mark.parametrize("path", _operations._BY_PATH)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(body=bodies, later=bodies)
def test_any_answer(path: str, body: dict[str, Any], later: dict[str, Any]) -> None:
    """Answers and chunks of each endpoint, as dicts and as the SDK's models, with and without their content."""
    operation, keep = _operations._BY_PATH[path], make_text_filter()
    content = {"input": [operation.read_input(body, keep)]}
    wholes = (body, construct_type(type_=ChatCompletion, value=body), [body], None, "text", 3)
    for whole in wholes:
        accumulator = operation.accumulator()
        answer = ResponseRecord(content=accumulator)
        operation.fold_body(answer, whole)
        _check(response_attributes(answer))
        content["whole"] = operation.read_output(accumulator.body(), keep)
    for chunk in (*wholes, construct_type(type_=ChatCompletionChunk, value=body)):
        accumulator = operation.accumulator()
        answer = ResponseRecord(content=accumulator)
        for now, each in enumerate((chunk, later, chunk)):
            operation.fold_chunk(answer, each, float(now))
        operation.fold_error_event(answer, body, 3.0)
        _check(response_attributes(answer))
        content["streamed"] = operation.read_output(accumulator.body(), keep)
    _check_structure(content)
    for encoded in as_json(content).values():
        encoded.encode()
        json.loads(encoded, parse_constant=pytest.fail)
