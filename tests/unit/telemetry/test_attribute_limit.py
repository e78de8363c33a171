"""Which attributes remain on a span with more attributes than the SDK's limit."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from opentelemetry.instrumentation.openrouter._telemetry.attribute_limit import (
    attribute_limit,
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
