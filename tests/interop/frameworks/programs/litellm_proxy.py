"""LiteLLM's proxy: a server of its own process under `opentelemetry-instrument`, called with the OpenAI SDK.

https://docs.litellm.ai/docs/simple_proxy, without a database. The program has one proxy without the instrumentation and
one with it; a call names the URL of the simulator. The proxy exports its spans and metrics to the program.
"""

import asyncio
import atexit
import functools
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from openai import AsyncOpenAI, OpenAI
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.propagate import inject
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

QUESTION = "How is the weather in Paris?"
MESSAGES: Any = [{"role": "user", "content": QUESTION}]
SECONDS = 120
KEY = f"sk-{secrets.token_hex(32)}"
# The model names are the callers'; `*` is the rest of the name.
CONFIG = {
    "model_list": [
        {"model_name": f"{prefix}/*", "litellm_params": {"model": f"{model}/*", "api_key": "sk-or-x"}}
        for prefix, model in (("by-openrouter", "openrouter"), ("by-openai", "openai"))
    ],
    "general_settings": {"allow_client_side_credentials": True},
}


class Exports(BaseHTTPRequestHandler):
    """Receives what a proxy exports."""

    spans: ClassVar[list[ReadableSpan]] = []
    costs: ClassVar[list[tuple[int, Decimal]]] = []
    parent = 0
    """The id of the program's span of the last call."""

    def do_POST(self) -> None:
        """Decode one export."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
        elif self.path == "/v1/metrics":
            self.costs.extend(_costs(ExportMetricsServiceRequest.FromString(body)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Print nothing."""


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReadableSpan]:
    for scope in (scope for resource in request.resource_spans for scope in resource.scope_spans):
        for span in scope.spans:
            yield ReadableSpan(
                span.name,
                _context(span.trace_id, span.span_id),
                _context(span.trace_id, span.parent_span_id) if span.parent_span_id else None,
                Resource.get_empty(),
                _attributes(span),
                instrumentation_scope=InstrumentationScope(scope.scope.name),
            )


def _context(trace_id: bytes, span_id: bytes) -> SpanContext:
    return SpanContext(int.from_bytes(trace_id, "big"), int.from_bytes(span_id, "big"), is_remote=True)


def _attributes(span: Span) -> dict[str, Any]:
    values = ((each.key, each.value) for each in span.attributes)
    return {
        key: getattr(value, value.WhichOneof("value") or "")
        for key, value in values
        if value.WhichOneof("value") != "array_value"
    }


def _costs(request: ExportMetricsServiceRequest) -> Iterator[tuple[int, Decimal]]:
    for scope in (scope for resource in request.resource_metrics for scope in resource.scope_metrics):
        for metric in (metric for metric in scope.metrics if metric.name == "gen_ai.usage.cost"):
            yield from ((point.count, Decimal(repr(point.sum))) for point in metric.histogram.data_points)


def _of_program(parent: int) -> list[ReadableSpan]:
    """Return the spans with a cost that have arrived with the spans above them, up to the program's."""
    spans = {span.context.span_id: span for span in [*Exports.spans]}
    found: list[ReadableSpan] = []
    for span in spans.values():
        top = span
        while top.parent is not None and top.parent.span_id in spans:
            top = spans[top.parent.span_id]
        if "gen_ai.usage.cost" in (span.attributes or {}) and top.parent is not None and top.parent.span_id == parent:
            found.append(span)
    return found


