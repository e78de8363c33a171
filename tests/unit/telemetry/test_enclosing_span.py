"""The span of another instrumentation: which calls it carries, and which attributes are set on it."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.instrumentation.openrouter._telemetry.enclosing_span import EnclosingSpan
from opentelemetry.trace import INVALID_SPAN, INVALID_SPAN_CONTEXT, NonRecordingSpan


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


class _Span(NonRecordingSpan):
    """A span with attributes."""

    def __init__(self) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)
        self.attributes: dict[str, Any] = {}

    def set_attributes(self, attributes: Any) -> None:
        self.attributes.update(attributes)


def test_later_figures_of_a_call() -> None:
    """Figures that change after they were set replace those of the same call; the cost of other calls is kept."""
    span = _Span()
    span.attributes.update({"gen_ai.usage.cost": 1.0, "gen_ai.usage.output_tokens": 7})
    enclosing = EnclosingSpan(span, Context(), frozenset(), None, set())
    for tokens, cost in ((3, 0.1), (5, 0.3)):
        usage = {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": tokens, "gen_ai.usage.cost": cost}
        enclosing.set(usage, dict)
    assert span.attributes == {
        "gen_ai.usage.cost": 1.3,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 7,
    }
