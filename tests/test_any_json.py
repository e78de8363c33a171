"""Any JSON in any place: the pure floors never raise, and what they give any exporter can encode."""

import math
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from openai._models import construct_type
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter._errors import failure_in
from opentelemetry.instrumentation.openrouter._request import _BODY, request_attributes
from opentelemetry.instrumentation.openrouter._response import (
    Answer,
    fold_chunk,
    fold_error_event,
    fold_whole,
    response_attributes,
)
from opentelemetry.instrumentation.openrouter._usage import _USAGE, usage_attributes
from opentelemetry.instrumentation.openrouter._wire import Attributes

ANSWERS: Final = ("choices", "delta", "message", "finish_reason", "index", "error", "usage", "id", "model", "content")
ERRORS: Final = ("code", "message", "metadata", "error_type", "provider_name", "reasons")
NESTED: Final = ("cached_tokens", "upstream_inference_cost", "effort", "order", "sort", "by", "type")

text = st.text(st.characters(), max_size=4) | st.just("half a pair: \ud83d")
names = st.sampled_from(sorted({*_BODY, *_USAGE, *ANSWERS, *ERRORS, *NESTED})) | text
leaves = st.none() | st.booleans() | st.integers() | st.integers(10**18, 10**400) | st.floats() | text
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


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(bodies)
def test_any_json(body: dict[str, Any]) -> None:
    """Bodies as dicts and as the SDK's models, wherever they may come."""
    _check(request_attributes(body, body))
    _check(usage_attributes(body))
    failure = failure_in(body)
    _check(failure.attributes())
    assert failure.message is None or failure.message.encode()
    for whole in (body, construct_type(type_=ChatCompletion, value=body)):
        answer = Answer()
        fold_whole(answer, whole)
        _check(response_attributes(answer))
    for chunk in (body, construct_type(type_=ChatCompletionChunk, value=body)):
        answer = Answer()
        fold_chunk(answer, chunk, 1.0)
        fold_chunk(answer, chunk, 2.0)
        fold_error_event(answer, body, 3.0)
        _check(response_attributes(answer))
