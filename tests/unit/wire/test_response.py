"""Bodies and chunks in, attributes out: corners of the fold that no scenario has. Dicts and models fold alike."""

from types import SimpleNamespace
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter._operations import operation_at
from opentelemetry.instrumentation.openrouter._wire.chat import fold_chunk, fold_completion
from opentelemetry.instrumentation.openrouter._wire.response import (
    ResponseRecord,
    fold_error_routing,
    fold_headers,
    fold_routing,
    response_attributes,
)

from tests.simulator import CANNED_REPLIES, Chat


def _built(model: Any, body: dict[str, Any]) -> Any:
    """What the SDK makes of a body (openai/_base_client.py, _process_response_data)."""
    from openai._models import construct_type  # noqa: PLC0415 - private to the SDK, used here only

    return construct_type(type_=model, value=body)


# An error looks different in a stream; `test_calls` has those.
ANSWERS = [name for name, exchange in CANNED_REPLIES.items() if exchange.verbatim is None and exchange.error is None]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_whole_answer_is_a_stream_of_one(name: str) -> None:
    """Dict or model, whole or in chunks: the same attributes."""
    exchange = CANNED_REPLIES[name]
    found: list[Any] = []
    for model in (None, ChatCompletion):
        answer = ResponseRecord()
        body = Chat().whole(exchange)
        fold_completion(answer, body if model is None else _built(model, body))
        found.append(response_attributes(answer))
    for model in (None, ChatCompletionChunk):
        answer = ResponseRecord()
        for now, chunk in enumerate(Chat().events(exchange)):
            fold_chunk(answer, chunk if model is None else _built(model, chunk), now)
        assert answer.first_token == 0
        found.append(response_attributes(answer))
    assert found[0]
    assert all(each == found[0] for each in found)


def _chunk(delta: object, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more}


@pytest.mark.parametrize(
    ("delta", "is_token"),
    [
        ({"role": "assistant", "content": ""}, False),
        ({"content": None, "tool_calls": []}, False),
        ({"annotations": [{}]}, False),
        (None, False),
        ({"content": "a"}, True),
        ({"content": "", "reasoning": "a"}, True),
        ({"reasoning_details": [{"type": "reasoning.text"}]}, True),
        ({"tool_calls": [{}]}, True),
        ({"images": [{}]}, True),
        ({"audio": {"data": "x"}}, True),
        ({"refusal": "no"}, True),
    ],
)
def test_first_token(delta: object, is_token: bool) -> None:
    """Only real output is a token."""
    answer = ResponseRecord()
    fold_chunk(answer, _chunk({"role": "assistant", "content": ""}), 1.0)
    fold_chunk(answer, _chunk(delta), 2.0)
    fold_chunk(answer, _chunk({"content": "later"}), 3.0)
    assert answer.first_token == (2.0 if is_token else 3.0)


def test_identity_comes_once() -> None:
    """Ids are set once, never joined, also where a chunk without choices comes first."""
    answer = ResponseRecord()
    fold_chunk(answer, {"choices": [], "debug": {"echo_upstream_body": {}}}, 0.0)
    for _ in range(3):
        fold_chunk(answer, _chunk({"content": "a"}, id="gen-1", model="m", provider="P"), 0.0)
    assert response_attributes(answer) == {
        "gen_ai.response.id": "gen-1",
        "gen_ai.response.model": "m",
        "openrouter.provider.name": "P",
    }


@pytest.mark.parametrize(
    "body",
    [None, "", "text", 3, [], {"choices": {"a": 1}}, {"choices": [None, 1, "x"]}, {"usage": "x", "choices": []}],
)
def test_odd_bodies(body: Any) -> None:
    """What is not of the wire's shape says nothing, and breaks nothing."""
    answer = ResponseRecord()
    fold_completion(answer, body)
    fold_chunk(answer, body, 0.0)
    assert response_attributes(answer) == {}


def test_positions_stand_in_for_missing_indexes() -> None:
    """Finish reasons stand in the order of their choices; native ones only where they were sent."""
    answer = ResponseRecord()
    fold_completion(
        answer, {"choices": [{"finish_reason": "stop"}, {"finish_reason": "length", "native_finish_reason": "M"}]}
    )
    assert response_attributes(answer) == {
        "gen_ai.response.finish_reasons": ("stop", "length"),
        "openrouter.response.native_finish_reasons": ("M",),
    }


