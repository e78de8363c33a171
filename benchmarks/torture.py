"""Checks very many calls for memory growth, open spans, and missing or double-counted cost; exits with 1 on a failure.

usage: torture.py [CALLS] [--write-docs]

All calls run in one process with an in-memory transport. Memory is compared after a fifth and after all of the calls,
so that the caches are warm.
"""

import asyncio
import gc
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import openai
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.doc_tables import DOCS, check_table
from tests.simulator import CANNED_REPLIES, Chat
from tests.simulator.memory import MemoryReply, async_client_of, client_of

PAGE = DOCS / "compatibility.md"
BEGIN, END = "<!-- torture -->", "<!-- /torture -->"
MAX_GROWTH: Final = 4_000_000  # bytes; a leak of 100 bytes for each call would be ten million
PRICE: Final = Decimal("0.00014")
REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
STREAM: Final = MemoryReply(
    [piece for piece in CANNED_REPLIES["hello"].reply(Chat(), stream=True).pieces if isinstance(piece, bytes)],
    content_type="text/event-stream",
)
PLAIN: Final = MemoryReply(
    [piece for piece in CANNED_REPLIES["hello"].reply(Chat(), stream=False).pieces if isinstance(piece, bytes)]
)


class Counted(SpanProcessor):
    """Counts the started and the ended spans, and sums their costs."""

    def __init__(self) -> None:
        self.started = self.ended = 0
        self.cost = Decimal(0)
        self._lock = threading.Lock()

    def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002 - the signature of the base
        """Count a started span."""
        with self._lock:
            self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        """Count an ended span and its cost."""
        with self._lock:
            self.ended += 1
            self.cost += Decimal(repr((span.attributes or {}).get("gen_ai.usage.cost", 0.0)))


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    what: str
    calls: int
    growth: int | None
    """Growth of the resident memory in bytes, from a fifth of the calls to the last."""
    failure: str
    """The failures; empty if there are none."""


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _run(what: str, calls: int, billed: int, work: Callable[[int], None], *, measures_memory: bool = True) -> Result:
    """Make *calls* calls in five parts, each by calling *work* with the number of its calls."""
    counted, reader = Counted(), InMemoryMetricReader()
    tracers, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([reader], shutdown_on_exit=False)
    tracers.add_span_processor(counted)
    OpenRouterInstrumentor().instrument(tracer_provider=tracers, meter_provider=meters)
    memory: list[int] = []
    parts = 5 if measures_memory else 1
    for _ in range(parts):
        work(calls // parts)
        memory.append(_resident())
    OpenRouterInstrumentor().uninstrument()
    growth = memory[-1] - memory[0] if measures_memory else None
    return Result(what, calls, growth, "; ".join(_failures(counted, reader, calls, billed, growth)))


def _failures(
    counted: Counted, reader: InMemoryMetricReader, calls: int, billed: int, growth: int | None
) -> Iterator[str]:
    if (counted.started, counted.ended) != (calls, calls):
        yield f"{counted.started} spans were started and {counted.ended} ended"
    if counted.cost != billed * PRICE:
        yield f"the cost of the spans is {counted.cost}, not {billed * PRICE}"
    counts = {"gen_ai.client.operation.duration": 0, "gen_ai.usage.cost": 0}
    data = reader.get_metrics_data()
    for resource_metrics in data.resource_metrics if data else ():
        for scope in resource_metrics.scope_metrics:
            for metric in scope.metrics:
                if metric.name in counts:
                    counts[metric.name] += sum(point.count for point in metric.data.data_points)  # type: ignore[union-attr] - a histogram's
    if list(counts.values()) != [calls, billed]:
        yield f"the metrics have {counts}"
    if growth is not None and growth > MAX_GROWTH:
        yield f"memory grew by {growth} bytes"


def _plain(calls: int) -> None:
    with client_of(PLAIN) as client, client_of(STREAM) as streaming:
        for number in range(calls):
            if number % 4:
                client.chat.completions.create(**REQUEST)
            else:
                list(streaming.chat.completions.create(**REQUEST, stream=True))


def _abandoned(calls: int) -> None:
    with client_of(STREAM) as client:
        for _ in range(calls):
            next(client.chat.completions.create(**REQUEST, stream=True))


def _threads(calls: int) -> None:
    with client_of(STREAM) as client, ThreadPoolExecutor(32) as threads:

        def read(_: int) -> None:
            list(client.chat.completions.create(**REQUEST, stream=True))

        list(threads.map(read, range(calls)))


def _concurrent(calls: int) -> None:
    async def read(client: openai.AsyncOpenAI) -> None:
        async for _ in await client.chat.completions.create(**REQUEST, stream=True):
            pass

    async def main() -> None:
        async with async_client_of(STREAM) as client:
            for _ in range(calls // 200):
                await asyncio.gather(*[read(client) for _ in range(200)])

    asyncio.run(main())


def table(found: list[Result]) -> str:
    """Return the table of docs/compatibility.md."""
    rows = [
        f"| {each.what} | {each.calls:,} | {'-' if each.growth is None else f'{each.growth / 1e6:+.1f} MB'} | "
        f"{each.failure or 'none'} |"
        for each in found
    ]
    return "\n".join(
        ["| workload | calls | memory | open spans, missing or double-counted cost |", "|---|---|---|---|", *rows]
    )


def main(arguments: list[str]) -> int:
    """Run the workloads and print the table; return 1 on a failure."""
    calls = next((int(argument) for argument in arguments if argument.isdecimal()), 100_000)
    few = calls // 10
    found = [
        _run("calls, every fourth one streamed", calls, calls, _plain),
        _run("streams dropped after the first chunk", few, 0, _abandoned),
        _run("streams in 32 threads", few, few, _threads, measures_memory=False),
        _run("async streams, 200 concurrent", few, few, _concurrent, measures_memory=False),
    ]
    text = table(found)
    print(text)
    if "--write-docs" in arguments:
        check_table(PAGE, BEGIN, text, END, write=True)
    return 1 if any(each.failure for each in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
