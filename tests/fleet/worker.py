"""A worker of the fleet: it makes calls in one style, with or without the instrumentation, and records what it saw.

It reads one JSON object from the first line of stdin: the fields of `Instructions`. It calls until a second line comes
and the least number of calls is made, or until SIGTERM. Then it ends like any program: the SDK exports at exit.
"""

import asyncio
import itertools
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import openai
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tests.fleet.ledger import WARM_UP, Call, LedgerWriter, MetricExport, SpanExport, Usage

THREADS: Final = 4
TASKS: Final = 8
REFUSED_EVERY: Final = 50
DEAR_EVERY: Final = 100
COST: Final = "gen_ai.usage.cost"
_Client = TypeVar("_Client", openai.OpenAI, openai.AsyncOpenAI)
_MESSAGES: Final[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]


@dataclass(frozen=True)
class Instructions:
    """What a worker does."""

    style: str
    """`sync`, `async`, `sync stream` or `async stream`."""
    mode: str
    """`plain`: without an SDK; `sdk`: with a span of the program around each call; `traced`: also instrumented."""
    simulator: str
    """The URL of the simulator."""
    base_urls: dict[str, str]
    """The base URL for each kind of call."""
    key: str
    least: int
    """The least number of calls."""
    ledger: str
    """The path of the ledger."""


class _RecordedSpans(SpanExporter):
    """Records what an exporter is given, and the result."""

    def __init__(self, exporter: SpanExporter, ledger: LedgerWriter) -> None:
        self._exporter = exporter
        self._ledger = ledger

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        begin = time.time()
        result = self._exporter.export(spans)
        traces = [f"{span.context.trace_id:032x}" for span in spans if span.context]
        self._ledger.write(SpanExport(begin, time.time(), result is SpanExportResult.SUCCESS, traces))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class _RecordedMetrics(MetricExporter):
    """Records the cost that an exporter is given, and the result."""

    def __init__(self, exporter: MetricExporter, ledger: LedgerWriter) -> None:
        super().__init__()
        self._exporter = exporter
        self._ledger = ledger

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        begin = time.time()
        result = self._exporter.export(metrics_data, timeout_millis, **kwargs)
        delivered = result is MetricExportResult.SUCCESS
        self._ledger.write(MetricExport(begin, time.time(), delivered, _cost(metrics_data)))
        return result

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        self._exporter.shutdown(timeout_millis, **kwargs)


def _cost(data: MetricsData) -> float:
    points = (
        cast("Any", point)
        for resource_metrics in data.resource_metrics
        for scope in resource_metrics.scope_metrics
        for metric in scope.metrics
        if metric.name == COST
        for point in metric.data.data_points
    )
    return sum(point.sum for point in points)


def set_up(instructions: Instructions, ledger: LedgerWriter) -> Callable[[], AbstractContextManager[Any]]:
    """Set providers and instrument, as the mode requires; return what makes the span around a call."""
    if instructions.mode == "plain":
        return nullcontext
    if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc import metric_exporter, trace_exporter  # noqa: PLC0415 - one of two
    else:
        from opentelemetry.exporter.otlp.proto.http import metric_exporter, trace_exporter  # noqa: PLC0415 - one of two
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(BatchSpanProcessor(_RecordedSpans(trace_exporter.OTLPSpanExporter(), ledger)))
    trace.set_tracer_provider(tracer_provider)
    reader = PeriodicExportingMetricReader(_RecordedMetrics(metric_exporter.OTLPMetricExporter(), ledger))
    metrics.set_meter_provider(MeterProvider([reader]))
    if instructions.mode == "traced":
        from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor  # noqa: PLC0415 - in this mode only

        OpenRouterInstrumentor().instrument(base_urls=[instructions.simulator])
    tracer = trace.get_tracer("worker")
    return lambda: tracer.start_as_current_span("job")


class Worker:
    """Makes the calls."""

    def __init__(self, instructions: Instructions) -> None:
        self._instructions = instructions
        self._ledger = LedgerWriter(Path(instructions.ledger))
        self._span = set_up(instructions, self._ledger)
        self._numbers = itertools.count()
        self._stopped = threading.Event()
        self._terminated = threading.Event()
        self._cpu = 0.0

    def run(self) -> None:
        """Call until stopped."""
        threading.Thread(target=self._read_stop, daemon=True).start()
        signal.signal(signal.SIGTERM, self._terminate)
        try:
            if self._instructions.style.startswith("async"):
                asyncio.run(self._call_async())
            else:
                with ThreadPoolExecutor(THREADS) as pool:
                    list(pool.map(lambda _: self._call_sync(), range(THREADS)))
        finally:
            self._ledger.write(Usage(_cpu() - self._cpu))

    def _read_stop(self) -> None:
        sys.stdin.readline()
        self._stopped.set()

    def _terminate(self, *_: object) -> None:
        # As docs/fleet.md recommends; the threads finish their calls.
        self._terminated.set()
        sys.exit(0)

    def _kinds(self) -> Iterator[str]:
        """Yield the kind of each call until the end."""
        for number in self._numbers:
            if self._terminated.is_set() or (self._stopped.is_set() and number >= self._instructions.least):
                return
            if number == WARM_UP:
                self._cpu = _cpu()
            refused, dear = number % REFUSED_EVERY == REFUSED_EVERY // 2, number % DEAR_EVERY == DEAR_EVERY // 3
            yield "refused" if refused else "dear" if dear else "usual"

    def _call_sync(self) -> None:
        clients = self._clients(openai.OpenAI)
        for kind in self._kinds():
            with self._recorded(kind) as costs:
                response = clients[kind].chat.completions.create(**self._request(kind))
                costs.extend(_costs(response if self._streams else [response]))

    async def _call_async(self) -> None:
        clients = self._clients(openai.AsyncOpenAI)
        await asyncio.gather(*(self._call_in_task(clients) for _ in range(TASKS)))

    async def _call_in_task(self, clients: dict[str, openai.AsyncOpenAI]) -> None:
        for kind in self._kinds():
            with self._recorded(kind) as costs:
                response = await clients[kind].chat.completions.create(**self._request(kind))
                costs.extend(_costs([chunk async for chunk in response] if self._streams else [response]))

    def _clients(self, kind: Callable[..., _Client]) -> dict[str, _Client]:
        key, urls = self._instructions.key, self._instructions.base_urls
        return {name: kind(base_url=url, api_key=key, max_retries=0) for name, url in urls.items()}

    @property
    def _streams(self) -> bool:
        return self._instructions.style.endswith("stream")

    @contextmanager
    def _recorded(self, kind: str) -> Generator[list[str]]:
        """Record one call with its exception, or with the cost that the block adds to the list."""
        costs: list[str] = []
        begin, outcome = time.time(), "ok"
        with self._span():
            trace_id = _trace_id()
            try:
                yield costs
            except Exception as error:  # noqa: BLE001 - it is recorded
                outcome = type(error).__name__
        self._ledger.write(Call(kind, begin, time.time(), trace_id, outcome, costs[-1] if costs else ""))

    def _request(self, kind: str) -> dict[str, Any]:
        model = "google/gemini-flash" if kind == "refused" else "openai/gpt-4o-mini"
        return {"model": model, "messages": _MESSAGES, "stream": self._streams}


def _trace_id() -> str:
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def _costs(chunks: Iterable[Any]) -> list[str]:
    """Return each cost that a response, or the chunks of a stream, report."""
    return [str(chunk.usage.cost) for chunk in chunks if chunk.usage]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    Worker(Instructions(**json.loads(sys.stdin.readline()))).run()
