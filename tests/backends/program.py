"""A program that makes calls and exports telemetry to a backend like a user's program: over OTLP, or through ddtrace.

It reads one JSON object from stdin: the simulator's URL, the calls, the dialects. OpenTelemetry's variables set the
endpoint; `OTEL_EXPORTER_OTLP_PROTOCOL` also selects the exporter. Without it the program uses the global provider,
which is ddtrace's under `ddtrace-run` with `DD_TRACE_OTEL_ENABLED`.
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
    """Return the providers, and a function that shuts them down."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - not needed for ddtrace's bridge
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
    """Make one call and ignore API errors."""
    fields: dict[str, Any] = {"metadata": {"call": call["name"]}}
    if call["session"]:
        fields["session_id"] = call["session"]
    if call["user"]:
        fields["user"] = call["user"]
    model, question = call["model"], call["question"]
    messages: Any = [{"role": "user", "content": question}]
    with (
        openai.OpenAI(base_url=call["base_url"], api_key="sk-or-v1-simulated", max_retries=0) as client,
        contextlib.suppress(openai.APIError),
    ):
        match call["style"]:
            case "stream":
                list(client.chat.completions.create(model=model, messages=messages, stream=True, extra_body=fields))
            case "responses":
                client.responses.create(model=model, input=question, extra_body=fields)
            case "embeddings":
                client.embeddings.create(model=model, input=question, extra_body=fields)
            case _:
                client.chat.completions.create(model=model, messages=messages, extra_body=fields)


def main() -> None:
    """Instrument, make the calls, export."""
    instructions = json.load(sys.stdin)
    uses_otlp = "OTEL_EXPORTER_OTLP_PROTOCOL" in os.environ
    providers, end = over_otlp(metrics=instructions["metrics"]) if uses_otlp else ({}, None)
    OpenRouterInstrumentor().instrument(
        base_urls=[instructions["simulator"]],
        capture_content="span_only",
        dialects=instructions["dialects"],
        **providers,
    )
    tracer = trace.get_tracer("program")
    turns: dict[str, Any] = {}
    for call in instructions["calls"]:
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
