"""`--otlp` exports spans and metrics."""

from opentelemetry.instrumentation.openrouter._cli.otlp import export_to
from opentelemetry.sdk.trace import TracerProvider

from tests.otlp import Receiver


def test_export() -> None:
    with Receiver() as receiver:
        on_end, meter_provider = export_to(f"{receiver.http}/")
        span = TracerProvider(shutdown_on_exit=False).get_tracer("a").start_span("chat")
        span.end()
        on_end(span)  # type: ignore[arg-type]
        meter_provider.get_meter("a").create_counter("c").add(1)
        meter_provider.shutdown()
        on_end.__self__.shutdown()  # type: ignore[attr-defined]
        assert [span["name"] for span in receiver.spans()] == ["chat"]
        assert [metric.name for metric in receiver.metrics()] == ["c"]
