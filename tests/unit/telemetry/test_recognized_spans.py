"""Which spans are those of another instrumentation that traces the same call."""

from opentelemetry.instrumentation.openrouter._telemetry.recognized_spans import recorded_by
from opentelemetry.sdk.trace import TracerProvider


def test_a_span_that_litellm_described() -> None:
    """LiteLLM's callback describes an ended call on the program's span: the next call in it is another one."""
    span = TracerProvider().get_tracer("program").start_span("program")
    span.set_attribute("gen_ai.operation.name", "chat")
    assert recorded_by(span, "chat") is not None
    span.set_attribute("litellm.call_id", "19e52d00-9198-4c81-88fd-916ffe45989f")
    assert recorded_by(span, "chat") is None