def test_choice_that_failed() -> None:
    """A choice may tell its error itself."""
    answer = ResponseRecord()
    fold_completion(answer, {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "broke off"}}]})
    assert answer.error is not None
    assert (answer.error.type, answer.error.message) == ("provider_unavailable", "broke off")


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
    """A path is found however the SDK's callers write it."""
    assert (operation_at(url, "https://openrouter.ai/api/v1/") is not None) is is_chat


@pytest.mark.parametrize(
    ("content", "failure"),
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
def test_bytes(path: str, content: bytes, failure: str | None) -> None:
    """A body that was not parsed: what is no object tells nothing, blanks alone are no answer."""
    operation = operation_at(path, "")
    assert operation is not None
    answer = ResponseRecord()
    operation.fold_bytes(answer, content)
    assert (answer.error.type if answer.error else None) == failure
    assert response_attributes(answer) == {}


@pytest.mark.parametrize("routing", [3, [], {}, {"attempts": [], "attempt": -1, "endpoints": {"available": [None]}}])
def test_odd_routing(routing: object) -> None:
    """What is not of the wire's shape says nothing."""
    answer = ResponseRecord()
    fold_routing(answer, routing)
    assert response_attributes(answer) == {}


def test_routing_beside_an_error_that_is_cut() -> None:
    """Only a whole body is read."""
    answer = ResponseRecord()
    fold_error_routing(answer, b'{"openrouter_metadata": {"strategy": "auto"}}')
    fold_error_routing(answer, b"<html></html>")
    fold_error_routing(answer, b'{"openrouter_metadata": {"strategy": "fall')
    assert response_attributes(answer) == {"openrouter.routing.strategy": "auto"}


def test_headers_fill_what_the_body_left_open() -> None:
    """The body's word comes first; what is no header of ours, or no number, is skipped."""
    headers = [
        (b"X-Generation-Id", b"gen-header"),
        (b"x-provider-name", b"Header"),
        (b"X-OpenRouter-Cache-Age", b"soon"),
        (b"X-OpenRouter-Cache-Status", b"MISS"),
        (b"Set-Cookie", b"secret"),
    ]
    answer = ResponseRecord(provider="Body")
    fold_headers(answer, SimpleNamespace(raw=headers))
    fold_headers(answer, None)
    assert response_attributes(answer) == {
        "gen_ai.response.id": "gen-header",
        "openrouter.provider.name": "Body",
        "openrouter.cache.status": "MISS",
    }


def test_odd_events() -> None:
    """Events of other endpoints: without a type, or with one that nobody knows."""
    for path in ("/images", "/responses"):
        operation = operation_at(path, "")
        assert operation is not None
        answer = ResponseRecord()
        for event in ({}, {"type": 3}, {"type": "new.event", "delta": "x"}, None, "x"):
            operation.fold_chunk(answer, event, 1.0)
        assert answer.first_token is None
        assert response_attributes(answer) == {}


@pytest.mark.parametrize(
    ("body", "failure"),
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
def test_states_of_a_response(body: dict[str, Any], failure: str | None) -> None:
    """`failed` is an error whether or not it says which; the other states are none."""
    operation = operation_at("/responses", "")
    assert operation is not None
    answer = ResponseRecord()
    operation.fold_body(answer, body)
    assert (answer.error.type if answer.error else None) == failure
    reason = {"failed": "error", "incomplete": "length"}.get(body.get("status", ""))
    assert answer.finish_reasons == ({} if reason is None else {0: reason})


@pytest.mark.parametrize("path", ["/images", "/responses", "/audio/transcriptions"])
def test_an_error_event_without_an_error_member(path: str) -> None:
    """The SDK hands on an event that says of itself that it is the error."""
    operation = operation_at(path, "")
    assert operation is not None
    answer = ResponseRecord()
    operation.fold_chunk(answer, {"type": "error", "code": "429", "message": "Slow down", "param": None}, 1.0)
    assert answer.error is not None
    assert (answer.error.type, answer.error.message) == ("rate_limit_exceeded", "Slow down")