def received(calls: int) -> tuple[list[ReadableSpan], int, Decimal]:
    """Return the spans of *calls* calls, and the count and the sum of their costs, when the proxy has exported them."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if len(_of_program(Exports.parent)) >= calls and sum(count for count, _ in [*Exports.costs]) >= calls:
            break
        time.sleep(0.05)
    spans, costs = [*Exports.spans], [*Exports.costs]
    Exports.spans.clear()
    Exports.costs.clear()
    return spans, sum(count for count, _ in costs), sum((total for _, total in costs), Decimal(0))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@functools.cache
def _proxy(simulator: str, *, instrumented: bool) -> str:
    """Start a proxy and return its URL."""
    exports = ThreadingHTTPServer(("127.0.0.1", 0), Exports)
    threading.Thread(target=exports.serve_forever, daemon=True).start()
    config = Path(tempfile.mkdtemp(prefix="litellm-proxy-")) / "config.yaml"
    config.write_text(json.dumps(CONFIG))  # JSON is YAML
    port, folder = _free_port(), Path(sys.executable).parent
    command = [folder / "litellm", "-c", config, "--host", "127.0.0.1", "--port", str(port)]
    environment = {
        **os.environ,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": KEY,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{exports.server_port}",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": simulator,
    }
    command = [folder / "opentelemetry-instrument", *command] if instrumented else command
    server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    atexit.register(_stop, server)
    url = f"http://127.0.0.1:{port}"
    _wait(server, url)
    return url


def _wait(server: "subprocess.Popen[bytes]", url: str) -> None:
    end = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < end:
        if _responds(url):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the proxy has not started; its exit code is {server.poll()}")


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/liveliness", timeout=5):
            return True
    except OSError:
        return False


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


Options = dict[str, Any]


def plain(client: OpenAI, options: Options) -> Any:
    """One plain call."""
    return client.chat.completions.create(messages=MESSAGES, **options).choices[0].message.content


def streaming(client: OpenAI, options: Options) -> Any:
    """One stream."""
    chunks = client.chat.completions.create(messages=MESSAGES, stream=True, **options)
    return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]


def streaming_with_usage(client: OpenAI, options: Options) -> Any:
    """One stream, with its usage requested."""
    usage = {"include_usage": True}
    chunks = client.chat.completions.create(messages=MESSAGES, stream=True, stream_options=usage, **options)
    return [chunk.model_dump(exclude={"id", "created"}) for chunk in chunks]


async def async_plain(client: AsyncOpenAI, options: Options) -> Any:
    """Three concurrent calls."""
    create = client.chat.completions.create
    replies = await asyncio.gather(*(create(messages=MESSAGES, **options) for _ in range(3)))
    return [reply.choices[0].message.content for reply in replies]


async def async_streaming(client: AsyncOpenAI, options: Options) -> Any:
    """One stream."""
    chunks = await client.chat.completions.create(messages=MESSAGES, stream=True, **options)
    return [chunk.choices[0].delta.content async for chunk in chunks if chunk.choices]


def embedding(client: OpenAI, options: Options) -> Any:
    """The embeddings of two texts."""
    return client.embeddings.create(input=["sunny", "rainy"], encoding_format="float", **options).data[1].embedding


def responses(client: OpenAI, options: Options) -> Any:
    """Responses API: one plain call."""
    return client.responses.create(input=QUESTION, **options).output_text


def responses_streaming(client: OpenAI, options: Options) -> Any:
    """Responses API: one stream."""
    events = client.responses.create(input=QUESTION, stream=True, **options)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def _run(mode: Callable[..., Any], prefix: str, base_url: str) -> Any:
    """Call the proxy with the trace of the program and with the URL of the scenario."""
    address = urlsplit(base_url)
    simulator = f"{address.scheme}://{address.netloc}"
    url = _proxy(simulator, instrumented=OpenRouterInstrumentor().is_instrumented_by_opentelemetry)
    headers: dict[str, str] = {}
    inject(headers)
    Exports.parent = trace.get_current_span().get_span_context().span_id
    options = {"model": f"{prefix}/openai/gpt-4o-mini", "extra_body": {"api_base": base_url}}
    settings: Any = {"base_url": f"{url}/v1", "api_key": KEY, "default_headers": headers, "max_retries": 0}
    if not asyncio.iscoroutinefunction(mode):
        with OpenAI(**settings) as client:
            return mode(client, options)

    async def run() -> Any:
        async with AsyncOpenAI(**settings) as client:
            return await mode(client, options)

    return asyncio.run(run())


MODES: dict[str, Callable[[str], Any]] = {
    f"`{model}`, {name}": partial(_run, mode, prefix)
    for prefix, model in (("by-openrouter", "openrouter/"), ("by-openai", "openai/"))
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "streaming with usage": streaming_with_usage,
        "async plain": async_plain,
        "async streaming": async_streaming,
        "embedding": embedding,
        "Responses API": responses,
        "Responses API, streaming": responses_streaming,
    }.items()
}
