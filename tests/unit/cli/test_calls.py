"""A call is read from a finished span, and survives its line of JSON."""

from dataclasses import dataclass, field
from typing import Any

from opentelemetry.instrumentation.openrouter._cli.calls import Call, call_from_json, call_to_json, read_call
from opentelemetry.trace import Status, StatusCode


@dataclass
class FakeSpan:
    """What is read of a span."""

    attributes: dict[str, Any] | None
    start_time: int | None = 1_700_000_000_000_000_000
    end_time: int | None = 1_700_000_001_500_000_000
    status: Status = field(default_factory=Status)


FULL = {
    "gen_ai.provider.name": "openrouter",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.stream": True,
    "gen_ai.request.model": "a/b",
    "gen_ai.response.model": "a/b-2",
    "openrouter.provider.name": "P",
    "gen_ai.usage.input_tokens": 1,
    "gen_ai.usage.cache_read.input_tokens": 2,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.usage.cost": 0.1,
    "openrouter.response.time_to_first_token": 0.5,
    "error.type": "timeout",
    "openrouter.stream.cancelled": True,
    "openrouter.routing.attempt.number": 2,
    "openrouter.request.retry_count": 1,
    "openrouter.cache.status": "HIT",
    "session.id": "s",
    "user.id": "u",
    "gen_ai.agent.name": "g",
}
CALL = Call(
    start="2023-11-14T22:13:20.000000+00:00",
    duration=1.5,
    operation="chat",
    streamed=True,
    requested_model="a/b",
    response_model="a/b-2",
    provider="P",
    input_tokens=1,
    cached_tokens=2,
    output_tokens=3,
    cost=0.1,
    first_token=0.5,
    error="timeout",
    error_message="too late",
    cancelled=True,
    attempts=2,
    retries=1,
    response_cache="HIT",
    session="s",
    user="u",
    agent="g",
)


def test_full() -> None:
    span = FakeSpan(FULL, status=Status(StatusCode.ERROR, "too late"))
    assert read_call(span) == CALL


def test_minimal() -> None:
    """What a span does not have is None."""
    span = FakeSpan({"gen_ai.provider.name": "openrouter"}, start_time=None, end_time=None)
    assert read_call(span) == Call("1970-01-01T00:00:00.000000+00:00", 0.0, "chat", streamed=False)


def test_not_a_call() -> None:
    """A span of another provider, without attributes, or of an agent is no call."""
    assert read_call(FakeSpan(None)) is None
    assert read_call(FakeSpan({"gen_ai.provider.name": "openai"})) is None
    assert read_call(FakeSpan({**FULL, "gen_ai.operation.name": "invoke_agent"})) is None


def test_json() -> None:
    """A line keeps each value; a line of another version of the package is none."""
    assert call_from_json(call_to_json(CALL)) == CALL
    assert "\n" not in call_to_json(CALL)
    assert call_from_json(b'{"future": 1}') is None
    assert call_from_json(b"[]") is None
    assert call_from_json(b'{"sta') is None
