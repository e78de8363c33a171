"""The span of another instrumentation: which calls it carries, and which attributes are set on it."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.instrumentation.openrouter._telemetry.enclosing_span import EnclosingSpan
from opentelemetry.trace import INVALID_SPAN


class _Invocation:
    """The object that opentelemetry-util-genai keeps in the context."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.metric_attributes: dict[str, Any] = {}


def _enclosing(in_use: set[int], invocation: _Invocation) -> EnclosingSpan:
    return EnclosingSpan(INVALID_SPAN, Context(), frozenset(), invocation, in_use)


def test_release_is_of_one_call() -> None:
    """A call that was settled later does not release the span that another call uses by then."""
    in_use: set[int] = set()
    invocation = _Invocation()
    first, second = _enclosing(in_use, invocation), _enclosing(in_use, invocation)
    first.acquire()
    assert second.is_in_use
    first.release()
    second.acquire()
    first.end(0)
    assert second.is_in_use
    second.end(0)
    assert not in_use


def test_values_that_were_sent_are_skipped() -> None:
    """The attributes at the call's end update the invocation only where they changed."""
    invocation = _Invocation()
    enclosing = _enclosing(set(), invocation)
    enclosing.set({"openrouter.provider.name": "OpenAI", "gen_ai.usage.cost": 0.1}, dict)
    invocation.attributes.clear()
    enclosing.set({"openrouter.provider.name": "OpenAI", "gen_ai.usage.cost": 0.2}, dict)
    assert invocation.attributes == {"gen_ai.usage.cost": 0.2}
