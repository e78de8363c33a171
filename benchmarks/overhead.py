"""Prints the CPU time that the instrumentation adds to a call, with an in-memory transport.

usage: overhead.py [TURNS]

Batches with the instrumentation off and on alternate, so that the machine's load affects both alike. The output is the
median of the differences in microseconds. Use the figures to compare two versions of this project on one machine; no
test depends on them.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.simulator import CANNED_REPLIES, CannedReply, Chat

httpx: Any = sys.modules["httpx2" if "httpx2" in sys.modules else "httpx"]
PROVIDERS = {
    "tracer_provider": TracerProvider(shutdown_on_exit=False),
    "meter_provider": MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False),
}
HUNDRED = CannedReply(deltas=tuple({"content": "word "} for _ in range(100)), usage=CANNED_REPLIES["hello"].usage)


def client_of(canned: CannedReply, host: str = "openrouter.ai", *, stream: bool = False) -> openai.OpenAI:
    """Return a client that receives *canned* for each call."""
    reply = canned.reply(Chat(), stream=stream)
    body = b"".join(piece for piece in reply.pieces if isinstance(piece, bytes))

    def respond(_: Any) -> Any:
        return httpx.Response(200, headers={"content-type": reply.content_type}, content=body)

    transport = httpx.Client(transport=httpx.MockTransport(respond))
    return openai.OpenAI(api_key="k", base_url=f"https://{host}/api/v1", http_client=transport, max_retries=0)


CONVERSATION: Any = [{"role": role, "content": "Some words in a turn. " * 20} for role in ("user", "assistant") * 5]


def long_call(client: openai.OpenAI) -> None:
    """Make one plain call with a conversation of ten turns."""
    client.chat.completions.create(model="m", messages=CONVERSATION, temperature=0.2)


def plain_call(client: openai.OpenAI) -> None:
    """Make one plain call."""
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}], temperature=0.2)


def streamed_call(client: openai.OpenAI) -> None:
    """Read one stream to its end."""
    for _ in client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}], stream=True):
        pass


def added(call: Callable[[], None], turns: int, batch: int, **options: Any) -> tuple[float, float]:
    """Return the microseconds of an uninstrumented call, and those that the instrumentation adds."""

    def timed() -> float:
        started = time.process_time()
        for _ in range(batch):
            call()
        return (time.process_time() - started) / batch * 1e6

    timed()
    gc.collect()
    gc.freeze()
    bare: list[float] = []
    differences: list[float] = []
    for _ in range(turns):
        bare.append(timed())
        OpenRouterInstrumentor().instrument(skip_dep_check=True, **PROVIDERS, **options)
        call()
        differences.append(timed() - bare[-1])
        OpenRouterInstrumentor().uninstrument()
    return statistics.median(bare), statistics.median(differences)


def main() -> None:
    """Measure and print."""
    turns = int(sys.argv[1]) if sys.argv[1:] else 60
    chat, hundred = client_of(CANNED_REPLIES["hello"]), client_of(HUNDRED, stream=True)
    elsewhere = client_of(CANNED_REPLIES["hello"], "api.openai.com")
    captured: dict[str, Any] = {"capture_content": "span_only"}
    rows: list[tuple[str, Callable[[], None], int, dict[str, Any]]] = [
        ("plain call", lambda: plain_call(chat), 20, {}),
        ("conversation", lambda: long_call(chat), 20, {}),
        ("conversation, captured", lambda: long_call(chat), 20, captured),
        ("stream of 100 chunks", lambda: streamed_call(hundred), 3, {}),
        ("stream, captured", lambda: streamed_call(hundred), 3, captured),
        ("client of another host", lambda: plain_call(elsewhere), 20, {}),
    ]
    for name, call, batch, options in rows:
        bare, overhead = added(call, turns, batch, **options)
        print(f"{name:24} uninstrumented {bare:7.0f} us   added {overhead:7.1f} us")


if __name__ == "__main__":
    main()
