"""Whole bodies of HTTP libraries: JSON, and server-sent events that the library has read itself."""

import pytest
from opentelemetry.instrumentation.openrouter._clients.bodies import ResponseHead, fold_body
from opentelemetry.instrumentation.openrouter._operations import operation_at
from opentelemetry.instrumentation.openrouter._wire.errors import EMPTY_RESPONSE, INVALID_RESPONSE, ErrorInfo
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord

EVENTS = b'data: {"id": "gen-1", "choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


def _fold(content_type: str, content: bytes) -> ResponseRecord:
    operation = operation_at("/chat/completions", "")
    assert operation is not None
    record = ResponseRecord()
    fold_body(operation, record, ResponseHead(200, (), content_type), content)
    return record


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("text/event-stream; charset=utf-8", True), ("text/event-stream", True), ("application/json", False), ("", False)],
)
def test_event_stream(content_type: str, expected: bool) -> None:
    """The content type decides, whatever its parameters."""
    assert ResponseHead(200, (), content_type).is_event_stream is expected


def test_events() -> None:
    """Events that were read at once have no times."""
    record = _fold("text/event-stream", EVENTS)
    assert (record.id, record.finish_reasons, record.first_token, record.error) == ("gen-1", {0: "stop"}, None, None)


@pytest.mark.parametrize(("content", "error"), [(b"", EMPTY_RESPONSE), (b"data: {no JSON\n\n", INVALID_RESPONSE)])
def test_no_events(content: bytes, error: ErrorInfo) -> None:
    """A stream without a readable event is an error."""
    assert _fold("text/event-stream", content).error == error


def test_json() -> None:
    """A body of JSON is the response."""
    assert _fold("application/json", b'{"id": "gen-1"}').id == "gen-1"
