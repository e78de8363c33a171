"""A program below whose own spans are calls, and below these HTTP spans; it exports over OTLP and prints each span.

It reads one JSON object from stdin: the simulator's URL, the calls, whether content is captured. What it prints is what
the SDK exported, so that a backend can be compared with it. OpenTelemetry's variables set the endpoint.
"""

import contextlib
import json
import sys
import time
from typing import Any, Final

import httpx
import openai
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.backends.program import make, over_otlp

LONG: Final = "0123456789abcdef" * 256
"""A value of a request's metadata, 4,096 characters long."""
PAUSE: Final = 0.3
"""Seconds between the first chunk of a stream and the reading of the rest."""


def described(span: ReadableSpan) -> dict[str, Any]:
    """Return a span as JSON."""
    assert span.context is not None
    assert span.start_time is not None
    assert span.end_time is not None
    return {
        "name": span.name,
        "trace": f"{span.context.trace_id:032x}",
        "span": f"{span.context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "",
        "links": [[f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}"] for link in span.links],
        "start": span.start_time,
        "end": span.end_time,
        "kind": span.kind.name.lower(),
        "status": span.status.status_code.name,
        "message": span.status.description,
        "attributes": dict(span.attributes or {}),
        "events": [[event.name, dict(event.attributes or {})] for event in span.events],
        "scope": span.instrumentation_scope.name if span.instrumentation_scope else "",
        "version": span.instrumentation_scope.version if span.instrumentation_scope else "",
    }


def make_special(base_url: str, failing_url: str) -> None:
    """Make calls with attributes of each type, a stream that takes a while, and one whose exception is recorded."""
    tracer = trace.get_tracer("program")
    messages: Any = [{"role": "user", "content": "Say hello."}]
    create = openai.OpenAI(base_url=base_url, api_key="sk-or-v1-simulated", max_retries=0).chat.completions.create
    typed: dict[str, Any] = {
        "metadata": {"call": "typed", "long": LONG},
        "provider": {"order": ["openai", "azure"], "allow_fallbacks": False},
    }
    with tracer.start_as_current_span("invoke_agent agent", attributes={"gen_ai.operation.name": "invoke_agent"}):
        create(model="openai/gpt-4o-mini", messages=messages, extra_body=typed, temperature=0.1, seed=7)
        slow: dict[str, Any] = {"metadata": {"call": "slow"}}
        stream = create(model="openai/gpt-4o-mini", messages=messages, extra_body=slow, stream=True)
        next(stream)
        time.sleep(PAUSE)
        list(stream)
    failing = openai.OpenAI(base_url=failing_url, api_key="sk-or-v1-simulated", max_retries=0).chat.completions.create
    with contextlib.suppress(openai.APIError), tracer.start_as_current_span("raising"):
        failing(model="moonshotai/kimi-k2", messages=messages, extra_body={"metadata": {"call": "raised"}})


def main() -> None:
    """Instrument, make the calls, export, print the spans."""
    instructions = json.load(sys.stdin)
    providers, end = over_otlp(metrics=False)
    exported = InMemorySpanExporter()
    providers["tracer_provider"].add_span_processor(SimpleSpanProcessor(exported))
    HTTPXClientInstrumentor().instrument(tracer_provider=providers["tracer_provider"])
    OpenRouterInstrumentor().instrument(
        base_urls=[instructions["simulator"]],
        capture_content="span_only" if instructions["content"] else "no_content",
        broadcast="link",
        **providers,
    )
    for call in instructions["calls"]:
        make(call)
    make_special(instructions["hello"], instructions["failing"])
    body: dict[str, Any] = {"model": "openai/gpt-4o-mini", "messages": [], "metadata": {"call": "over httpx"}}
    httpx.post(f"{instructions['hello']}/chat/completions", json=body).raise_for_status()
    end()
    print(json.dumps([described(span) for span in exported.get_finished_spans()]))


if __name__ == "__main__":
    main()
