"""A program that makes calls and tells a backend of them, as its users' programs would: over OTLP, or through ddtrace.

It reads one JSON object on stdin: where the simulator is, the calls, the dialects. Where the telemetry goes is said by
OpenTelemetry's own variables; `OTEL_EXPORTER_OTLP_PROTOCOL` also chooses the exporter. Where there is none, it is left
to the global provider, which under `ddtrace-run` with `DD_TRACE_OTEL_ENABLED` is ddtrace's.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import openai
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor


def over_otlp(*, metrics: bool) -> tuple[dict[str, Any], Callable[[], None]]:
    """The providers, and what sends all that is left."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - ddtrace's bridge goes without it
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 - the same
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - the same
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - the same

    if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc import metric_exporter, trace_exporter  # noqa: PLC0415 - one of two
    else:
        from opentelemetry.exporter.otlp.proto.http import metric_exporter, trace_exporter  # noqa: PLC0415 - one of two
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(BatchSpanProcessor(trace_exporter.OTLPSpanExporter()))
    trace.set_tracer_provider(tracer_provider)
    readers = [PeriodicExportingMetricReader(metric_exporter.OTLPMetricExporter())] if metrics else []
    meter_provider = MeterProvider(readers)

    def end() -> None:
        tracer_provider.shutdown()
        meter_provider.shutdown()

    return {"tracer_provider": tracer_provider, "meter_provider": meter_provider}, end


def make(call: Mapping[str, str]) -> None:
    """One call, whatever comes of it."""
    about: dict[str, Any] = {"metadata": {"call": call["name"]}}
    if call["session"]:
        about["session_id"] = call["session"]
    if call["user"]:
        about["user"] = call["user"]
    asked, question = call["asked"], call["question"]
    messages: Any = [{"role": "user", "content": question}]
    with (
        openai.OpenAI(base_url=call["base_url"], api_key="sk-or-v1-simulated", max_retries=0) as client,
        contextlib.suppress(openai.APIError),
    ):
        match call["way"]:
            case "stream":
                list(client.chat.completions.create(model=asked, messages=messages, stream=True, extra_body=about))
            case "responses":
                client.responses.create(model=asked, input=question, extra_body=about)
            case "embeddings":
                client.embeddings.create(model=asked, input=question, extra_body=about)
            case _:
                client.chat.completions.create(model=asked, messages=messages, extra_body=about)


def main() -> None:
    """Instrument, call, send."""
    told = json.load(sys.stdin)
    own = "OTEL_EXPORTER_OTLP_PROTOCOL" in os.environ
    providers, end = over_otlp(metrics=told["metrics"]) if own else ({}, None)
    OpenRouterInstrumentor().instrument(
        base_urls=[told["simulator"]], capture_content="span_only", dialects=told["dialects"], **providers
    )
    tracer = trace.get_tracer("program")
    turns: dict[str, Any] = {}
    for call in told["calls"]:
        turn = call["turn"]
        if turn and turn not in turns:
            turns[turn] = tracer.start_span(turn, attributes={"openinference.span.kind": "CHAIN"})
        with trace.use_span(turns[turn]) if turn else contextlib.nullcontext():
            make(call)
    for turn in turns.values():
        turn.end()
    if end is not None:
        end()


if __name__ == "__main__":
    main()
