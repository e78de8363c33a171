"""Exports the spans and metrics of a process to the endpoint of `run --otlp`, over HTTP."""

import atexit
from collections.abc import Callable

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_DELAY_MILLISECONDS = 1000
"""Short, because what a killed process has not exported is lost."""


def export_to(url: str) -> tuple[Callable[[ReadableSpan], None], MeterProvider]:
    """Return a receiver of finished spans, and a meter provider. Both export when the process ends.

    *url* is a base URL, as that of `OTEL_EXPORTER_OTLP_ENDPOINT`:
    https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp.
    """
    base = url.rstrip("/")
    spans = BatchSpanProcessor(OTLPSpanExporter(f"{base}/v1/traces"), schedule_delay_millis=_DELAY_MILLISECONDS)
    atexit.register(spans.shutdown)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics"))
    return spans.on_end, MeterProvider([reader])
