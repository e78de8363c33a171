"""A notebook whose cells run twice in a real kernel, with the OpenAI SDK and the functions for notebooks.

https://nbclient.readthedocs.io and https://ipykernel.readthedocs.io. The last cell prints the spans and the metric.
"""

import json
import os
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import nbformat
from nbclient import NotebookClient
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

SECONDS = 120
REPEATED = "Attempting to instrument while already instrumented"

# The program's span is the parent of the calls.
CLIENT = """
import json, os
from openai import AsyncOpenAI, OpenAI
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span
options = {"base_url": os.environ["BASE_URL"], "api_key": "sk-or-x", "max_retries": 0}
request = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "How is the weather in Paris?"}]}
ids = json.loads(os.environ["PARENT"])
parent = NonRecordingSpan(SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(1)))
texts = []
"""
PROVIDERS = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))
"""
RECORD = """
from opentelemetry.instrumentation.openrouter.notebook import record_costs, show_costs
record_costs()
"""
INSTRUMENT = """
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
OpenRouterInstrumentor().instrument()
"""
SHOW = "show_costs()"
EXPORT = """
points = [
    point
    for resource in reader.get_metrics_data().resource_metrics
    for scope in resource.scope_metrics
    for metric in scope.metrics if metric.name == "gen_ai.usage.cost"
    for point in metric.data.data_points
]
print(json.dumps({
    "spans": [
        {
            "name": span.name,
            "ids": [span.context.trace_id, span.context.span_id],
            "parent": span.parent and [span.parent.trace_id, span.parent.span_id],
            "scope": span.instrumentation_scope.name,
            "attributes": {name: value for name, value in span.attributes.items() if not isinstance(value, tuple)},
        }
        for span in exporter.get_finished_spans()
    ],
    "costs": [[point.count, repr(point.sum)] for point in points],
}))
"""
PLAIN = """
with use_span(parent):
    texts.append(OpenAI(**options).chat.completions.create(**request).choices[0].message.content)
texts[-1]
"""
STREAMING = """
with use_span(parent):
    chunks = OpenAI(**options).chat.completions.create(**request, stream=True)
    texts.append("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
texts[-1]
"""
AWAIT = """
with use_span(parent):
    reply = await AsyncOpenAI(**options).chat.completions.create(**request)
texts.append(reply.choices[0].message.content)
texts[-1]
"""


class Exports:
    """What the last kernel has exported."""

    spans: ClassVar[list[ReadableSpan]] = []
    costs: ClassVar[list[tuple[int, Decimal]]] = []


def received(calls: int) -> tuple[list[ReadableSpan], int, Decimal]:
    """Return the spans, and the count and the sum of their costs."""
    spans, costs = [*Exports.spans], [*Exports.costs]
    Exports.spans.clear()
    Exports.costs.clear()
    return spans, sum(count for count, _ in costs), sum((total for _, total in costs), Decimal(0))


def _text(cell: Any, kind: str) -> str:
    """Return the outputs of a cell: `stdout`, `stderr`, `text/plain` of what it displays or returns."""
    streams = [each["text"] for each in cell.outputs if each.get("name") == kind]
    return "".join([*streams, *(each["data"].get(kind, "") for each in cell.outputs if "data" in each)])


def _execute(base_url: str, sources: list[str]) -> list[Any]:
    context = trace.get_current_span().get_span_context()
    environment = {
        **os.environ,
        "BASE_URL": base_url,
        "PARENT": json.dumps([context.trace_id, context.span_id]),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": base_url,
    }
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3").execute(env=environment)
    return notebook.cells


def _run(setup: str, repeated: int, source: str, base_url: str) -> list[str]:
    """Run the set-up and the call twice, and show the costs after each; return the results of the calls."""
    if not OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
        return [_text(cell, "text/plain") for cell in _execute(base_url, [CLIENT, source, source])[1:]]
    cells = _execute(base_url, [PROVIDERS, CLIENT, *[setup, source, SHOW] * 2, EXPORT])
    _check_logs(cells, repeated)
    _check_table(cells[4], cells[7], base_url)
    exported = json.loads(_text(cells[-1], "stdout"))
    Exports.spans.extend(map(_span, exported["spans"]))
    Exports.costs.extend((count, Decimal(total)) for count, total in exported["costs"])
    return [_text(cells[number], "text/plain") for number in (3, 6)]


def _check_logs(cells: list[Any], repeated: int) -> None:
    """Only the second set-up may log, and only that the instrumentation is enabled."""
    logged = "".join(_text(cell, "stderr") for cell in cells)
    if logged.splitlines() != [REPEATED] * repeated:
        raise AssertionError(f"the cells log {logged!r}")


def _check_table(first: Any, second: Any, base_url: str) -> None:
    """The tables have the exact sum of the bill, and as many calls as were made until then."""
    with urllib.request.urlopen(f"{base_url.removesuffix('/api/v1')}/bill") as response:
        costs = [Decimal(repr(line["cost"])) for line in json.load(response)]
    for cell, calls in ((first, 1), (second, 2)):
        (row,) = [line.split() for line in _text(cell, "text/plain").splitlines() if line.startswith("all ")]
        if (row[1], Decimal(row[-1])) != (str(calls), sum(costs[:calls])):
            raise AssertionError(f"the table has {row}, the bill {costs}")
        if "<pre" not in _text(cell, "text/html") or _text(cell, "stdout").strip():
            raise AssertionError(f"the table is not displayed: {cell.outputs}")


def _span(exported: dict[str, Any]) -> ReadableSpan:
    parent = exported["parent"]
    return ReadableSpan(
        exported["name"],
        SpanContext(*exported["ids"], is_remote=True),
        SpanContext(*parent, is_remote=True) if parent else None,
        Resource.get_empty(),
        exported["attributes"],
        instrumentation_scope=InstrumentationScope(exported["scope"]),
    )


MODES: dict[str, Callable[[str], Any]] = {
    f"{setup}, {name}": partial(_run, cell, repeated, source)
    for setup, cell, repeated in (
        ("`record_costs()`", RECORD, 0),
        ("`instrument()` and `record_costs()`", INSTRUMENT + RECORD, 1),
    )
    for name, source in {"plain": PLAIN, "streaming": STREAMING, "await": AWAIT}.items()
}
