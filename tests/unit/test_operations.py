"""Paths in, operations out; folding of unparsed bodies and of stream events through an operation."""

import pytest
from opentelemetry.instrumentation.openrouter._operations import operation_at
from opentelemetry.instrumentation.openrouter._wire.response import (
    ResponseRecord,
    fold_error_response,
    response_attributes,
)


@pytest.mark.parametrize(
    ("url", "is_chat"),
    [
        ("/chat/completions", True),
        ("chat/completions", True),
        ("/chat/completions/", True),
        ("/chat/completions?x=1", True),
        ("https://openrouter.ai/api/v1/chat/completions", True),
        ("https://openrouter.ai/api/v1/chat/completions/gen-1", False),
        ("https://elsewhere.example/api/v1/chat/completions", False),
        ("https://openrouter.ai/api/v1chat/completions", False),
        ("/models", False),
        ("/chat/completions/gen-1/messages", False),
    ],
)
def test_operation_at(url: str, is_chat: bool) -> None:
    """The operation is found for relative and absolute URLs below the base URL, with or without a query."""
    assert (operation_at(url, "https://openrouter.ai/api/v1/") is not None) is is_chat


@pytest.mark.parametrize(
    ("content", "error_type"),
    [
        (b'{"cut', None),
        (b"{not JSON", None),
        (b"plain text", None),
        (b"\xff\xfb\x90 sound", None),
        (b"", None),
        (b" \n ", "empty_response"),
        (b' {"error": {"code": 502}}', "provider_unavailable"),
    ],
)
@pytest.mark.parametrize("path", ["/chat/completions", "/audio/speech"])
def test_unparsed_body(path: str, content: bytes, error_type: str | None) -> None:
    """An unparsed body that is not a JSON object adds nothing; a body of whitespace is an empty response."""
    operation = operation_at(path, "")
    assert operation is not None
    record = ResponseRecord()
    operation.fold_bytes(record, content)
    assert (record.error.type if record.error else None) == error_type
    assert response_attributes(record) == {}


def test_unknown_events() -> None:
    """Events without a type, or of an unknown type, add no attributes and are not a first token."""
    for path in ("/images", "/responses"):
        operation = operation_at(path, "")
        assert operation is not None
        record = ResponseRecord()
        for event in ({}, {"type": 3}, {"type": "new.event", "delta": "x"}, None, "x"):
            operation.fold_chunk(record, event, 1.0)
        assert record.first_token is None
        assert response_attributes(record) == {}


@pytest.mark.parametrize("path", ["/images", "/responses", "/audio/transcriptions"])
def test_error_event_without_an_error_member(path: str) -> None:
    """An event of type `error` is itself the error: the SDK yields it instead of raising."""
    operation = operation_at(path, "")
    assert operation is not None
    record = ResponseRecord()
    operation.fold_chunk(record, {"type": "error", "code": "429", "message": "Slow down", "param": None}, 1.0)
    assert record.error is not None
    assert (record.error.type, record.error.message) == ("rate_limit_exceeded", "Slow down")


@pytest.mark.parametrize("content", [b"", b" \n", b"<html>", b"{", b'{"error": null}'])
def test_error_response_keeps_the_type_of_its_status(content: bytes) -> None:
    """The body of an error response adds to its status, and never replaces it by an empty response."""
    operation = operation_at("/rerank", "https://openrouter.ai/api/v1")
    assert operation is not None
    record = ResponseRecord()
    fold_error_response(record, 503, None)
    operation.fold_bytes(record, content, 503)
    assert record.error is not None
    assert record.error.type == "provider_unavailable"
