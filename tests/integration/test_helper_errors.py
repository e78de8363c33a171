"""Errors that the SDK's `.stream()` helpers raise themselves end the call with their type."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from pydantic import BaseModel, ValidationError

from tests.scenarios import REQUEST
from tests.simulator.memory import MemoryReply, async_client_of, client_of
from tests.telemetry import Telemetry

helpers: Any = pytest.importorskip(
    "openai.lib.streaming.chat._completions", reason="this release has no helper for chat completions"
)

CANCELLED: Final = "openrouter.stream.cancelled"
ID: Final = "gen-1790000000-AAAAAAAAAAAAAAAAAAAA"


class Person(BaseModel):
    """The schema of the expected text."""

    name: str


class CallersError(Exception):
    """An exception of the caller's own code."""


def _chunk(content: str, reason: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": reason}
    chunk = {
        "id": ID,
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": "vendor/model",
        "provider": "Acme",
        "choices": [choice],
        **fields,
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _reply(content: str, reason: str) -> MemoryReply:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.0001}
    pieces = [_chunk(content), _chunk("", reason), _chunk("", reason, usage=usage), b"data: [DONE]\n\n"]
    return MemoryReply(pieces, content_type="text/event-stream")


def _helper(client: Any) -> Any:
    completions = client.chat.completions
    stream = completions.stream if hasattr(completions, "stream") else client.beta.chat.completions.stream
    return stream(**REQUEST, response_format=Person)


def _read(reply: MemoryReply, on_event: Callable[[], None] = lambda: None) -> None:
    with _helper(client_of(reply)) as stream:
        for _ in stream:
            on_event()


def _read_async(reply: MemoryReply, on_event: Callable[[], None] = lambda: None) -> None:
    async def main() -> None:
        async with _helper(async_client_of(reply)) as stream:
            async for _ in stream:
                on_event()

    asyncio.run(main())


@pytest.mark.parametrize("read", [_read, _read_async])
@pytest.mark.parametrize(
    ("reply", "error", "error_type"),
    [
        (_reply('{"na', "length"), openai.LengthFinishReasonError, "openai.LengthFinishReasonError"),
        (
            _reply('{"na', "content_filter"),
            openai.ContentFilterFinishReasonError,
            "openai.ContentFilterFinishReasonError",
        ),
        (_reply('{"age": 1}', "stop"), ValidationError, "pydantic_core._pydantic_core.ValidationError"),
    ],
    ids=["length", "content_filter", "schema"],
)
def test_helper_raises(
    telemetry: Telemetry,
    read: Callable[[MemoryReply], None],
    reply: MemoryReply,
    error: type[Exception],
    error_type: str,
) -> None:
    """The span has the helper's error and the finish reason, and was not cancelled."""
    with pytest.raises(error):
        read(reply)
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert span.status.status_code.name == "ERROR"
    assert attributes["error.type"] == error_type
    assert attributes["gen_ai.response.id"] == ID
    assert CANCELLED not in attributes


@pytest.mark.parametrize("read", [_read, _read_async])
def test_helper_has_a_bug(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, read: Callable[[MemoryReply], None]
) -> None:
    """Any exception inside the helper is an error."""

    def fail(*_: object) -> None:
        raise TypeError

    monkeypatch.setattr(helpers.ChatCompletionStreamState, "handle_chunk", fail)
    with pytest.raises(TypeError):
        read(_reply("{}", "stop"))
    assert (telemetry.one_span().attributes or {})["error.type"] == "TypeError"


@pytest.mark.parametrize("read", [_read, _read_async])
def test_caller_raises(telemetry: Telemetry, read: Callable[..., None]) -> None:
    """An exception of the caller's own code between two events is not an error of the call: the caller left."""

    def fail() -> None:
        raise CallersError

    with pytest.raises(CallersError):
        read(_reply('{"name": "A"}', "stop"), fail)
    span = telemetry.one_span()
    assert span.status.status_code.name == "UNSET"
    assert (span.attributes or {})[CANCELLED] is True


def test_another_call_raises(telemetry: Telemetry) -> None:
    """The error of another helper's stream, which the caller reads meanwhile, is not an error of this call."""
    with pytest.raises(openai.LengthFinishReasonError), _helper(client_of(_reply('{"name": "A"}', "stop"))) as stream:
        next(stream)
        _read(_reply('{"na', "length"))
    inner, outer = telemetry.raw_spans
    assert (inner.attributes or {})["error.type"] == "openai.LengthFinishReasonError"
    assert outer.status.status_code.name == "UNSET"


def test_settled(telemetry: Telemetry) -> None:
    """`settle` fetches the cost of a stream that a helper gave up before the usage arrived."""
    record = json.dumps(
        {"data": {"id": ID, "total_cost": 0.0001, "tokens_prompt": 10, "tokens_completion": 5}}
    ).encode()
    telemetry.reinstrument(settle=True)
    reply = _reply('{"na', "length")
    client = client_of(reply)
    with pytest.raises(openai.LengthFinishReasonError), _helper(client) as stream:
        next(stream)
        reply.pieces, reply.content_type = [record], "application/json"  # the reply to `GET /generation`
        list(stream)
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["error.type"] == "openai.LengthFinishReasonError"
    assert attributes["gen_ai.usage.cost"] == 0.0001
    assert attributes["openrouter.settled"] is True
