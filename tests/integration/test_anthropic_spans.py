"""The spans that the Anthropic SDK makes itself: each is completed, so that a call has one span, in every calling style."""

import gc
import itertools
import logging
from collections.abc import Iterator
from typing import Any, Final

import anthropic
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients.anthropic import SpanOfCall
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tests.anthropic_styles import OPTIONS, anthropic_url, styles
from tests.calling_styles import CallingStyle, outcome
from tests.integration.test_content import span_content
from tests.scenarios.messages import HELLO, REQUEST, SCENARIOS
from tests.simulator import Simulator
from tests.telemetry import Telemetry

if not hasattr(anthropic.Anthropic, "_tracer"):
    pytest.skip("this SDK makes no spans", allow_module_level=True)

_SCOPE: Final = "com.anthropic.sdk.python"


def _styles() -> Iterator[Any]:
    """Yield the styles whose calls the SDK traces: not those that post to a path."""
    names = [*styles(streamed=False), *styles(streamed=True)]
    yield from (name for name in names if "post" not in name)


def _style(name: str, telemetry: Telemetry) -> CallingStyle:
    options: dict[str, Any] = {"open_telemetry": {"tracer_provider": telemetry.tracer_provider}}
    return {**styles(streamed=False, **options), **styles(streamed=True, **options)}[name]


@pytest.mark.parametrize("name", list(_styles()))
def test_one_span(telemetry: Telemetry, openrouter: Simulator, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK's span has the cost and the content, whenever the SDK ends it."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only")
    with caplog.at_level(logging.WARNING):
        outcome(_style(name, telemetry), openrouter.base_url("hello"), REQUEST)
    span = telemetry.one_span()
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == _SCOPE
    attributes = dict(span.attributes or {})
    assert attributes.items() >= HELLO.items()
    assert attributes["gen_ai.provider.name"] == "openrouter"
    assert span_content(telemetry) == SCENARIOS["hello"].content
    assert not [
        record for record in caplog.records if record.levelno >= logging.WARNING
    ]  # nothing is set on an ended span
    assert sum(point[1] for point in telemetry.points()["gen_ai.client.operation.duration"]) == 1


@pytest.mark.parametrize("name", list(_styles()))
def test_errors(telemetry: Telemetry, openrouter: Simulator, name: str) -> None:
    """A failed call has one span too; its `error.type` is the SDK's if the SDK raises."""
    outcome(_style(name, telemetry), openrouter.base_url("error_in_stream"), REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["error.type"] in {"api_error", "client_error", "provider_unavailable"}
    assert attributes["gen_ai.response.id"] == HELLO["gen_ai.response.id"]


def test_left_early(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A stream that the caller drops ends its span, at the time of its last event."""
    options: dict[str, Any] = {**OPTIONS, "open_telemetry": {"tracer_provider": telemetry.tracer_provider}}
    with anthropic.Anthropic(base_url=anthropic_url(openrouter.base_url("hello")), **options) as client:
        stream = client.messages.create(**REQUEST, stream=True)
        list(itertools.islice(stream, 2))
        del stream
        gc.collect()
        client.messages.create(**REQUEST)
    dropped, after = sorted(telemetry.raw_spans, key=lambda span: span.start_time or 0)
    assert (dropped.attributes or {})["openrouter.stream.cancelled"] is True
    assert (after.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert not telemetry.started.open


def test_within_another_span(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The span of the call stays a child of the program's span."""
    tracer = telemetry.tracer_provider.get_tracer("another")
    with tracer.start_as_current_span("parent"):
        outcome(_style("create", telemetry), openrouter.base_url("hello"), REQUEST)
    call, parent = telemetry.raw_spans
    assert call.parent is not None
    assert call.parent == parent.context
    assert (call.attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_unsampled(openrouter: Simulator) -> None:
    """A call whose span is not sampled is measured."""
    telemetry = Telemetry(ALWAYS_OFF)
    telemetry.instrument([openrouter.url])
    try:
        outcome(_style("create", telemetry), openrouter.base_url("hello"), REQUEST)
    finally:
        OpenRouterInstrumentor().uninstrument()
    assert not telemetry.raw_spans
    assert [point[2] for point in telemetry.points()["gen_ai.usage.cost"]] == [0.00014]


@pytest.mark.parametrize("sdk_ends_first", [False, True])
def test_end_time(telemetry: Telemetry, sdk_ends_first: bool) -> None:
    """The span ends once, at the first time at which the SDK has ended it, as soon as the call has ended too."""
    span: Any = SpanOfCall(telemetry.tracer_provider.get_tracer(_SCOPE).start_span("call", start_time=1))
    if not sdk_ends_first:
        span.call_ended()
        assert not telemetry.raw_spans
        span.end(2)
    else:
        span.end(2)
        span.end(3)
        assert not telemetry.raw_spans
        span.call_ended()
    assert telemetry.one_span().end_time == 2
