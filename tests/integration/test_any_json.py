"""Arbitrary JSON in any field: the pure functions never raise, and any exporter can encode their results."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from opentelemetry.instrumentation.openrouter import _operations
from opentelemetry.instrumentation.openrouter._content.parts import make_text_filter
from opentelemetry.instrumentation.openrouter._telemetry.captured_content import as_json
from opentelemetry.instrumentation.openrouter._wire.errors import error_from_body
from opentelemetry.instrumentation.openrouter._wire.request import baggage_attributes, request_attributes
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes
from opentelemetry.instrumentation.openrouter._wire.usage import usage_attributes

from tests.json_strategies import bodies, check_attributes, check_structure

pytestmark = pytest.mark.exhaustive


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(bodies)
def test_any_json(body: dict[str, Any]) -> None:
    """The bodies of requests, usage objects, errors and baggage entries may be any JSON."""
    check_attributes(request_attributes(body, body))
    check_attributes(baggage_attributes(body, ["session.id", "user.id", "model"]))
    check_attributes(usage_attributes(body))
    error = error_from_body(body, error_type=body.get("error_type"))
    check_attributes(error.attributes())
    assert error.message is None or error.message.encode()


@pytest.mark.parametrize("path", _operations._BY_PATH)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(body=bodies, later=bodies)
def test_any_response(path: str, body: dict[str, Any], later: dict[str, Any]) -> None:
    """The bodies and chunks of each endpoint may be any JSON, with and without content capture."""
    operation, filter_text = _operations._BY_PATH[path], make_text_filter()
    check_attributes(operation.read_request(body, body))
    content = {"input": [operation.read_input(body, filter_text)]}
    values = (body, [body], None, "text", 3)
    for whole in values:
        accumulator = operation.accumulator()
        record = ResponseRecord(content=accumulator)
        operation.fold_body(record, whole)
        check_attributes(response_attributes(record))
        content["whole"] = operation.read_output(accumulator.body(), filter_text)
    for chunk in values:
        accumulator = operation.accumulator()
        record = ResponseRecord(content=accumulator)
        for now, each in enumerate((chunk, later, chunk)):
            operation.fold_chunk(record, each, float(now))
        operation.fold_error_event(record, body, 3.0)
        check_attributes(response_attributes(record))
        content["streamed"] = operation.read_output(accumulator.body(), filter_text)
    check_structure(content)
    for encoded in as_json(content).values():
        encoded.encode()
        json.loads(encoded, parse_constant=pytest.fail)
