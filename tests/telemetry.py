"""What the tests see of a run: its spans, its points and its log lines, as plain data."""

import math
from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Gauge, HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

TIMES: Final = ("gen_ai.response.time_to_first_chunk", "openrouter.response.time_to_first_token")


class Started(SpanProcessor):
    """Counts the spans that have been started and not ended."""

    def __init__(self) -> None:
        self.open: dict[int, ReadableSpan] = {}

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open[span.context.span_id] = span

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None:
            self.open.pop(span.context.span_id, None)


class Emitted(LogRecordProcessor):
    """Keeps the events that were emitted."""

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
    """Providers that keep all in memory, and the instrumentor switched on with them."""

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

    def again(self, base_urls: Sequence[str] = (), **options: Any) -> None:
        """Switch it off and on with other options."""
        OpenRouterInstrumentor().uninstrument()
        self.instrument(base_urls, **options)

    @property
    def raw_spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def one_span(self) -> ReadableSpan:
        """The only span there is, and nothing still open."""
        assert not self.started.open
        (span,) = self.raw_spans
        return span

    def points(self) -> dict[str, list[tuple[dict[str, Any], int, float]]]:
        """For each metric its points: attributes, count, sum (rounded; durations are not known beforehand)."""
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
    """For each gauge its points, collected now: attributes, value."""
    data = telemetry.reader.get_metrics_data()
    return {
        metric.name: [(dict(point.attributes or {}), point.value) for point in metric.data.data_points]
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if isinstance(metric.data, Gauge)
    }


def seen(span: ReadableSpan) -> dict[str, Any]:
    """All that a span says, as plain data; its times are checked here and left out."""
    attributes = dict(span.attributes or {})
    for name in TIMES:
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


def expected(
    name: str, attributes: dict[str, Any], *, status: str = "UNSET", description: str | None = None
) -> dict[str, Any]:
    """The same, as a test writes it down."""
    return {
        "name": name,
        "kind": "CLIENT",
        "status": status,
        "description": description,
        "attributes": {name: (value, type(value)) for name, value in attributes.items()},
        "events": [],
        "links": [],
    }
