"""Folding chat completions and their chunks into a `ResponseRecord`: edge cases that no scenario covers."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.chat import fold_chunk, fold_completion
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes


def _chunk(delta: object, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more}


@pytest.mark.parametrize(
    ("delta", "is_token"),
    [
        ({"role": "assistant", "content": ""}, False),
        ({"content": None, "tool_calls": []}, False),
        ({"annotations": [{}]}, False),
        (None, False),
        ({"content": []}, False),
        ({"content": [{"type": "text", "text": ""}]}, False),
        ({"content": [{"type": "text", "text": "a"}]}, True),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}]}, True),
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
    """The first token is the first chunk with output; an empty delta, a role or an annotation is not output."""
    record = ResponseRecord()
    fold_chunk(record, _chunk({"role": "assistant", "content": ""}), 1.0)
    fold_chunk(record, _chunk(delta), 2.0)
    fold_chunk(record, _chunk({"content": "later"}), 3.0)
    assert record.first_token == (2.0 if is_token else 3.0)


def test_ids_are_set_once() -> None:
    """The id, model and provider of repeated chunks are set once, also after a first chunk without choices."""
    record = ResponseRecord()
    fold_chunk(record, {"choices": [], "debug": {"echo_upstream_body": {}}}, 0.0)
    for _ in range(3):
        fold_chunk(record, _chunk({"content": "a"}, id="gen-1", model="m", provider="P"), 0.0)
    assert response_attributes(record) == {
        "gen_ai.response.id": "gen-1",
        "gen_ai.response.model": "m",
        "openrouter.provider.name": "P",
    }


@pytest.mark.parametrize(
    "body",
    [None, "", "text", 3, [], {"choices": {"a": 1}}, {"choices": [None, 1, "x"]}, {"usage": "x", "choices": []}],
)
def test_malformed_body(body: Any) -> None:
    """A malformed body or chunk adds no attributes and does not raise."""
    record = ResponseRecord()
    fold_completion(record, body)
    fold_chunk(record, body, 0.0)
    assert response_attributes(record) == {}


class _DeclaresNothing:
    """A chunk of a model that declares no fields: pydantic keeps all of them beside `__dict__`."""

    __slots__ = ("__dict__", "__pydantic_extra__")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__pydantic_extra__ = fields


def test_chunk_of_a_model_that_declares_fewer_fields() -> None:
    """A chunk of the caller's own model is read whole, whatever the model declares."""
    record = ResponseRecord()
    fold_chunk(record, _DeclaresNothing(_chunk({"content": "a"}, id="gen-1", usage={"prompt_tokens": 3})), 1.0)
    assert record.first_token == 1.0
    assert response_attributes(record) == {"gen_ai.response.id": "gen-1", "gen_ai.usage.input_tokens": 3}


def test_choices_without_index() -> None:
    """Choices without an index are numbered by position; a missing native finish reason is skipped."""
    record = ResponseRecord()
    fold_completion(
        record, {"choices": [{"finish_reason": "stop"}, {"finish_reason": "length", "native_finish_reason": "M"}]}
    )
    assert response_attributes(record) == {
        "gen_ai.response.finish_reasons": ("stop", "length"),
        "openrouter.response.native_finish_reasons": ("M",),
    }


def test_error_in_a_choice() -> None:
    """The error of a choice is the error of the record."""
    record = ResponseRecord()
    fold_completion(record, {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "broke off"}}]})
    assert record.error is not None
    assert (record.error.type, record.error.message) == ("provider_unavailable", "broke off")
