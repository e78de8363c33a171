"""In a program without telemetry providers the instrumentation does next to nothing, and notices when one is set."""

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from opentelemetry import trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import base
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.scenarios import REQUEST
from tests.simulator import Simulator

Make = Callable[..., openai.OpenAI]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, openrouter: Simulator) -> Iterator[list[object]]:
    """The calls that were started; the instrumentor is enabled without providers."""
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    calls: list[object] = []
    start_call = base.start_call

    def start(*args: Any) -> Any:
        calls.append(args)
        return start_call(*args)

    monkeypatch.setattr(base, "start_call", start)
    OpenRouterInstrumentor().instrument(base_urls=[openrouter.url])
    yield calls
    OpenRouterInstrumentor().uninstrument()


def _call(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(**REQUEST).choices
    assert len(list(client.chat.completions.create(**REQUEST, stream=True))) == 4


def test_no_provider(started: list[object], client: Make) -> None:
    """No call is started."""
    _call(client("hello"))
    assert not started


def test_no_op_providers(started: list[object], client: Make, openrouter: Simulator) -> None:
    """Providers of the API that record nothing count as none."""
    OpenRouterInstrumentor().uninstrument()
    OpenRouterInstrumentor().instrument(
        base_urls=[openrouter.url],
        tracer_provider=trace.NoOpTracerProvider(),
        meter_provider=NoOpMeterProvider(),
        logger_provider=get_logger_provider(),
    )
    _call(client("hello"))
    assert not started


@pytest.mark.parametrize("getter", ["get_tracer_provider", "get_meter_provider", "get_logger_provider"])
def test_provider_that_is_set_later(
    started: list[object], client: Make, monkeypatch: pytest.MonkeyPatch, getter: str
) -> None:
    """Any one provider that is set after `instrument()` makes the next call one that is recorded."""
    hello = client("hello")
    _call(hello)
    monkeypatch.setattr(f"opentelemetry.instrumentation.openrouter.{getter}", TracerProvider)
    _call(hello)
    assert len(started) == 2


def test_enclosing_span(started: list[object], client: Make) -> None:
    """The span of another instrumentation, which has a provider of its own, is completed."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("another")
    with tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
        client("hello").chat.completions.create(**REQUEST)
    assert len(started) == 1
    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.00014
