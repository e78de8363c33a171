"""Prints what is left after very many calls: memory, open spans, lost or doubled money; exits with 1 if anything is.

usage: torture.py [CALLS] [--write-docs]

In one process, over a transport in memory. Memory is compared between two moments of one run, when all caches are warm.
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
from tests.simulator.memory import Answer, async_client_of, client_of

PAGE = DOCS / "compatibility.md"
BEGIN, END = "<!-- torture -->", "<!-- /torture -->"
MOST_GROWTH: Final = 4_000_000  # bytes; a tenth of a kilobyte kept of each call would be ten million
PRICE: Final = Decimal("0.00014")
ASK: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
STREAM: Final = Answer(
    [piece for piece in CANNED_REPLIES["hello"].reply(Chat(), stream=True).pieces if isinstance(piece, bytes)],
    content_type="text/event-stream",
)
WHOLE: Final = Answer(
    [piece for piece in CANNED_REPLIES["hello"].reply(Chat(), stream=False).pieces if isinstance(piece, bytes)]
)


class Counted(SpanProcessor):
    """How many spans were started and ended, and what they cost."""

    def __init__(self) -> None:
        self.started = self.ended = 0
        self.cost = Decimal(0)
        self._lock = threading.Lock()

    def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002 - the signature of the base
        """One more."""
        with self._lock:
            self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        """One less."""
        with self._lock:
            self.ended += 1
            self.cost += Decimal(repr((span.attributes or {}).get("gen_ai.usage.cost", 0.0)))


@dataclass(frozen=True)
class Found:
    """One row of the table."""

    what: str
    calls: int
    growth: int | None
    """Bytes of resident memory, from a fifth of the calls to the last."""
    wrong: str
    """What is not as it should be; empty where all is."""


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _run(what: str, calls: int, billed: int, work: Callable[[int], None], *, weighs: bool = True) -> Found:
    """Make *calls* calls by *work*, which is given how many, in five parts."""
    counted, reader = Counted(), InMemoryMetricReader()
    tracers, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([reader], shutdown_on_exit=False)
    tracers.add_span_processor(counted)
    OpenRouterInstrumentor().instrument(tracer_provider=tracers, meter_provider=meters)
    weights: list[int] = []
    parts = 5 if weighs else 1
    for _ in range(parts):
        work(calls // parts)
        weights.append(_resident())
    OpenRouterInstrumentor().uninstrument()
    growth = weights[-1] - weights[0] if weighs else None
    return Found(what, calls, growth, "; ".join(_faults(counted, reader, calls, billed, growth)))


def _faults(
    counted: Counted, reader: InMemoryMetricReader, calls: int, billed: int, growth: int | None
) -> Iterator[str]:
    if (counted.started, counted.ended) != (calls, calls):
        yield f"{counted.started} spans began and {counted.ended} ended"
    if counted.cost != billed * PRICE:
        yield f"the spans cost {counted.cost}, not {billed * PRICE}"
    told = {"gen_ai.client.operation.duration": 0, "gen_ai.usage.cost": 0}
    data = reader.get_metrics_data()
    for resource_metrics in data.resource_metrics if data else ():
        for scope in resource_metrics.scope_metrics:
            for metric in scope.metrics:
                if metric.name in told:
                    told[metric.name] += sum(point.count for point in metric.data.data_points)  # type: ignore[union-attr] - a histogram's
    if list(told.values()) != [calls, billed]:
        yield f"the metrics have {told}"
    if growth is not None and growth > MOST_GROWTH:
        yield f"memory grew by {growth} bytes"


def _plain(calls: int) -> None:
    with client_of(WHOLE) as client, client_of(STREAM) as streaming:
        for number in range(calls):
            if number % 4:
                client.chat.completions.create(**ASK)
            else:
                list(streaming.chat.completions.create(**ASK, stream=True))


def _abandoned(calls: int) -> None:
    with client_of(STREAM) as client:
        for _ in range(calls):
            next(client.chat.completions.create(**ASK, stream=True))


def _threads(calls: int) -> None:
    with client_of(STREAM) as client, ThreadPoolExecutor(32) as threads:

        def read(_: int) -> None:
            list(client.chat.completions.create(**ASK, stream=True))

        list(threads.map(read, range(calls)))


def _at_once(calls: int) -> None:
    async def read(client: openai.AsyncOpenAI) -> None:
        async for _ in await client.chat.completions.create(**ASK, stream=True):
            pass

    async def main() -> None:
        async with async_client_of(STREAM) as client:
            for _ in range(calls // 200):
                await asyncio.gather(*[read(client) for _ in range(200)])

    asyncio.run(main())


def table(found: list[Found]) -> str:
    """The figures for people to read."""
    rows = [
        f"| {each.what} | {each.calls:,} | {'-' if each.growth is None else f'{each.growth / 1e6:+.1f} MB'} | "
        f"{each.wrong or 'none'} |"
        for each in found
    ]
    return "\n".join(
        ["| workload | calls | memory | open spans, missing or double-counted cost |", "|---|---|---|---|", *rows]
    )


def main(arguments: list[str]) -> int:
    """Run, print, and say whether all is as it should be."""
    calls = next((int(argument) for argument in arguments if argument.isdecimal()), 100_000)
    few = calls // 10
    found = [
        _run("calls, every fourth one streamed", calls, calls, _plain),
        _run("streams dropped after the first chunk", few, 0, _abandoned),
        _run("streams in 32 threads", few, few, _threads, weighs=False),
        _run("async streams, 200 concurrent", few, few, _at_once, weighs=False),
    ]
    text = table(found)
    print(text)
    if "--write-docs" in arguments:
        check_table(PAGE, BEGIN, text, END, write=True)
    return 1 if any(each.wrong for each in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
