"""Which attributes remain on a span with more attributes than the SDK's limit."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from opentelemetry.instrumentation.openrouter._telemetry.attribute_limit import (
    attribute_limit,
    before_end,
    has_dropped,
    is_filling,
    key_attributes,
    span_attributes,
)
from opentelemetry.trace import INVALID_SPAN, Span


def _span(count: int = 0, limit: int | None = 10, dropped: int = 0) -> Span:
    fields: Any = {"attributes": dict.fromkeys(map(str, range(count)), 0), "dropped_attributes": dropped}
    return cast("Span", SimpleNamespace(**fields, _limits=SimpleNamespace(max_span_attributes=limit)))


@pytest.mark.parametrize("limit", [10, None])
def test_limit_of_the_sdk(limit: int | None) -> None:
    """The limit is that of the span's provider; None is no limit."""
    assert attribute_limit(_span(limit=limit)) == limit


def test_span_of_another_implementation() -> None:
    """A span without limits has the default limit, and no attributes that can be read."""
    assert attribute_limit(INVALID_SPAN) == 128
    assert not has_dropped(INVALID_SPAN)
    assert not is_filling(INVALID_SPAN)
    assert not span_attributes(INVALID_SPAN)


@pytest.mark.parametrize(
    ("span", "expected"),
    [(_span(5), False), (_span(6), True), (_span(1, dropped=1), True), (_span(999, None), False)],
)
def test_filling(span: Span, expected: bool) -> None:
    """A span is filling from half of its limit on, and once it has lost an attribute."""
    assert is_filling(span) is expected


def test_order() -> None:
    """The cost is the most important; costs of a dialect are before what every backend reads."""
    attributes: dict[str, Any] = {
        "gen_ai.usage.cost": 0.5,
        "llm.cost.total": 0.5,
        "gen_ai.request.temperature": 1.0,
        "user.id": "u",
        "gen_ai.operation.name": "chat",
    }
    assert list(key_attributes(attributes, ["llm.cost.total", "absent"])) == [
        "user.id",
        "llm.cost.total",
        "gen_ai.operation.name",
        "gen_ai.usage.cost",
    ]


class _Ends:
    """A span that records when it ends."""

    def __init__(self) -> None:
        self.order: list[object] = []

    def end(self, end_time: int | None = None) -> None:
        self.order.append(end_time)


def test_action_before_the_end() -> None:
    """The actions of two calls run once, before the end, which gets its arguments and is restored."""
    ends = _Ends()
    span = cast("Span", ends)
    before_end(span, lambda: ends.order.append("first"))
    before_end(span, lambda: ends.order.append("second"))
    span.end(end_time=5)
    span.end(6)
    assert ends.order == ["second", "first", 5, 6]
    assert "end" not in vars(ends)


def test_span_with_slots() -> None:
    """A span whose methods cannot be replaced stays as it is."""

    class Slots(_Ends):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "end":
                raise AttributeError(name)
            super().__setattr__(name, value)

    ends = Slots()
    before_end(cast("Span", ends), lambda: ends.order.append("action"))
    ends.end()
    assert ends.order == [None]
