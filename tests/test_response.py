"""Bodies and chunks in, attributes out: corners of the fold that no scenario has. Dicts and models fold alike."""

from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter._operations import operation_at
from opentelemetry.instrumentation.openrouter._response import Answer, fold_chunk, fold_whole, response_attributes

from simulator import EXCHANGES


def _built(model: Any, body: dict[str, Any]) -> Any:
    """What the SDK makes of a body (openai/_base_client.py, _process_response_data)."""
    from openai._models import construct_type  # noqa: PLC0415 - private to the SDK, used here only

    return construct_type(type_=model, value=body)


# An error looks different in a stream; `test_calls` has those.
ANSWERS = [name for name, exchange in EXCHANGES.items() if exchange.verbatim is None and exchange.error is None]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_whole_answer_is_a_stream_of_one(name: str) -> None:
    """Dict or model, whole or in chunks: the same attributes."""
    exchange = EXCHANGES[name]
    found: list[Any] = []
    for model in (None, ChatCompletion):
        answer = Answer()
        body = exchange.whole()
        fold_whole(answer, body if model is None else _built(model, body))
        found.append(response_attributes(answer))
    for model in (None, ChatCompletionChunk):
        answer = Answer()
        for now, chunk in enumerate(exchange.chunks()):
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
    answer = Answer()
    fold_chunk(answer, _chunk({"role": "assistant", "content": ""}), 1.0)
    fold_chunk(answer, _chunk(delta), 2.0)
    fold_chunk(answer, _chunk({"content": "later"}), 3.0)
    assert answer.first_token == (2.0 if is_token else 3.0)


def test_identity_comes_once() -> None:
    """Ids are set once, never joined, also where a chunk without choices comes first."""
    answer = Answer()
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
    answer = Answer()
    fold_whole(answer, body)
    fold_chunk(answer, body, 0.0)
    assert response_attributes(answer) == {}


def test_positions_stand_in_for_missing_indexes() -> None:
    """Finish reasons stand in the order of their choices; native ones only where they were sent."""
    answer = Answer()
    fold_whole(
        answer, {"choices": [{"finish_reason": "stop"}, {"finish_reason": "length", "native_finish_reason": "M"}]}
    )
    assert response_attributes(answer) == {
        "gen_ai.response.finish_reasons": ("stop", "length"),
        "openrouter.response.native_finish_reasons": ("M",),
    }


def test_choice_that_failed() -> None:
    """A choice may tell its error itself."""
    answer = Answer()
    fold_whole(answer, {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "broke off"}}]})
    assert answer.failure is not None
    assert (answer.failure.type, answer.failure.message) == ("provider_unavailable", "broke off")


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
