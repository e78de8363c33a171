"""In-memory telemetry for the tests, and its spans, metric points and events as plain data."""

import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import open_responses, streams
from opentelemetry.instrumentation.openrouter._telemetry import call, chunk_timer
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Gauge, HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

if TYPE_CHECKING:  # the suites that use this module in an environment of their own do not have it
    import pytest

TIME_ATTRIBUTES: Final = ("gen_ai.response.time_to_first_chunk", "openrouter.response.time_to_first_token")


class Started(SpanProcessor):
    """Tracks the spans that have started and not ended."""

    def __init__(self) -> None:
        self.open: dict[int, ReadableSpan] = {}

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open[span.context.span_id] = span

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None:
            self.open.pop(span.context.span_id, None)


class Emitted(LogRecordProcessor):
    """Records the emitted events."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def on_emit(self, log_record: Any) -> None:
        self.records.append(log_record.log_record)

    def emit(self, log_data: Any) -> None:
        self.on_emit(log_data)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


class Telemetry:
    """Providers that record everything in memory, and the instrumentor enabled with them."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.started = Started()
        self.tracer_provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(self.started)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.emitted = Emitted()
        self.logger_provider = LoggerProvider(shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(self.emitted)

    def instrument(self, base_urls: Sequence[str] = (), **options: Any) -> None:
        OpenRouterInstrumentor().instrument(
            tracer_provider=self.tracer_provider,
            meter_provider=self.meter_provider,
            logger_provider=self.logger_provider,
            base_urls=base_urls,
            **options,
        )

    def reinstrument(self, base_urls: Sequence[str] = (), **options: Any) -> None:
        """Uninstrument, and instrument again with other options."""
        OpenRouterInstrumentor().uninstrument()
        self.instrument(base_urls, **options)

    @property
    def raw_spans(self) -> list[ReadableSpan]:
        """The finished spans; a flush ends those of dropped streams first."""
        self.tracer_provider.force_flush()
        return list(self.exporter.get_finished_spans())

    def one_span(self) -> ReadableSpan:
        """Return the only finished span; fail if a span is still open."""
        (span,) = self.raw_spans
        assert not self.started.open
        return span

    def points(self) -> dict[str, list[tuple[dict[str, Any], int, float]]]:
        """Return metric name -> data points: attributes, count, sum."""
        found: dict[str, list[tuple[dict[str, Any], int, float]]] = {}
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        assert isinstance(point, HistogramDataPoint)
                        found.setdefault(metric.name, []).append((dict(point.attributes or {}), point.count, point.sum))
        return found


def gauges(telemetry: Telemetry) -> dict[str, list[tuple[dict[str, Any], float]]]:
    """Collect, and return gauge name -> data points: attributes, value."""
    data = telemetry.reader.get_metrics_data()
    return {
        metric.name: [(dict(point.attributes or {}), point.value) for point in metric.data.data_points]
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if isinstance(metric.data, Gauge)
    }


def wait_for_budget() -> None:
    """Wait until the limits that are due have been requested."""
    for thread in threading.enumerate():
        if thread.name == "openrouter-budget":
            thread.join(30)
            assert not thread.is_alive()


def span_data(span: ReadableSpan) -> dict[str, Any]:
    """Return a span as plain data, without its times, which are checked here."""
    attributes = dict(span.attributes or {})
    for name in TIME_ATTRIBUTES:
        if name in attributes:
            seconds = attributes.pop(name)
            assert isinstance(seconds, float)
            assert math.isfinite(seconds)
            assert 0 <= seconds < 60
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.end_time
    return {
        "name": span.name,
        "kind": span.kind.name,
        "status": span.status.status_code.name,
        "description": span.status.description,
        "attributes": {name: (value, type(value)) for name, value in attributes.items()},
        "events": [event.name for event in span.events],
        "links": list(span.links),
    }


def expected_span(
    name: str, attributes: dict[str, Any], *, status: str = "UNSET", description: str | None = None
) -> dict[str, Any]:
    """Return the same plain data from the values that a test expects."""
    return {
        "name": name,
        "kind": "CLIENT",
        "status": status,
        "description": description,
        "attributes": {name: (value, type(value)) for name, value in attributes.items()},
        "events": [],
        "links": [],
    }


def tick_at_each_reading(monkeypatch: "pytest.MonkeyPatch") -> Iterator[int]:
    """Let the clock of durations advance one second per reading; return the remaining seconds.

    A call reads it at its start, its response headers, each chunk and its end.
    """
    ticks = itertools.count(1)
    for module in (call, chunk_timer, open_responses, streams):
        monkeypatch.setattr(module, "clock", lambda: float(next(ticks)))
    return ticks
