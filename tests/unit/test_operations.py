"""Paths in, operations out; folding of unparsed bodies and of stream events through an operation."""

import pytest
from opentelemetry.instrumentation.openrouter._operations import (
    api_base,
    job_at,
    may_be_traced,
    operation_at,
    split_url,
)
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
    ("url", "base_url", "is_chat"),
    [
        ("/v1/messages", "https://openrouter.ai/api/", True),
        ("/v1/messages?beta=true", "https://openrouter.ai/api/", True),
        ("https://openrouter.ai/api/v1/messages", "https://openrouter.ai/api/", True),
        ("https://openrouter.ai/api/v1/messages", "https://openrouter.ai/api/v1/", True),
        ("/messages", "https://openrouter.ai/api/v1/", True),
        ("/api/v1/messages", "https://openrouter.ai/", True),
        ("/v1/messages/count_tokens", "https://openrouter.ai/api/", False),
        ("/v1/messages/batches", "https://openrouter.ai/api/", False),
    ],
)
def test_messages(url: str, base_url: str, is_chat: bool) -> None:
    """Messages are found below each base URL that a client may have."""
    assert (operation_at(url, base_url) is not None) is is_chat


@pytest.mark.parametrize(
    ("content", "error_type", "error_type_of_audio"),
    [
        (b'{"cut', "invalid_response", None),
        (b"{not JSON", "invalid_response", None),
        (b"plain text", "invalid_response", None),
        (b"[]", "invalid_response", None),
        (b"true", "invalid_response", None),
        (b'"text"', "invalid_response", None),
        (b'{"id": ' + b"[" * 100_000, "invalid_response", None),
        (b"\xff\xfb\x90 sound", "invalid_response", None),
        (b"null", "empty_response", None),
        (b"", "empty_response", None),
        (b" \n ", "empty_response", "empty_response"),
        (b'{"error": {"code": 502}}', "provider_unavailable", "provider_unavailable"),
    ],
)
def test_unparsed_body(content: bytes, error_type: str, error_type_of_audio: str | None) -> None:
    """A body that is not a JSON object is an error, except where it may be audio; whitespace is always empty."""
    for path, expected in (("/chat/completions", error_type), ("/audio/speech", error_type_of_audio)):
        operation = operation_at(path, "")
        assert operation is not None
        record = ResponseRecord()
        operation.fold_bytes(record, content)
        assert (record.error.type if record.error else None) == expected
        assert response_attributes(record) == {}


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("<html>", "invalid_response"),
        ("\ud83d", "invalid_response"),
        (" ", "empty_response"),
        (None, "empty_response"),
        ([{"id": "gen-1"}], "invalid_response"),
        (3, "invalid_response"),
        (False, "invalid_response"),
        (b'{"id": "gen-1", "choices": []}', None),
        ('{"id": "gen-1", "choices": []}', None),
        ({"id": "gen-1", "choices": []}, None),
    ],
)
def test_parsed_body(body: object, error_type: str | None) -> None:
    """A body as an SDK returns it gives the same error as its bytes; a text may be the whole object."""
    operation = operation_at("/chat/completions", "")
    assert operation is not None
    record = ResponseRecord()
    operation.fold(record, body)
    assert (record.error.type if record.error else None) == error_type
    assert record.id == (None if error_type else "gen-1")


@pytest.mark.parametrize(
    ("chunk", "is_interrupted"),
    [
        ({"choices": [{"delta": {"content": "a"}}]}, True),
        ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, False),
        ({"choices": [{"delta": {}}], "usage": {"cost": 0}}, False),
        ({"choices": []}, False),
    ],
)
def test_end_of_a_stream(chunk: dict[str, object], is_interrupted: bool) -> None:
    """A stream of choices that ends without a finish reason and without usage was interrupted."""
    operation = operation_at("/chat/completions", "")
    assert operation is not None
    record = ResponseRecord()
    operation.fold_chunk(record, chunk, 0.0)
    operation.fold_end(record)
    assert (record.error is not None and record.error.type == "interrupted_stream") is is_interrupted


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


@pytest.mark.parametrize(
    ("url", "name", "base_url"),
    [
        ("https://h/v1/chat/completions", "chat", "https://h/v1"),
        ("https://h/v1/completions/", "text_completion", "https://h/v1"),
        ("https://h/images/generations", "generate_content", "https://h"),
        ("https://h/api/alpha/decisions", "decisions", "https://h/api/v1"),
        ("https://h/api/v1/systemone", "decisions", "https://h/api/v1"),
    ],
)
def test_split_url(url: str, name: str, base_url: str) -> None:
    """An absolute URL is split before its longest path."""
    found = split_url(url)
    assert found is not None
    assert (found[0].name, found[1]) == (name, base_url)
    assert split_url("https://h/v1/models") is None


@pytest.mark.parametrize(
    ("url", "base_url", "is_found"),
    [
        ("/systemone", "https://openrouter.ai/api/v1", True),
        ("https://openrouter.ai/api/alpha/decisions", "https://openrouter.ai/api/v1/", True),
        ("https://openrouter.ai/api/alpha/decisions", "https://openrouter.ai", True),
        ("https://openrouter.ai/api/alpha/decisions", "https://openrouter.ai/api", True),
        ("https://elsewhere.example/api/alpha/decisions", "https://openrouter.ai/api/v1", False),
        ("/decisions", "https://openrouter.ai/api/v1", False),
    ],
)
def test_decisions(url: str, base_url: str, is_found: bool) -> None:
    """Decisions are beside the version of the API."""
    operation = operation_at(url, base_url)
    assert (operation is not None and operation.name == "decisions") is is_found


def test_api_base() -> None:
    """The base URL of the API is that of the client, but for a URL that is not below the version."""
    assert api_base("https://h/api/alpha/decisions", "https://h") == "https://h/api/v1"
    assert api_base("https://h/api/v1/systemone", "https://h/api/v1") == "https://h/api/v1"
    assert api_base("https://h/api/v1/other", "https://h/api/v1") == "https://h/api/v1"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/v1/videos", True),
        ("POST", "/api/v1/videos/j", False),
        ("GET", "/api/v1/videos", False),
        ("GET", "/api/v1/videos/j", True),
        ("GET", "/api/v1/batches/j", True),
        ("GET", "/api/v1/chat/completions", False),
        ("DELETE", "/api/v1/batches/j", False),
    ],
)
def test_may_be_traced(method: str, path: str, expected: bool) -> None:
    """Method and path decide without the host."""
    assert may_be_traced(method, path) is expected


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/videos/j", ("video_job", "j")),
        ("videos/j/", ("video_job", "j")),
        ("/batches/j?x=/y", ("batch_job", "j")),
        ("https://openrouter.ai/api/v1/batches/j", ("batch_job", "j")),
        ("/videos/", None),
        ("/videos", None),
        ("/", None),
        ("", None),
        ("/videos/j/content", None),
        ("/chat/completions/j", None),
        ("https://elsewhere.example/videos/j", None),
    ],
)
def test_job_at(url: str, found: tuple[str, str] | None) -> None:
    """The id of the job is the last part of the URL."""
    polled = job_at(url, "https://openrouter.ai/api/v1")
    assert (None if polled is None else (polled[0].name, polled[1])) == found
