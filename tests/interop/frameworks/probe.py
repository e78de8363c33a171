"""Runs one framework's program in that framework's environment, without and with the instrumentation, and compares.

`python probe.py <program> <simulator>` prints one JSON object for each mode of the program, with the failures. The
instrumentation must not change the result of a mode; each model call that the simulator billed must have one inference
span with the exact cost, in the trace of the program and below its span; and the metrics must sum up to the bill.

A program has `MODES`. It may have `trace_itself`, which enables the framework's own spans for a second round;
`SEPARATE_SPANS`: the scope of inference spans that the instrumentation cannot enrich, and the reason; and `received`,
which returns the spans that a server of the program has exported, and the count and the sum of its cost metric. What
several programs share, they import from the namespace `programs`, which this folder has on the path.
"""

import importlib.util
import json
import os
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

Mode = Callable[[str], Any]
Received = Callable[[int], tuple[list[ReadableSpan], int, Decimal]]
SECONDS = 5


class Probe:
    """One program and the simulator that it calls."""

    def __init__(self, name: str, simulator: str) -> None:
        self.name, self.simulator = name, simulator
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        spans = TracerProvider()
        spans.add_span_processor(SimpleSpanProcessor(self.exporter))
        trace.set_tracer_provider(spans)
        metrics.set_meter_provider(MeterProvider([self.reader]))
        self.tracer = trace.get_tracer("program")
        self.separate: str | None = None
        self.received: Received | None = None

    def run(self) -> Iterator[dict[str, Any]]:
        """Yield for each mode: whether the framework's tracing was on, why its spans are separate, and the failures."""
        program = _load(self.name)
        modes: dict[str, Mode] = program.MODES
        self.received = getattr(program, "received", None)
        plain = {mode: self._outcome(f"agent-{self.name}-plain-{n}", modes[mode]) for n, mode in enumerate(modes)}
        OpenRouterInstrumentor().instrument(base_urls=[self.simulator])
        for number, mode in enumerate(modes):
            failures = list(self._failures(f"agent-{self.name}-{number}", modes[mode], plain[mode]))
            yield {"mode": mode, "traced": False, "separate": "", "failures": failures}
        trace_itself: Callable[[], None] | None = getattr(program, "trace_itself", None)
        if trace_itself is not None:
            self.separate, why = getattr(program, "SEPARATE_SPANS", (None, ""))
            trace_itself()
            for number, mode in enumerate(modes):
                failures = list(self._failures(f"agent-{self.name}-itself-{number}", modes[mode], plain[mode]))
                yield {"mode": mode, "traced": True, "separate": why, "failures": failures}

    def _outcome(self, scenario: str, mode: Mode) -> Any:
        return mode(f"{self.simulator}/{scenario}/api/v1")

    def _failures(self, scenario: str, mode: Mode, plain: Any) -> Iterator[str]:
        self.exporter.clear()
        before = self._spent()
        with self.tracer.start_as_current_span("program") as root:
            result = self._outcome(scenario, mode)
        if result != plain or not result:
            yield f"the result without instrumentation is {plain!r}, with it {result!r}"
        bill = self._bill(scenario)
        if not bill:
            yield "no call was billed"
        costs = sorted(Decimal(repr(line["cost"])) for line in bill)
        exported, more, more_total = self.received(len(bill)) if self.received is not None else ([], 0, Decimal(0))
        self.exporter.export(exported)
        # A framework may return the result before its thread has read the end of the stream.
        _wait_for(lambda: self._spent()[0] - before[0] + more >= len(bill))
        yield from self._span_failures(bill, costs, root.get_span_context().span_id)
        count, total = (after - earlier for after, earlier in zip(self._spent(), before, strict=True))
        count, total = count + more, round(total + more_total, 12)
        if count != len(bill) or total != sum(costs):
            yield f"the metrics have {count} calls for {total}, the bill has {len(bill)} for {sum(costs)}"

    def _span_failures(self, bill: list[dict[str, Any]], costs: list[Decimal], root: int) -> Iterator[str]:
        # Inference spans that the framework creates after the calls, in its own thread.
        _wait_for(lambda: self.separate is None or self.separate in _scopes(self._inference_spans()))
        spans = {span.context.span_id: span for span in self.exporter.get_finished_spans() if span.context}
        found = [span for span in spans.values() if "gen_ai.usage.cost" in (span.attributes or {})]
        found_costs = sorted(Decimal(repr(_attribute(span, "gen_ai.usage.cost"))) for span in found)
        if found_costs != costs:
            yield f"the spans have the costs {found_costs}, the bill has {costs}"
        others = [
            span for span in spans.values() if _is_inference(span) and span not in found and not _is_refused(span)
        ]
        scopes = _scopes(others)
        if scopes != ({self.separate} if self.separate else set[str]()):
            yield f"other inference spans: {scopes}"
        providers = {line["id"]: line["provider"] for line in bill}
        for span in found:
            if _attribute(span, "gen_ai.provider.name") != "openrouter":
                yield f"{span.name} has the provider {_attribute(span, 'gen_ai.provider.name')}"
            upstream = _attribute(span, "openrouter.provider.name")
            if upstream != providers.get(str(_attribute(span, "gen_ai.response.id"))):
                yield f"{span.name} has the upstream provider {upstream}"
            if root not in _ancestors(span, spans):
                yield f"{span.name} is not below the program's span"

    def _inference_spans(self) -> Iterator[ReadableSpan]:
        return filter(_is_inference, self.exporter.get_finished_spans())

    def _spent(self) -> tuple[int, Decimal]:
        count, total = 0, Decimal(0)
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                if metric.name == "gen_ai.usage.cost":
                    points = [point for point in metric.data.data_points if isinstance(point, HistogramDataPoint)]
                    count += sum(point.count for point in points)
                    total += sum(Decimal(repr(point.sum)) for point in points)
        return count, total

    def _bill(self, scenario: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.simulator}/{scenario}/bill") as response:
            return json.load(response)


def _wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it is true, for at most a few seconds; the checks that follow report what is missing."""
    end = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def _is_inference(span: ReadableSpan) -> bool:
    operation, kind = _attribute(span, "gen_ai.operation.name"), _attribute(span, "openinference.span.kind")
    # LiteLLM has operation names of its own.
    return operation in {"chat", "text_completion"} or kind == "LLM" or _attribute(span, "llm.request.type") is not None


def _scopes(spans: Iterable[ReadableSpan]) -> set[str]:
    return {span.instrumentation_scope.name for span in spans if span.instrumentation_scope}


def _is_refused(span: ReadableSpan) -> bool:
    """Whether a request was refused, so that it is not on the bill."""
    return str(_attribute(span, "error.type")) in {"429", "rate_limit_exceeded"}


def _attribute(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)


def _ancestors(span: ReadableSpan, spans: dict[int, ReadableSpan]) -> Iterator[int]:
    parent = span.parent
    while parent is not None:
        yield parent.span_id
        above = spans.get(parent.span_id)
        parent = above.parent if above is not None else None


def _load(name: str) -> ModuleType:
    name, file = f"program_{name}", f"{name}.py"  # a program may have the same name as its framework
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "programs" / file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are resolved by name
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Print the results to standard output; redirect the framework's own output to standard error."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    name, simulator = sys.argv[1:]
    try:
        for found in Probe(name, simulator).run():
            print(json.dumps(found), file=out, flush=True)
    except Exception:  # noqa: BLE001 - any exception of a program is reported
        traceback.print_exc()
        result = {"mode": "", "traced": False, "separate": "", "failures": [traceback.format_exc(limit=-1)]}
        print(json.dumps(result), file=out, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
