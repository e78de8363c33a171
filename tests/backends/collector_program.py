"""A program that exports traces, metrics and events with content to a Collector; prints the trace id of each call.

It reads one JSON object from stdin: the simulator's URL, the calls, the dialects. OpenTelemetry's variables set the
endpoint and the protocol. A call's turn is the kind of the span above it.
"""

import importlib
import json
import os
import sys
import time
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from tests.backends.program import make, over_otlp

SLOW_SECONDS: Final = 31
"""The duration of a slow trace, longer than the threshold of dashboards/collector.yaml."""


def parent(tracer: trace.Tracer, kind: str) -> trace.Span:
    """Return a span of the program: one that began long ago, one of a failure without status, or one that waited."""
    match kind:
        case "slow":
            return tracer.start_span(kind, start_time=time.time_ns() - SLOW_SECONDS * 10**9)
        case "failed quietly":
            return tracer.start_span(kind, attributes={"error.type": "quiet"})
        case "waited":
            return tracer.start_span(kind, attributes={"gen_ai.response.time_to_first_chunk": 5.5})
        case _:
            return tracer.start_span(kind)


def main() -> None:
    """Instrument, make the calls, export, print the ids."""
    instructions: dict[str, Any] = json.load(sys.stdin)
    providers, end = over_otlp(metrics=True)
    protocol = os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"].partition("/")[0]
    exporter = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{protocol}._log_exporter").OTLPLogExporter
    logger_provider = LoggerProvider()
    logger_provider.add_log_record_processor(BatchLogRecordProcessor(exporter()))
    OpenRouterInstrumentor().instrument(
        base_urls=[instructions["simulator"]],
        capture_content="span_and_event",
        dialects=instructions["dialects"],
        logger_provider=logger_provider,
        **providers,
    )
    tracer = trace.get_tracer("program")
    traces: dict[str, str] = {}
    for call in instructions["calls"]:
        with trace.use_span(parent(tracer, call["turn"] or "rest"), end_on_exit=True) as span:
            make(call)
        traces[call["name"]] = f"{span.get_span_context().trace_id:032x}"
    end()
    logger_provider.shutdown()
    print(json.dumps(traces))


if __name__ == "__main__":
    main()
